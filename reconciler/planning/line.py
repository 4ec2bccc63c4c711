"""The nodes in the order in which they are to be taken, as it changes while they are taken.

Theory of operation. What is placed makes a node rank later, never earlier, so that a heap whose
entries are looked at again when they come up gives the first one at each moment; and a node that
has no room left has none for whoever asks for the same. Where nodes are filled one after the
other the order is that of the beginning: who is taken stays the fullest.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from heapq import heapify, heappop, heapreplace

from reconciler.planning.filters import explained, fits, stands_open
from reconciler.planning.fleet import Fleet, Stand
from reconciler.planning.wish import NODE, NONE, Wish

Rank = tuple[float, float, float, bool, str]


class Line:
    """Who takes the next instance of a wish; `own` are a task's instances by where they are."""

    def __init__(self, fleet: Fleet, wish: Wish, own: Iterable[str] | None = None) -> None:
        """Line up the nodes that may take it; `own` names a node for each instance there is.

        Without, single instances of several tasks ask, and none has a place already.
        """
        self._wish, self._shared = wish, own is None
        self._own = Counter(self._domain(fleet.stands[n]) for n in own or () if n in fleet.stands)
        self._stands = fleet.stands
        self._heap = [
            self._rank(stand) for stand in fleet.stands.values() if stands_open(stand, wish)
        ]
        heapify(self._heap)

    def first(self) -> str:
        """Return the node that comes first, empty where none has room."""
        heap = self._heap
        while heap:
            rank = heap[0]
            stand = self._stands[rank[-1]]
            if not fits(stand, self._wish):
                heappop(heap)
                continue
            now = rank if self._wish.spread == NONE else self._rank(stand)
            if now == rank:
                return stand.name
            heapreplace(heap, now)
        return ""

    @cached_property
    def refusal(self) -> str:
        """Why no node takes an instance. Once that is so, it is for the rest of the pass."""
        return explained(self._stands.values(), self._wish)

    def placed(self, node: str) -> None:
        """Count an instance of the task that asks."""
        if not self._shared:
            self._own[self._domain(self._stands[node])] += 1

    def _rank(self, stand: Stand) -> Rank:
        share, count = stand.share(), stand.taken.count
        absent = stand.name not in self._wish.images
        if self._wish.spread == NONE:
            return 0, -share, -count, absent, stand.name
        return self._own[self._domain(stand)], share, count, absent, stand.name

    def _domain(self, stand: Stand) -> str:
        if self._wish.spread in {NODE, NONE}:
            return stand.name
        return next((v for name, v in stand.spec.labels if name == self._wish.spread), "")
