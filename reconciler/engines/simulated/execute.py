"""Executing a program in memory: its container's world says what it would answer."""

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from reconciler.engines.dialogue import Command, Said, Size
from reconciler.engines.engine import TransientError
from reconciler.model.observed import Phase

if TYPE_CHECKING:
    from reconciler.engines.simulated.world import World


class Reply(Struct, frozen=True):
    """What a program says and how it ends: with None only as its container does."""

    said: tuple[Said, ...] = ()
    exit_code: int | None = 0


Answers = Callable[[str, Command, bytes], Reply]
"""From a container's name, what is executed and all of its input."""

_KILLED = 137


def execute(world: "World", container: str, command: Command) -> "SimulatedDialogue":
    """Begin a program in a container of a world's, which the caller has locked."""
    box = world.find(container)
    if box is None or box.phase is not Phase.RUNNING:
        failed = f"could not execute {command.words[0]} in {container}"
        raise TransientError(f"{failed}: the container is not running")
    return SimulatedDialogue(
        world.changed,
        lambda: box.phase is Phase.RUNNING,
        lambda given: world.answers(box.name, command, given),
        stdin=command.stdin,
    )


def silent(container: str, command: Command, given: bytes) -> Reply:  # noqa: ARG001
    """Answer nothing, at once."""
    return Reply()


class SimulatedDialogue:
    """A program under way, as long as `alive` says so; `changed` tells of anything that moves."""

    def __init__(
        self,
        changed: threading.Condition,
        alive: Callable[[], bool],
        answer: Callable[[bytes], Reply],
        *,
        stdin: bool,
    ) -> None:
        self.size = Size(0, 0)
        self._changed = changed
        self._alive = alive
        self._answer = answer
        self._given = bytearray()
        self._complete = not stdin
        self._closed = False
        self._exit_code: int | None = None

    def output(self) -> Iterator[Said]:
        """Yield what the program says once its input has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._complete or self._over())
            if self._over():
                return
            reply = self._answer(bytes(self._given))
            self._exit_code = reply.exit_code
        yield from reply.said
        if reply.exit_code is None:
            with self._changed:
                self._changed.wait_for(self._over)

    def send(self, data: bytes) -> None:
        """Let the program read this."""
        self._given += data

    def end_input(self) -> None:
        """Let the program read that nothing more comes."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    def resize(self, size: Size) -> None:
        """Keep the size of the window."""
        self.size = size

    def exit_code(self) -> int:
        """Return the exit code, which is a kill's where the container went first."""
        with self._changed:
            self._changed.wait_for(lambda: self._exit_code is not None or not self._alive())
        return _KILLED if self._exit_code is None else self._exit_code

    def close(self) -> None:
        """Hang up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _over(self) -> bool:
        return self._closed or not self._alive()
