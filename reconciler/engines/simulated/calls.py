"""How calls reach a world: each may be refused, or its answer lost, by the world's faults."""

from collections.abc import Callable
from typing import TypeVar

from reconciler.engines.engine import EngineError
from reconciler.engines.simulated.journal import Call
from reconciler.engines.simulated.world import When, World

T = TypeVar("T")


class Calls:
    """A way to a world; several may lead to the same."""

    def __init__(self, world: World) -> None:
        """Look at a world."""
        self.node = world.node
        self.address = "127.0.0.1"
        self.world = world

    def _read(self, call: str, subject: str, ask: Callable[[], T], *, locks: bool = False) -> T:
        self._fail(call, subject, "before")
        with self.world.changed:
            self.world.check_reachable(locks=locks)
            answer = ask()
        self._fail(call, subject, "after")
        return answer

    def _act(self, call: str, container: str, act: Callable[[], T]) -> T:
        """Do and note what changes the world; the answer may be lost on its way back."""
        subject = self._name_of(container)
        self._fail(call, subject, "before")
        with self.world.changed:
            self.world.check_reachable(locks=True)
            try:
                answer = act()
            except EngineError:
                self.world.journal.calls.append(Call(call, subject, ok=False))
                raise
            self.world.journal.calls.append(Call(call, subject, ok=True))
        self._fail(call, subject, "after")
        return answer

    def _name_of(self, container: str) -> str:
        with self.world.changed:
            box = self.world.find(container)
            return box.name if box else container

    def _fail(self, call: str, subject: str, when: When) -> None:
        """Ask fate. Not under the lock: it may well want to wait for something."""
        error = self.world.faults(call, subject, when)
        if error is not None:
            raise error
