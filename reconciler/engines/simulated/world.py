"""The machine behind a simulated engine, and fate: what happens without the reconciler.

It holds containers, images and volumes. Programs end, people interfere, engines die. It
survives the engine objects that look at it, as a node survives a reconciler. It is
deterministic: ids are counted, and time is what the owner's clock says.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable
from signal import SIGKILL, SIGTERM
from typing import Literal

from reconciler.engines.accounts import Registers
from reconciler.engines.engine import EngineError, EngineEvent, EngineInfo, UnreachableError
from reconciler.engines.ownership import claim_name
from reconciler.engines.simulated.box import Box, Hoard
from reconciler.engines.simulated.events import Ring
from reconciler.engines.simulated.execute import Answers, silent
from reconciler.engines.simulated.journal import Journal
from reconciler.model.action import CreateRequest
from reconciler.model.claim import Taken, labels_of
from reconciler.model.data import Stored
from reconciler.model.identity import (
    LABEL_ATTEMPT,
    LABEL_INSTANCE,
    LABEL_JOB,
    LABEL_PROJECT,
    LABEL_REVISION,
    LABEL_RUN,
    LABEL_SECRETS,
    LABEL_SHAPE,
    LABEL_TASK,
    LABEL_VALUES,
    LABEL_WORK,
    parse_container_name,
)
from reconciler.model.observed import Container, Healthiness, Phase, Usage

When = Literal["before", "after"]
Faults = Callable[[str, str, When], Exception | None]
# What a program does at once: None runs on, a number exits with it, an error never starts.
Program = Callable[[CreateRequest], int | None]
Manner = Literal["crash", "kill", "stop"]
KILLED = 137


def _no_fault(call: str, subject: str, when: When) -> Exception | None:  # noqa: ARG001
    return None


def _runs_on(request: CreateRequest) -> int | None:  # noqa: ARG001
    return None


class World:
    """One machine. Everything public may be changed by whoever plays fate."""

    def __init__(self, node: str, clock: Callable[[], float]) -> None:
        """An empty machine, whose registry has every image."""
        self.node = node
        self.clock = clock
        self.changed = threading.Condition()
        self.journal = Journal()
        self.ring = Ring(self.changed)
        self.info = EngineInfo("simulated", cpus=8, memory=32 * 2**30)
        self.boxes: dict[str, Box] = {}
        self.others = Taken()  # what is taken by whatever is not shown here
        self.volumes: dict[str, dict[str, str]] = {}
        self.networks: dict[str, dict[str, str]] = {}  # name → labels
        self.data: dict[tuple[str, str], Hoard] = {}  # project and key → what is kept
        self.images: dict[str, str] = {}  # reference → what to create from
        self.in_registry: Callable[[str], bool] = lambda _: True
        self.tags: dict[str, str] = {}  # image → digest, where its registry has a certain one
        self.registers: Registers | None = None  # whom images know; None: anybody by name
        self.missing_paths: set[str] = set()
        self.stubborn: set[str] = set()  # programs, by container name, that ignore signals
        self.autoexit: Program = _runs_on
        self.answers: Answers = silent  # what programs say that are executed
        self.faults: Faults = _no_fault
        self.wedged = False  # lists answer, everything that takes a lock hangs
        self.unreachable = False
        # What tells one life of the engine from the next, empty where it does not say.
        self.era = f"{node}-1"
        self._eras = 1
        self._count = 0
        self._hoards = 0
        self._seeded: set[str] = set()

    # --- what programs do --------------------------------------------------------------------

    def finish(self, name: str, exit_code: int = 0, *, oom: bool = False) -> None:
        """Let a running program end."""
        with self.changed:
            box = self.boxes[name]
            if box.phase is not Phase.RUNNING:
                raise ValueError(f"{name} is not running")
            if exit_code == 0:
                self.journal.done.add(name)
            if oom:
                box.oom = True
                self.tell(box, "oom")
            self._die(box, exit_code)

    def say(self, name: str, output: bytes) -> None:
        """Let a program print something."""
        with self.changed:
            self.boxes[name].output += output
            self.changed.notify_all()

    def use(self, name: str, usage: Usage) -> None:
        """Let a program use processor and memory."""
        with self.changed:
            self.boxes[name].usage = usage

    def become(self, name: str, health: Healthiness) -> None:
        """Let a health check find out."""
        with self.changed:
            box = self.boxes[name]
            box.health = health
            self.tell(box, f"health_status: {health}")

    # --- what people do ----------------------------------------------------------------------

    def kill_by_hand(self, name: str) -> None:
        """Do `docker kill`."""
        with self.changed:
            self.tell(self.boxes[name], "kill", signal=SIGKILL)
            self.finish(name, KILLED)

    def stop_by_hand(self, name: str, exit_code: int = 0) -> None:
        """Do `docker stop`, on which the program exits."""
        with self.changed:
            self._told_to_end(self.boxes[name], exit_code)

    def remove_by_hand(self, name: str) -> None:
        """Do `docker rm -f`."""
        with self.changed:
            box = self.boxes[name]
            if box.phase is Phase.RUNNING:
                self.kill_by_hand(name)
            self.discard(box)

    def run_by_hand(self, name: str, labels: dict[str, str] | None = None) -> str:
        """Do `docker run`, with whatever labels, and return the container's id."""
        with self.changed:
            box = Box(self.next_id(), name, dict(labels or {}), "sha256:foreign")
            box.phase, box.started_at = Phase.RUNNING, self.clock()
            self.boxes[name] = box
            self.tell(box, "create")
            self.tell(box, "start")
            return box.id

    def seed(self, containers: Iterable[Container]) -> None:
        """Put containers there as an engine showed them, so as to try something on a copy."""
        with self.changed:
            for container in containers:
                self.boxes[container.name] = _box_of(container)
                self._seeded.add(container.id)

    # --- what machines do --------------------------------------------------------------------

    def restart(self, exit_code: int = 255, manner: Manner = "crash") -> None:
        """Let the engine end and come back, and with it all that ran.

        Crash: the machine died, and the engine makes up an exit code for what it does not find any
        more. Kill: it finds its containers when it comes back, and ends them then. Stop: it ends
        them before it goes.
        """
        with self.changed:
            running = [box for box in self.boxes.values() if box.phase is Phase.RUNNING]
            if manner == "stop":
                self._end_all(running, exit_code)
            self.ring.drop()
            self._eras += 1
            self.era = f"{self.node}-{self._eras}"
            if manner == "kill":
                self._end_all(running, exit_code)
            for box in running:
                if box.phase is Phase.RUNNING:
                    self._end(box, exit_code)
            self.changed.notify_all()

    # --- for the engine, which holds the lock ------------------------------------------------

    def next_id(self) -> str:
        """Return an id such as an engine gives."""
        while True:
            self._count += 1
            fresh = hashlib.sha256(f"{self.node}/{self._count}".encode()).hexdigest()
            if fresh not in self._seeded:
                return fresh

    def hoard(self, project: str, data: Stored, files: dict[str, bytes]) -> None:
        """Keep data, unless there are such already."""
        self._hoards += 1
        since = Stored(data.key, data.size, data.files, self.clock())
        self.data.setdefault((project, data.key), Hoard(self._hoards, since, files))

    def find(self, container: str) -> Box | None:
        """Return a container of ours by name or id."""
        box = self.boxes.get(container)
        if box is None:
            box = next((b for b in self.boxes.values() if b.id == container), None)
        return box if box is not None and box.ours else None

    def begin(self, box: Box) -> None:
        """Start a program, which may end or fail at once."""
        try:
            code = self.autoexit(box.request) if box.request else None
        except EngineError as error:
            box.error = str(error)
            raise
        box.phase, box.started_at, box.error = Phase.RUNNING, self.clock(), ""
        box.exit_code, box.finished_at, box.oom = None, 0.0, False
        checked = box.request and box.request.spec.health.command
        box.health = "starting" if checked else ""
        self.journal.starts.append(box.name)
        self.tell(box, "start")
        if code is not None:
            self.finish(box.name, code)

    def discard(self, box: Box) -> None:
        """Remove a container that is not running."""
        del self.boxes[box.name]
        self.tell(box, "destroy")

    def tell(
        self, box: Box, action: str, exit_code: int | None = None, signal: int | None = None
    ) -> None:
        """Tell a container's event."""
        project = box.labels.get(LABEL_PROJECT, "")
        at = self.clock()
        event = EngineEvent("container", action, box.id, box.name, at, exit_code, signal)
        self.ring.tell(project, event)
        self.changed.notify_all()

    def tell_claim(self, project: str, action: str) -> None:
        """Tell an event of a project's claim."""
        name = claim_name(project)
        self.ring.tell(project, EngineEvent("volume", action, name, name, self.clock()))

    def check_reachable(self, *, locks: bool) -> None:
        """Raise UnreachableError where a call would get no answer."""
        if self.unreachable:
            raise UnreachableError(f"no Docker Engine answers on {self.node}")
        if self.wedged and locks:
            raise UnreachableError(f"the engine on {self.node} did not answer in time")

    def _end_all(self, boxes: Iterable[Box], exit_code: int) -> None:
        for box in boxes:
            self._told_to_end(box, exit_code)

    def _told_to_end(self, box: Box, exit_code: int) -> None:
        self.tell(box, "kill", signal=SIGTERM)
        self._die(box, exit_code)

    def _die(self, box: Box, exit_code: int) -> None:
        self._end(box, exit_code)
        self.tell(box, "die", exit_code)

    def _end(self, box: Box, exit_code: int) -> None:
        box.phase, box.exit_code, box.finished_at = Phase.EXITED, exit_code, self.clock()


def _box_of(container: Container) -> Box:
    parsed = parse_container_name(container.name)
    if parsed is None:
        raise ValueError(f"{container.name} is not a name of ours")
    labels = {
        LABEL_PROJECT: parsed[0],
        LABEL_TASK: container.key.task,
        LABEL_INSTANCE: str(container.key.instance),
        LABEL_RUN: str(container.run),
        LABEL_ATTEMPT: str(container.attempt),
        LABEL_WORK: container.work,
        LABEL_SHAPE: container.shape,
        LABEL_JOB: container.job,
        LABEL_REVISION: container.revision,
        LABEL_VALUES: container.values,
        LABEL_SECRETS: container.secrets,
        **labels_of(container.claim),
    }
    box = Box(container.id, container.name, labels, container.image_id, phase=container.phase)
    box.health, box.exit_code = container.health, container.exit_code
    return box
