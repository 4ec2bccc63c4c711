"""Engines and requests for tests, and the rigs on which one suite runs on both kinds of engine."""

import io
import os
import re
import tarfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Protocol

from docker import APIClient
from docker.errors import NotFound

from reconciler.engines.accounts import Registers
from reconciler.engines.dialogue import Command, Said
from reconciler.engines.docker import open_engine
from reconciler.engines.engine import Engine, EngineEvent, EventStream, PermanentError
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.engines.simulated.execute import Reply
from reconciler.engines.staging import Entry
from reconciler.model.action import CreateRequest
from reconciler.model.hashing import shape_of, work_of
from reconciler.model.identity import (
    LABEL_ATTEMPT,
    LABEL_INSTANCE,
    LABEL_JOB,
    LABEL_PROJECT,
    LABEL_REVISION,
    LABEL_RUN,
    LABEL_SHAPE,
    LABEL_TASK,
    LABEL_WORK,
    AttemptKey,
    InstanceKey,
)
from reconciler.model.observed import Healthiness, Phase
from reconciler.model.spec import InstanceSpec
from reconciler.model.staging import SCRATCH

IMAGE = "busybox:stable"
# Where the product looks for an engine by itself.
DEFAULT = "unix:///var/run/docker.sock"
# The engine that tests share: this machine's, unless they are told of another.
SOCKET = os.environ.get("RECONCILER_TEST_ENGINE") or DEFAULT
PATIENCE = 30.0
# Whom the test image knows.
REGISTERS = Registers(
    b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    b"root:x:0:\nnobody:x:65534:\n",
)


def real_engine(node: str = "local") -> Engine:
    """Return the Docker Engine that tests share; nothing is asked of it yet."""
    return open_engine(node, SOCKET)


def simulated_engine(node: str = "local", now: float = 1_000_000.0) -> SimulatedEngine:
    """Return an engine in memory that has the test image, at a time that stands still."""
    world = World(node, lambda: now)
    world.images[IMAGE] = "sha256:" + "b" * 64
    return SimulatedEngine(world)


def make_request(
    project: str,
    task: str,
    instance: int = 0,
    run: int = 1,
    attempt: int = 1,
    scratch: bool = False,
    **spec: Any,  # noqa: ANN401
) -> CreateRequest:
    """Return a request for a container that sleeps, but for what `spec` says."""
    made = InstanceSpec(**{"image": IMAGE, "command": ("sleep", "600"), **spec})
    key = AttemptKey(InstanceKey(task, instance), run, attempt)
    return CreateRequest(
        project=project,
        attempt=key,
        image=made.image,
        env=made.env,
        labels=labels_for(project, key, made),
        spec=made,
        scratch=(SCRATCH,) if scratch else (),
    )


def labels_for(project: str, key: AttemptKey, spec: InstanceSpec) -> tuple[tuple[str, str], ...]:
    """Return the labels that a container of ours carries."""
    return (
        (LABEL_PROJECT, project),
        (LABEL_TASK, key.key.task),
        (LABEL_JOB, "some-job"),
        (LABEL_INSTANCE, str(key.key.instance)),
        (LABEL_RUN, str(key.run)),
        (LABEL_ATTEMPT, str(key.attempt)),
        (LABEL_WORK, work_of(spec).hash),
        (LABEL_SHAPE, shape_of(spec).hash),
        (LABEL_REVISION, "r1"),
    )


def new_project() -> str:
    """Return a project name that nothing else has."""
    return f"test-{uuid.uuid4().hex[:12]}"


class Held(NamedTuple):
    """A file of a container, or a folder: that has no content."""

    uid: int
    gid: int
    mode: int
    content: bytes | None


class Rig(Protocol):
    """An engine under test, and the hands of people who meddle with it."""

    engine: Engine
    project: str

    def run_by_hand(self, name: str, labels: dict[str, str] | None = None) -> str: ...
    def running(self) -> int: ...
    def kill_by_hand(self, name: str) -> None: ...
    def remove_by_hand(self, name: str) -> None: ...
    def exists(self, name: str) -> bool: ...
    def make_volume(self, name: str, labels: dict[str, str] | None = None) -> None: ...
    def make_healthy(self, name: str, health: Healthiness) -> None: ...
    def put_by_hand(self, name: str, path: str, content: bytes) -> None: ...
    def held(self, name: str, path: str) -> Held | None: ...
    def close(self) -> None: ...


