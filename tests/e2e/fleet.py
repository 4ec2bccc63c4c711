"""A project whose manifests are commits, and `run` that follows them."""

import yaml

from tests.e2e.project import Json, Project
from tests.support.process import Running
from tests.support.repository import Repository


class Fleet:
    """A project in a git repository of its own. `url` is where `run` finds it: a path at first.

    `config` is the operator's configuration, for what the address and flags cannot say.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.repository = Repository(project.source)
        self.url = f"file://{project.source}"
        self.config: Json = {}

    def commit(self, *manifests: Json) -> str:
        """Write manifests, each in a file of its own name; return the commit."""
        self.project.declare(*manifests)
        return self.repository.commit()

    def follow(self, *args: str) -> Running:
        """Begin to follow it by its address and flags alone."""
        return self.project.run(self.url, *(args or ("--interval", "500ms")))

    def follow_as(self, **source: object) -> Running:
        """Begin to follow it as an entry of the operator's configuration says."""
        return self.project.run(*self.described(**source))

    def described(self, **source: object) -> tuple[str, ...]:
        """Write an operator's configuration with an entry for it; return how `run` is told."""
        entry = {"name": self.project.name, "url": self.url, "interval": "1s", **source}
        config = self.project.home / "config.yaml"
        config.write_text(yaml.safe_dump({**self.config, "sources": [entry]}))
        return self.url, "--config", str(config)

    def told(self, *levels: str) -> list[str]:
        """Return what the event log says of the source at these levels, oldest first."""
        said = (e for e in self.project.events() if e["kind"] in {"source", "refused"})
        return [str(entry["message"]) for entry in said if entry["level"] in levels]
