"""A project on four real engines, each reached in another way, as its user and others see it."""

from collections import Counter
from pathlib import Path

from tests.e2e.project import Json, Project
from tests.support.docker import Outside
from tests.support.nodes import NAMES, Nodes


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

    def count_but(self, node: str) -> int:
        """Return how many instances run on the nodes other than this one."""
        return sum(sum(self.on_others(task, node)) for task in ("web", "work"))

    def settled(self, counts: dict[str, int]) -> bool:
        """Whether of each task every instance runs once, and is said to."""
        if any(sum(self.where(task).values()) != count for task, count in counts.items()):
            return False
        return all(self.project.states(t) == ["Running"] * n for t, n in counts.items())

    def order(self, *words: str, code: int = 0) -> None:
        """Say something about a node."""
        self.project.reconciler("nodes", *words).ends(code)

    def version(self) -> str:
        """Return the version of the engines."""
        return str(self.views["n4"].client.version()["Version"])

    def shown(self) -> dict[str, Json]:
        """Return what `nodes` says of each."""
        told = self.project.reconciler_json("nodes")["nodes"]
        return {node["name"]: node for node in told}

    def close(self) -> None:
        self.project.reconciler.close()
        for view in self.views.values():
            view.close()