class SimulatedRig:
    """A rig in memory, with a tiny shell."""

    def __init__(self) -> None:
        self.engine = simulated_engine()
        self.world = self.engine.world
        self.world.autoexit = self._execute
        self.world.answers = _answer
        self.world.missing_paths.add("/no/such/folder")
        self.world.registers = REGISTERS
        self.world.in_registry = lambda _: False
        self.project = new_project()

    def run_by_hand(self, name: str, labels: dict[str, str] | None = None) -> str:
        return self.world.run_by_hand(name, labels)

    def running(self) -> int:
        """Return how many containers run, whosever they are."""
        return sum(box.phase is Phase.RUNNING for box in self.world.boxes.values())

    def kill_by_hand(self, name: str) -> None:
        self.world.kill_by_hand(name)

    def remove_by_hand(self, name: str) -> None:
        self.world.remove_by_hand(name)

    def exists(self, name: str) -> bool:
        return name in self.world.boxes

    def make_volume(self, name: str, labels: dict[str, str] | None = None) -> None:
        self.world.volumes[name] = dict(labels or {})

    def make_healthy(self, name: str, health: Healthiness) -> None:
        self.world.become(name, health)

    def put_by_hand(self, name: str, path: str, content: bytes) -> None:
        self.world.boxes[name].staged[path] = Entry(path, 0o644, 0, 0, content)

    def held(self, name: str, path: str) -> Held | None:
        found = self.world.boxes[name].staged.get(path)
        return Held(found.uid, found.gid, found.mode, found.content) if found else None

    def close(self) -> None:
        self.engine.close()

    def _execute(self, request: CreateRequest) -> int | None:
        command = request.spec.command or ()
        if command[0].startswith("/no/such"):
            raise PermanentError(f"the image has no program {command[0]}", 127)
        if command[:2] != ("sh", "-c"):
            return None
        return self._interpret(request.name, command[2])

    def _interpret(self, name: str, script: str) -> int | None:
        if "trap '' TERM" in script:
            self.world.stubborn.add(name)
        for said in re.findall(r"echo (\w+)", script):
            self.world.say(name, f"{said}\n".encode())
        found = re.search(r"exit (\d+)", re.sub(r"trap '[^']*'", "", script))
        return int(found[1]) if found else None


def _answer(container: str, command: Command, given: bytes) -> Reply:
    """Answer for what the contract has executed, as a shell would."""
    if command.words[0].startswith("/no/such"):
        raise PermanentError(f"the image has no program {command.words[0]}", 127)
    if command.words == ("cat",):
        return Reply((Said(given),))
    script = command.words[2]
    said = [
        Said(f"{word}\n".encode(), error=bool(aside) and not command.terminal)
        for word, aside in re.findall(r"echo (\w+)( >&2)?", script)
    ]
    found = re.search(r"exit (\d+)", script)
    return Reply(tuple(said), int(found[1]) if found else None)


class DockerRig:
    """A rig on this machine's Docker Engine, or on another one whose socket is at `url` as well.

    It cleans up what its project made, and only that.
    """

    def __init__(self, engine: Engine | None = None, url: str = SOCKET) -> None:
        self.engine = engine or real_engine()
        self.project = new_project()
        self.client = APIClient(base_url=url, version="1.41", timeout=60)
        self._by_hand: list[str] = []
        self._volumes: list[str] = []

    def run_by_hand(self, name: str, labels: dict[str, str] | None = None) -> str:
        made: str = self.client.create_container(
            IMAGE, ["sleep", "600"], name=name, labels=labels or {}
        )["Id"]
        self._by_hand.append(made)
        self.client.start(made)
        return made

    def running(self) -> int:
        """Return how many containers run, whosever they are."""
        return len(self.client.containers())

    def kill_by_hand(self, name: str) -> None:
        self.client.kill(name)

    def remove_by_hand(self, name: str) -> None:
        self.client.remove_container(name, force=True)

    def exists(self, name: str) -> bool:
        try:
            self.client.inspect_container(name)
        except NotFound:
            return False
        return True

    def make_volume(self, name: str, labels: dict[str, str] | None = None) -> None:
        self.client.create_volume(name, labels=labels)
        self._volumes.append(name)

    def make_healthy(self, name: str, health: Healthiness) -> None:
        """The check itself finds out."""

    def put_by_hand(self, name: str, path: str, content: bytes) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            header = tarfile.TarInfo(path.lstrip("/"))
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
        self.client.put_archive(name, "/", packed.getvalue())

    def held(self, name: str, path: str) -> Held | None:
        try:
            stream, _ = self.client.get_archive(name, path)
        except NotFound:
            return None
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
            first = archive.getmembers()[0]
            inside = archive.extractfile(first)
            content = inside.read() if inside else None
            return Held(first.uid, first.gid, first.mode & 0o7777, content)

    def close(self) -> None:
        mine = {"label": f"{LABEL_PROJECT}={self.project}"}
        made = [entry["Id"] for entry in self.client.containers(all=True, filters=mine)]
        for container in [*made, *self._by_hand]:
            with suppress(NotFound):
                self.client.remove_container(container, v=True, force=True)
        for network in self.client.networks(filters=mine):
            self.client.remove_network(network["Id"])
        volumes = [v["Name"] for v in self.client.volumes(filters=mine)["Volumes"] or ()]
        for volume in [*volumes, *self._volumes]:
            with suppress(NotFound):
                self.client.remove_volume(volume)
        self.client.close()
        self.engine.close()


class Watch:
    """An event stream that a test waits on, with patience but not for ever."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._events = iter(stream)
        self.seen: list[EngineEvent] = []

    def until(self, action: str, name: str = "") -> EngineEvent:
        """Return the next event of a kind (for a name)."""
        alarm = threading.Timer(PATIENCE, self._stream.close)
        alarm.start()
        try:
            for event in self._events:
                self.seen.append(event)
                if event.action == action and name in {"", event.name}:
                    return event
        finally:
            alarm.cancel()
            alarm.join()
        raise AssertionError(f"no {action} of {name} within {PATIENCE} s; saw {self.seen}")


@contextmanager
def watching(engine: Engine, project: str) -> Iterator[Watch]:
    """Watch a project's events for the length of a block."""
    stream = engine.events(project)
    try:
        yield Watch(stream)
    finally:
        stream.close()
