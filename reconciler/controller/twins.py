"""Two nodes that are one engine: what runs there would be seen twice, and ended once too often.

Told by the engines' eras, which no two engines share. Decides which of the two is not believed.
"""

from collections.abc import Mapping

from msgspec import Struct

from reconciler.controller.board import Board
from reconciler.model.desired import NodeSpec


class Twins(Struct, frozen=True):
    """The node that counts, and the one that is another name for it."""

    kept: str
    other: str


def twins_of(board: Board, nodes: Mapping[str, NodeSpec], node: str, era: str) -> Twins | None:
    """Return a node that shows this era, and another one that does; None where no other does."""
    for name, state in board.nodes.items():
        if name != node and era and state.known and state.era == era:
            kept, other = sorted((node, name), key=lambda n: (n in nodes and nodes[n].leaving, n))
            return Twins(kept, other)
    return None
