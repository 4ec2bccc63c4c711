"""The simulated engine: the common face over a World, with a real engine's refusals.

Every call can be refused, or its answer lost, by the world's faults.
"""

import signal as signals
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from msgspec.structs import replace

from reconciler.engines.dialogue import Command
from reconciler.engines.engine import (
    EngineInfo,
    PermanentError,
    TransientError,
)
from reconciler.engines.folders import FolderFile
from reconciler.engines.simulated.attach import SimulatedAttachment, attach
from reconciler.engines.simulated.box import Box
from reconciler.engines.simulated.create import create
from reconciler.engines.simulated.events import SimulatedEvents
from reconciler.engines.simulated.execute import SimulatedDialogue, execute
from reconciler.engines.simulated.folders import files_below
from reconciler.engines.simulated.images import Images
from reconciler.engines.simulated.output import follow
from reconciler.engines.simulated.staging import stage
from reconciler.model.action import CreateRequest
from reconciler.model.claim import Taken, claim_in
from reconciler.model.identity import LABEL_PROJECT
from reconciler.model.observed import Container, ContainerDetail, Phase, Published, Usage
from reconciler.model.staging import Staging

_OVERLAP: Final = 1.0
_SIGNALLED: Final = 128
_FIRST_PORT: Final = 32768
_HARMLESS: Final = frozenset({signals.SIGCHLD, signals.SIGCONT, signals.SIGURG, signals.SIGWINCH})


class SimulatedEngine(Images):
    """A simulated engine, usable from any thread."""

    def info(self) -> EngineInfo:
        """Return what the world says of itself."""
        return self._read("info", "", lambda: self.world.info, locks=True)

    def era(self) -> str:
        """Return which life of the engine this is."""
        return self._read("era", "", lambda: self.world.era, locks=True)

    def list(self, project: str) -> tuple[Container, ...]:
        """Return the project's containers, newest first."""

        def ask() -> Iterable[Container]:
            boxes = [b for b in self.world.boxes.values() if b.labels.get(LABEL_PROJECT) == project]
            return [box.shown(self.node) for box in reversed(boxes) if box.ours]

        return tuple(self._read("list", project, ask))

    def others(self, project: str) -> Taken:
        """Return what others' containers take, as their labels say, and whatever else there is."""

        def ask() -> Taken:
            found = self.world.others.copy()
            for box in self.world.boxes.values():
                own = box.ours and box.labels.get(LABEL_PROJECT) == project
                if box.phase is Phase.RUNNING and not own:
                    found.add(replace(claim_in(box.labels), slot=""))
            return found

        return self._read("others", project, ask)

    def inspect(self, name: str) -> ContainerDetail | None:
        """Look at one container."""

        def ask() -> ContainerDetail | None:
            box = self.world.find(name)
            return box.detailed(self.node) if box else None

        return self._read("inspect", name, ask)

    def create(self, request: CreateRequest) -> str:
        """Make a container and its volumes, or adopt the one that is there."""
        return self._act("create", request.name, lambda: create(self.world, request))

    def stage(self, container: str, staging: Staging) -> None:
        """Put files into a created container, whose box keeps them."""
        self._act("stage", container, lambda: stage(self.world, container, staging))

    def start(self, container: str, *, fenced: bool = False) -> None:
        """Start a container. Unfenced, an ended one runs again, as it would in reality."""

        def act() -> None:
            box = self.world.find(container)
            if box is None:
                raise TransientError(f"could not start {container}: the container is gone")
            if box.phase is Phase.CREATED or (box.phase is Phase.EXITED and not fenced):
                self._check_ports(box)
                self.world.begin(box)

        self._act("start", container, act)

    def signal(self, container: str, signal: str) -> None:
        """Send a signal: most end a program that is not stubborn."""

        def act() -> None:
            number = _number(signal)
            box = self.world.find(container)
            if box is None or box.phase is not Phase.RUNNING:
                return
            self.world.tell(box, "kill", signal=number)
            ignored = number in _HARMLESS or box.name in self.world.stubborn
            if number == signals.SIGKILL or not ignored:
                self.world.finish(box.name, _SIGNALLED + number)

        self._act("signal", container, act)

    def remove(self, container: str) -> None:
        """Remove an ended or never started container."""

        def act() -> None:
            box = self.world.find(container)
            if box is None:
                return
            if box.phase is Phase.RUNNING:
                raise TransientError(f"could not remove {container}: it is still running")
            self.world.discard(box)

        self._act("remove", container, act)

    def logs(self, container: str, *, limit: int) -> bytes:
        """Return the end of a container's output."""

        def ask() -> bytes:
            box = self.world.find(container)
            return bytes(box.output[-limit:]) if box and limit > 0 else b""

        return self._read("logs", container, ask)

    def follow(self, container: str, *, tail: int | None = None) -> Iterator[bytes]:
        """Yield a container's output as it comes, until it ends."""
        box = self._read("follow", container, lambda: self.world.find(container))
        return iter(()) if box is None else follow(self.world, box, tail)

    def read_folder(self, container: str, folder: str) -> Iterator[FolderFile] | None:
        """Yield the files below a container's folder."""

        def ask() -> Iterator[FolderFile] | None:
            box = self.world.find(container)
            if box is None:
                raise TransientError(f"could not read {folder} of {container}: it is gone")
            return files_below(box, folder)

        return self._read("read_folder", self._name_of(container), ask)

    def execute(self, container: str, command: Command) -> SimulatedDialogue:
        """Begin a program, which says what the world's answers say."""
        return self._read(
            "execute", container, lambda: execute(self.world, container, command), locks=True
        )

    def attach(self, container: str) -> SimulatedAttachment:
        """Listen to a container's program; what it is told, the world's ears have."""
        return self._read("attach", container, lambda: attach(self.world, container), locks=True)

    def usage(self, container: str) -> Usage | None:
        """Return what a container uses at the moment."""

        def ask() -> Usage | None:
            box = self.world.find(container)
            return box.usage if box and box.phase is Phase.RUNNING else None

        return self._read("usage", container, ask)

    def events(self, project: str) -> SimulatedEvents:
        """Subscribe to the project's events."""
        since = self.world.clock() - _OVERLAP
        return self._read("events", project, lambda: self.world.ring.subscribe(project, since))

    def close(self) -> None:
        """Nothing is held."""

    def _check_ports(self, box: Box) -> None:
        """Give out host ports, of which each is taken once."""
        asked = box.request.spec.ports if box.request else ()
        running = [b for b in self.world.boxes.values() if b.phase is Phase.RUNNING]
        taken = {port.host for other in running for port in other.ports}
        given: list[Published] = []
        for port in asked:
            host = port.host or next(n for n in count(_FIRST_PORT) if n not in taken)
            if host in taken:
                raise TransientError(
                    f"could not start {box.name}: host port {host} is already in use on the node"
                )
            taken.add(host)
            given.append(Published(port.container, host, port.protocol))
        box.ports = tuple(given)


def _number(signal: str) -> int:
    name = signal.upper()
    try:
        return signals.Signals[name if name.startswith("SIG") else f"SIG{name}"]
    except KeyError:
        raise PermanentError(f"there is no signal {signal}") from None
