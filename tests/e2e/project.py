"""One user's project: a folder of manifests, a state folder, and the engine as seen by others."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml

from tests.support.docker import Outside
from tests.support.engines import DEFAULT, IMAGE, SOCKET, new_project
from tests.support.process import Done, Reconciler, Running, eventually

Json = dict[str, Any]
SLEEP = "exec sleep 600"


def task(name: str, script: str = SLEEP, *, image: str = IMAGE, **spec: Any) -> Json:  # noqa: ANN401
    """Return a Task's manifest: a shell script in instances, and whatever else `spec` says."""
    container = {"image": image, "command": ["sh", "-c", script], **spec.pop("container", {})}
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Task",
        "metadata": {"name": name},
        "spec": {"profile": "docker-batch", **spec, "container": container},
    }


def service(name: str, script: str = SLEEP, **spec: Any) -> Json:  # noqa: ANN401
    """Return the manifest of a task that runs for ever and stops at once when told to."""
    container = {"stop": {"grace": "2s"}, "network": "none", **spec.pop("container", {})}
    return task(name, script, profile="docker-service", container=container, **spec)


class Project:
    """Everything that a test of the whole product needs, on this machine's engine or another."""

    def __init__(self, home: Path, url: str = SOCKET) -> None:
        self.name = new_project()
        self.home = home
        self.source = home / "source"
        self.source.mkdir()
        self.state = home / "state"
        notes = home / "notes"
        notes.mkdir()
        self.reconciler = Reconciler(self.source, self.state, notes)
        if url != DEFAULT:
            self.reconciler.env["DOCKER_HOST"] = url
        self.engine = Outside(self.name, url)
        self.write("reconciler.yaml", f"project: {self.name}\n")

    # --- manifests -----------------------------------------------------------------------------

    def write(self, path: str, content: str | Json) -> Path:
        """Save a manifest as editors do: completely or not at all."""
        file = self.source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = dedent(content) if isinstance(content, str) else yaml.safe_dump(content)
        draft = file.with_name(f".{file.name}.draft")
        draft.write_text(text)
        draft.replace(file)
        return file

    def declare(self, *manifests: Json) -> None:
        """Save each manifest in a file of its own name."""
        for manifest in manifests:
            self.write(f"{manifest['metadata']['name']}.yaml", manifest)

    def forget(self, *names: str) -> None:
        """Delete manifests by name."""
        for name in names:
            (self.source / f"{name}.yaml").unlink()

    # --- verbs ---------------------------------------------------------------------------------

    def plain(self, *args: str, code: int = 0) -> Done:
        """Run a verb that knows no state folder."""
        return self.reconciler(*args, stateless=True).ends(code)

    def init(self, folder: str, code: int = 0) -> Done:
        return self.plain("init", folder, code=code)

    def reconciler_json(self, *args: str) -> Any:  # noqa: ANN401  # JSON
        """Return what a verb prints for machines."""
        stateless = args[0] == "profiles"
        return self.reconciler(*args, "--format", "json", stateless=stateless).ends(0).json()

    def apply(self, *args: str, code: int = 0) -> Done:
        return self.reconciler("apply", *args).ends(code)

    def plan(self, *args: str) -> Json:
        planned: Json = self.reconciler("plan", "--format", "json", *args).json()
        return planned

    def planned(self) -> list[tuple[str, str]]:
        """Return (verb, container or image) of what would be done now."""
        return [
            (a["verb"], a["container"] or a["image"])
            for a in self.plan()["actions"]
            if a["when"] == "now"
        ]

    def run(self, *args: str) -> Running:
        """Begin `run`, and return once it has begun to look after things."""
        running = self.reconciler.start("run", *args)
        eventually(
            lambda: self.writer() == running.pid or not running.alive, "run to hold the lock"
        )
        assert running.alive, running.err
        return running

    def writer(self) -> int | None:
        """Return the process that says it writes."""
        lock = self.state / "lock"
        said = yaml.safe_load(lock.read_text()) if lock.exists() else None
        return int(said["pid"]) if said else None

    def status(self, task: str) -> Json:
        """Return what `status` says of a task."""
        told = self.reconciler("status", "--format", "json").json()
        found = next((t for t in told["tasks"] if t["name"] == task), None)
        return found or {"state": None, "instances": []}

    def states(self, task: str) -> list[str]:
        """Return the states of a task's instances."""
        return [instance["state"] for instance in self.status(task)["instances"]]

    def await_states(self, task: str, *states: str) -> None:
        """Wait until `status` says these states of a task's instances."""
        look = lambda: self.states(task) == [*states]  # noqa: E731  # said twice
        eventually(look, f"{task} is {states}", pause=0.3)

    def events(self) -> list[Json]:
        """Return the event log, oldest first."""
        return self.reconciler("events", "--format", "json", "--tail", "100000").ends(0).lines()

    def close(self) -> None:
        self.reconciler.close()
        self.engine.close()
