"""A project to measure with: its folder, its state, and the reconciler at work on it."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.controller.core import Core
from reconciler.controller.inline import Inline
from reconciler.controller.writing import Options, Writer, read, writer
from reconciler.engines.docker import open_engine
from reconciler.engines.docker.create import config_of
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.model.desired import Desired
from reconciler.model.policy import FOLDER
from reconciler.sources.folder import FolderSource
from tests.benchmarks.bench import IMAGE, PATIENCE, SOCKET, Bench, new_name, project_label
from tests.support.lab import MemoryRecord

TASK = "sleep"
Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Project:
    """One task under a name of its own, of sleepers or of what else `command` says."""

    bench: Bench
    name: str
    network: str
    profile: str
    command: str
    restart: str
    ttl: str

    @property
    def label(self) -> str:
        """The label filter for all that is this project's."""
        return project_label(self.name)

    @property
    def folder(self) -> Path:
        """Where its manifests are."""
        return self.bench.scratch / self.name / "source"

    @property
    def state(self) -> Path:
        """Where its ledger is."""
        return self.bench.scratch / self.name / "state"

    def save(self, instances: int) -> None:
        """Write the task's manifest, in place as a plain editor does."""
        spec = {
            "profile": self.profile,
            "restart": self.restart,
            "instances": instances,
            "constants": {
                "DOCKER_REPO": IMAGE.partition(":")[0],
                "DOCKER_TAG": IMAGE.partition(":")[2],
                "DOCKER_CMD": self.command,
            },
            "container": {"network": self.network},
            **({"ttl": self.ttl} if self.ttl else {}),
        }
        self.write("sleep.yaml", {"kind": "Task", "metadata": {"name": TASK}, "spec": spec})

    def desired(self) -> Desired:
        """Return what the folder asks for."""
        _, catalog = read(FolderSource(self.folder), self.name, FOLDER)
        assert catalog.desired is not None, catalog.problems
        return catalog.desired

    def configs(self) -> list[tuple[str, Config, str]]:
        """Return the create calls that the reconciler would make: name, body, engine's address."""
        desired = self.desired()
        engines = {name: SimulatedEngine(_world(name)) for name in desired.nodes}
        actions = Inline(Core(desired, MemoryRecord(), time.time), engines).settle()
        return [
            (a.request.name, config_of(a.request), desired.nodes[a.node].endpoint or SOCKET)
            for a in actions
            if a.request
        ]

    def line(self, verb: str) -> list[str]:
        """Return the command line of a verb on this project."""
        return [self.bench.command, verb, str(self.folder), "--state", str(self.state)]

    def apply(self, *options: str) -> None:
        """Run a whole `reconciler apply`."""
        run([*self.line("apply"), *options])

    @contextmanager
    def opened(self) -> Iterator[Writer]:
        """Open the session that `apply` opens, in this process."""
        options = Options(
            verb="apply", state=self.state, open_engine=lambda n: open_engine(n.name, n.endpoint)
        )
        with writer(FolderSource(self.folder), self.desired(), options) as session:
            yield session

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Have a `reconciler run` keep the project for the length of a block."""
        log = self.folder.parent / "run.log"
        with log.open("w") as out:
            process = subprocess.Popen(self.line("run"), stdout=out, stderr=out)
        try:
            yield
        except TimeoutError as error:
            error.add_note(
                f"`reconciler run` ({process.poll()}) said last:\n{log.read_text()[-2000:]}"
            )
            raise
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)

    def write(self, file: str, manifest: Mapping[str, object]) -> None:
        """Write a manifest, all but its version."""
        whole = {"apiVersion": "reconciler/v1", **manifest}
        (self.folder / file).write_text(json.dumps(whole, indent=2))


@contextmanager
def project(  # what a task says, each part of it named
    bench: Bench,
    instances: int,
    network: str = "none",
    profile: str = "docker-batch",
    *,
    command: str = "sleep 100000",
    restart: str = "always",
    ttl: str = "",
) -> Iterator[Project]:
    """Make a project, and remove all that became of it."""
    made = Project(bench, new_name(), network, profile, command, restart, ttl)
    made.folder.mkdir(parents=True)
    (made.folder / "reconciler.yaml").write_text(f"project: {made.name}\n")
    made.save(instances)
    with bench.cleared(made.label):
        yield made


def _world(node: str) -> World:
    world = World(node, time.time)
    world.images[IMAGE] = IMAGE
    return world


def run(command: list[str], stdin: str = "") -> str:
    """Run a program to its good end; return what it printed."""
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    if done.returncode:
        message = f"{' '.join(command)} failed with {done.returncode}: {done.stderr or done.stdout}"
        raise RuntimeError(message)
    return done.stdout
