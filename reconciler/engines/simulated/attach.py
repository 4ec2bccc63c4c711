"""A line to the program of a container in memory, which prints what the world lets it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.engines.dialogue import Said, Size
from reconciler.engines.engine import TransientError
from reconciler.engines.simulated.box import Box
from reconciler.model.observed import Phase

if TYPE_CHECKING:
    from reconciler.engines.simulated.world import World


def attach(world: "World", container: str) -> "SimulatedAttachment":
    """Open a line to a container of a world's, which the caller has locked."""
    box = world.find(container)
    if box is None:
        raise TransientError(f"could not attach to {container}: it is gone")
    return SimulatedAttachment(world, box)


class SimulatedAttachment:
    """The line; what is sent is kept in the container, for whoever plays its program."""

    def __init__(self, world: "World", box: Box) -> None:
        self.size = Size(0, 0)
        self._world = world
        self._box = box
        self._seen = 0
        self._closed = False

    def output(self) -> Iterator[Said]:
        """Yield output until the container ends."""
        over = False
        while not over:
            with self._world.changed:
                self._world.changed.wait_for(lambda: self._over() or self._new())
                piece, over = self._new(), self._over()
            self._seen += len(piece)
            if piece:
                yield Said(piece)

    def send(self, data: bytes) -> None:
        """Let the program read this."""
        self._box.input += data

    def end_input(self) -> None:
        """A program in memory does not wait for it."""

    def resize(self, size: Size) -> None:
        """Keep the size of the window."""
        self.size = size

    def exit_code(self) -> int:
        """Return the container's exit code, once it has ended."""
        with self._world.changed:
            self._world.changed.wait_for(lambda: self._box.exit_code is not None)
        return self._box.exit_code or 0

    def close(self) -> None:
        """Hang up."""
        with self._world.changed:
            self._closed = True
            self._world.changed.notify_all()

    def _new(self) -> bytes:
        return bytes(self._box.output[self._seen :])

    def _over(self) -> bool:
        gone = self._world.boxes.get(self._box.name) is not self._box
        return self._closed or gone or self._box.phase is Phase.EXITED
