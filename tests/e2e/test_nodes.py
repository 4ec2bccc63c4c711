"""One project on four real engines, each reached in another way, that fail one by one."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.docker import Outside
from tests.support.nodes import NAMES, POSSIBLE, Nodes, four_nodes
from tests.support.process import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd"),
]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with four_nodes(tmp_path_factory.mktemp("nodes") / "n") as made:
        yield made


class Site:
    """A project on the four nodes, and each of them as others see it."""

    def __init__(self, home: Path, nodes: Nodes) -> None:
        self.nodes = nodes
        self.project = Project(home, nodes.engines["n4"].url)
        self.project.reconciler.env["RECONCILER_SSH_CONFIG"] = str(nodes.config)
        name = self.project.name
        self.views = {node: Outside(name, made.url) for node, made in nodes.engines.items()}

    def declare(self, *names: str, **spec: object) -> None:
        """Declare nodes, with the same labels: zone a for the first two, b for the others."""
        for name in names or NAMES:
            zone = "a" if name in {"n1", "n2"} else "b"
            self.project.declare(self.nodes.manifest(name, {"zone": zone}, **spec))

    def running(self, task: str = "") -> dict[str, list[str]]:
        """Return by node the names of the containers that run."""
        return {node: sorted(view.running(task)) for node, view in self.views.items()}

    def where(self, task: str) -> Counter[str]:
        """Return how many instances run on each node."""
        return Counter({node: len(names) for node, names in self.running(task).items() if names})

    def on_others(self, task: str, but: str = "n2") -> list[int]:
        """Return how many instances run on each node that can be asked."""
        views = (view for node, view in self.views.items() if node != but)
        return [len(view.running(task)) for view in views]

    def shown(self) -> dict[str, Json]:
        """Return what `nodes` says of each."""
        told = self.project.reconciler_json("nodes")["nodes"]
        return {node["name"]: node for node in told}

    def close(self) -> None:
        self.project.reconciler.close()
        for view in self.views.values():
            view.close()


@pytest.fixture
def site(tmp_path: Path, nodes: Nodes) -> Iterator[Site]:
    made = Site(tmp_path, nodes)
    try:
        yield made
    finally:
        made.close()


def test_instances_are_spread_over_all_by_label(site: Site) -> None:
    site.declare()
    site.project.declare(
        task("anywhere", instances=8),
        task("there", instances=4, placement={"nodes": {"zone": "a"}}),
    )
    site.project.apply()
    assert site.where("anywhere") == dict.fromkeys(NAMES, 2)
    assert site.where("there") == {"n1": 2, "n2": 2}
    assert site.project.planned() == []


def test_a_wedged_node_holds_nobody_up(site: Site) -> None:
    site.declare()
    site.project.declare(task("before", instances=4))
    running = site.project.run()
    eventually(lambda: site.where("before") == dict.fromkeys(NAMES, 1), "one on each")
    site.nodes.engines["n2"].wedge()
    try:
        running.says("node-lost", within=60)
        site.project.declare(task("after", instances=6))
        eventually(lambda: sum(site.on_others("after")) == 6, "the other three take all six")
        states = site.project.status("before")["instances"]
        assert Counter(i["state"] for i in states) == {"Running": 3, "Unknown": 1}
    finally:
        site.nodes.engines["n2"].unwedge()
    eventually(lambda: set(site.project.states("before")) == {"Running"}, "all to be known")
    assert site.where("before") == dict.fromkeys(NAMES, 1)
    running.terminate().ends(0)
