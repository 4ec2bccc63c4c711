"""A whole reconciler from manifests on, on a simulated machine: what incidents are played on."""

from collections.abc import Mapping
from textwrap import dedent

from reconciler import manifests
from reconciler.model.action import Action
from reconciler.model.catalog import Catalog
from tests.support.lab import Lab


class Fleet:
    """Commits of manifests, as files, and what comes of them."""

    def __init__(self) -> None:
        self.lab = Lab()
        self.lab.world.images["busybox:2"] = "sha256:b2"
        self.commits = 0

    def commit(self, files: Mapping[str, str]) -> list[Action]:
        """Put a revision in force, unless it is invalid, and return what was done for it."""
        catalog = self.read(files)
        if catalog.desired is None:
            return []
        self.lab.desired = catalog.desired
        self.lab.core.set_desired(catalog.desired)
        return self.lab.settle()

    def read(self, files: Mapping[str, str]) -> Catalog:
        self.commits += 1
        encoded = {path: dedent(text).encode() for path, text in files.items()}
        return manifests.load(encoded, project="demo", revision=f"c{self.commits}")

    def starts(self, task: str) -> list[str]:
        """Return the names of the task's containers that have been started, in order."""
        return [n for n in self.lab.world.journal.starts if n.startswith(f"demo.{task}.")]


def task(name: str, *spec: str, profile: str = "docker-batch", meta: str = "") -> str:
    """Return a task's manifest; `spec` are further lines of it."""
    lines = [
        "apiVersion: reconciler/v1",
        "kind: Task",
        f"metadata: {{name: {name}{meta}}}",
        "spec:",
        f"  profile: {profile}",
        "  constants: {DOCKER_REPO: busybox, DOCKER_TAG: stable}",
        *(f"  {line}" for line in spec),
    ]
    return "\n".join(lines) + "\n"


def service(name: str, *spec: str, tag: str = "stable") -> str:
    """Return a service's manifest."""
    text = task(name, *spec, profile="docker-service")
    return text.replace("DOCKER_TAG: stable", f"DOCKER_TAG: '{tag}'")
