"""`--nodes` on four real engines: the hosts that are listed are the nodes, and no others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Project, service, task
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


class Allocation:
    """A project, a list of hosts that somebody writes, and engines at sockets by their names."""

    def __init__(self, home: Path, nodes: Nodes, sockets: Path) -> None:
        self.nodes = nodes
        self.project = Project(home, nodes.engines["n4"].url)
        self.file = home / "hosts"
        self._env = self.project.reconciler.env
        self._env["RECONCILER_NODES_ENDPOINT"] = f"unix://{sockets}/{{host}}"
        name = self.project.name
        self.views = {node: Outside(name, made.url) for node, made in nodes.engines.items()}

    def by_tls(self) -> None:
        """Have hosts reached over TCP, with the operator's files."""
        tls = self.nodes.tls("n1")
        self._env["RECONCILER_NODES_ENDPOINT"] = "tcp://{host}:2376"
        self._env |= {f"RECONCILER_NODES_TLS_{n.upper()}": path for n, path in tls.items()}

    def by_ssh(self) -> None:
        """Have hosts reached through ssh, with the operator's configuration of it."""
        socket = self.nodes.endpoint("n3").partition("@")[2]
        self._env["RECONCILER_SSH_CONFIG"] = str(self.nodes.config)
        port, _, path = socket.partition(":")[2].partition("/")
        self._env["RECONCILER_NODES_ENDPOINT"] = f"ssh://root@{{host}}:{port}/{path}"

    def list(self, *hosts: str) -> tuple[str, str]:
        """Write the list of hosts; return how a verb is told of it."""
        self.file.write_text("".join(f"{host}\n" for host in hosts))
        return "--nodes", str(self.file)

    def where(self, name: str = "") -> dict[str, int]:
        """Return how many instances run on each engine that has any."""
        found = {node: len(view.running(name)) for node, view in self.views.items()}
        return {node: count for node, count in found.items() if count}

    def known(self) -> dict[str, tuple[str, bool]]:
        """Return state, and whether it is declared, of each node that `nodes` shows."""
        told = self.project.reconciler_json("nodes")["nodes"]
        return {node["name"]: (node["state"], node["declared"]) for node in told}


@pytest.fixture
def allocation(
    tmp_path: Path, nodes: Nodes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Allocation]:
    sockets = nodes.engines["n4"].folder / tmp_path.name[:16]  # short, as paths of sockets are
    sockets.mkdir()
    for name in NAMES:
        (sockets / name).symlink_to(nodes.engines[name].url.removeprefix("unix://"))
    made = Allocation(tmp_path, nodes, sockets)
    try:
        yield made
    finally:
        made.project.close()
        for view in made.views.values():
            view.close()


READY = ("Ready", True)


def test_hosts_count_and_declared_nodes_do_not(allocation: Allocation) -> None:
    project = allocation.project
    project.declare(allocation.nodes.manifest("n4"), task("work", instances=6))
    project.apply(*allocation.list("n1", "n2", "n3"))
    assert allocation.where() == {"n1": 2, "n2": 2, "n3": 2}
    assert allocation.known() == {"n1": READY, "n2": READY, "n3": READY}
    assert {i["node"] for i in project.status("work")["instances"]} == {"n1", "n2", "n3"}
    planned = project.plan("--nodes", str(allocation.file))["actions"]
    assert [action for action in planned if action["when"] == "now"] == []
    project.reconciler("destroy", "--yes").ends(0)
    assert allocation.where() == {}


def test_hosts_over_tls_and_ssh_with_what_the_operator_has(allocation: Allocation) -> None:
    project, address = allocation.project, allocation.nodes.address
    project.declare(task("work", "true", instances=4))
    allocation.by_tls()
    project.apply("--wait", *allocation.list(address("n1"), address("n2")))
    names = {address(name).replace(".", "-") for name in ("n1", "n2")}
    assert {i["node"] for i in project.status("work")["instances"]} == names
    allocation.by_ssh()
    project.declare(task("more", "true", instances=2))
    project.reconciler.env = {k: v for k, v in project.reconciler.env.items() if "_TLS_" not in k}
    project.apply("--wait", *allocation.list(address("n3")))
    assert {i["node"] for i in project.status("more")["instances"]} == {
        address("n3").replace(".", "-")
    }


def test_a_host_that_leaves_is_emptied_and_let_go(allocation: Allocation) -> None:
    project = allocation.project
    project.declare(task("work", instances=4), service("web", instances=2))
    running = project.run(*allocation.list("n1", "n2"))
    eventually(lambda: allocation.where() == {"n1": 3, "n2": 3}, "all to run")
    running.terminate().ends(0)
    running = project.run(*allocation.list("n2", "n3"))
    eventually(lambda: allocation.where("web") == {"n2": 1, "n3": 1}, "the service to move")
    assert allocation.where("work") == {"n1": 2, "n2": 2}
    assert allocation.known() == {"n1": ("Draining", False), "n2": READY, "n3": READY}
    for name in allocation.views["n1"].running("work"):
        allocation.views["n1"].kill(name)
    eventually(lambda: set(allocation.known()) == {"n2", "n3"}, "n1 to be let go", pause=0.5)
    running.terminate().ends(0)


def test_without_a_list_the_declared_nodes_count_again(allocation: Allocation) -> None:
    project = allocation.project
    project.declare(allocation.nodes.manifest("n4"), service("web", instances=1))
    project.apply("--wait", *allocation.list("n1"))
    assert allocation.where() == {"n1": 1}
    running = project.run()
    eventually(lambda: allocation.where() == {"n4": 1}, "the service to move")
    eventually(lambda: not allocation.views["n1"].ids(), "the old one to be removed")
    running.terminate().ends(0)
    said = [e["message"] for e in project.events() if e["kind"] == "hosts"]
    assert said == [
        "nodes are the hosts that are listed: n1",
        "no hosts are listed: nodes are those that are declared",
    ]


def test_pins_and_saved_plans_and_hosts(allocation: Allocation) -> None:
    project = allocation.project
    project.declare(service("web", instances=2))
    project.apply(*allocation.list("n1"))
    revision = project.reconciler_json("status")["revision"]
    project.reconciler("pin", revision).ends(0)
    project.apply("--wait", *allocation.list("n1", "n2"))
    project.declare(service("other"))
    project.apply(*allocation.list("n1", "n2"))
    assert set(allocation.known()) == {"n1", "n2"}, "a pin is of the manifests alone"
    project.reconciler("unpin").ends(0)
    saved = str(project.home / "agreed.plan")
    project.reconciler("plan", "--out", saved, *allocation.list("n1", "n2")).ends(0)
    project.apply("--plan", saved, *allocation.list("n3"), code=3)
    assert allocation.where("other") == {}
    project.apply("--plan", saved, *allocation.list("n1", "n2"))
    assert sum(allocation.where("other").values()) == 1


def test_an_allocation_that_grows_and_shrinks_under_run(allocation: Allocation) -> None:
    project = allocation.project
    project.declare(service("web", instances=2))
    running = project.run(*allocation.list("n1"))
    eventually(lambda: allocation.where() == {"n1": 2}, "both to run")
    allocation.list("n1", "n2[")
    running.says("hosts:2:1: 'n2[' is no host's name", "listed before stay")
    assert allocation.where() == {"n1": 2}
    allocation.list("n2", "n3")
    eventually(lambda: allocation.where() == {"n2": 1, "n3": 1}, "both to move", within=60)
    eventually(lambda: set(allocation.known()) == {"n2", "n3"}, "n1 to be let go", pause=0.5)
    running.terminate().ends(0)
