"""A simulated machine that remembers the truth: when each program began, and how it ended."""

from collections.abc import Callable

from msgspec import Struct

from reconciler.engines.simulated import World
from reconciler.engines.simulated.box import Box
from reconciler.model.observed import Phase


class End(Struct, frozen=True):
    """How a program really ended: `at` by elapsed time; `era` is the engine's in which it did."""

    code: int
    at: float
    era: str


class Node(World):
    """One machine of the stage. Its own clock is the one on the wall."""

    def __init__(self, node: str, wall: Callable[[], float], now: Callable[[], float]) -> None:
        super().__init__(node, wall)
        self.elapsed = now
        self.on_start: Callable[[str], None] = lambda _: None
        # By container name.
        self.ends: dict[str, End] = {}

    def tell(
        self, box: Box, action: str, exit_code: int | None = None, signal: int | None = None
    ) -> None:
        """Tell a container's event; that a program of ours has begun is shown."""
        if action == "start" and box.ours:
            self.on_start(box.name)
        super().tell(box, action, exit_code, signal)

    def _end(self, box: Box, exit_code: int) -> None:
        self.ends[box.name] = End(exit_code, self.elapsed(), self.era)
        super()._end(box, exit_code)

    def running(self) -> list[str]:
        """Return the names of our containers that run."""
        return [b.name for b in self.boxes.values() if b.phase is Phase.RUNNING and b.ours]
