"""Following what a program in memory prints."""

from collections.abc import Iterator

from reconciler.engines.simulated.box import Box
from reconciler.engines.simulated.world import World
from reconciler.model.observed import Phase


def follow(world: World, box: Box, tail: int | None) -> Iterator[bytes]:
    """Yield output from the last `tail` lines on, until the container has ended or is gone."""
    seen = 0 if tail is None else _before(bytes(box.output), tail)
    over = False

    def ended() -> bool:
        return box.phase is Phase.EXITED or world.boxes.get(box.name) is not box

    def more() -> bool:
        return ended() or len(box.output) > seen

    while not over:
        with world.changed:
            world.changed.wait_for(more)
            piece, over = bytes(box.output[seen:]), ended()
        seen += len(piece)
        if piece:
            yield piece


def _before(output: bytes, tail: int) -> int:
    """Return how many bytes stand before the last lines."""
    return sum(len(line) for line in output.splitlines(keepends=True)[: -tail or None])
