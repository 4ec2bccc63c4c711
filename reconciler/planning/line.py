"""Nodes, or the slots of a pool, in the order in which they are to be taken, as it changes.

Theory of operation. What is placed makes a node rank later, never earlier, so that a heap whose
first entry is looked at again when it comes up gives the right one at each moment; and a node
that has no room left has none for whoever asks for the same. All who ask for the same share a
line. What makes a task's turn its own is where its instances are already: those nodes step aside
until all others have had as many, and step back into the line when the turn is over. Where nodes
are filled one after the other the order is that of the beginning: who is taken stays the fullest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property
from heapq import heapify, heappop, heappush, heapreplace

from reconciler.model.desired import EVENLY, FILLED
from reconciler.planning.filters import explained, fits, stands_open
from reconciler.planning.fleet import Fleet, Stand
from reconciler.planning.wish import Wish

Rank = tuple[float, float, bool, str]
Heap = list[Rank]


class Line:
    """Who takes the next instance of a wish, in each of the domains over which it is spread."""

    def __init__(self, fleet: Fleet, wish: Wish) -> None:
        """Line up the nodes that may take it."""
        self.wish = wish
        self._stands = fleet.places(wish.pool)
        self._nodes = fleet.stands
        self.heaps: dict[str, Heap] = defaultdict(list)
        for stand in self._stands.values():
            if stands_open(stand, wish):
                self.heaps[self._queue_of(stand)].append(self.rank(stand))
        for heap in self.heaps.values():
            heapify(heap)

    @cached_property
    def refusal(self) -> str:
        """Why no node takes an instance. Once that is so, it is for the rest of the pass."""
        return explained(self._stands.values(), self.wish)

    def first(self, heap: Heap) -> Rank | None:
        """Return what comes first in a heap as it is now, None where nobody has room."""
        while heap:
            rank = heap[0]
            stand = self._stands[rank[-1]]
            if not fits(stand, self.wish):
                heappop(heap)
                continue
            now = rank if self.wish.spread == FILLED else self.rank(stand)
            if now == rank:
                return rank
            heapreplace(heap, now)
        return None

    def rank(self, stand: Stand) -> Rank:
        """Return how early a node comes: those with more left, but where nodes are filled up."""
        share, count = stand.share(), stand.taken.count
        absent = stand.spec.name not in self.wish.images
        if self.wish.spread == FILLED:
            return -share, -count, absent, stand.name
        return share, count, absent, stand.name

    def back(self, place: str) -> None:
        """Let a place step back into the line."""
        stand = self._stands[place]
        heappush(self.heaps[self._queue_of(stand)], self.rank(stand))

    def at(self, place: str) -> str:
        """Return the domain of a place."""
        return self.domain(self._stands[place].spec.name)

    def domain(self, node: str) -> str:
        """Return that over which instances are spread, as it is for a node."""
        stand = self._nodes.get(node)
        if stand is None or self.wish.spread in {EVENLY, FILLED}:
            return node
        return next((v for name, v in stand.spec.labels if name == self.wish.spread), "")

    def _queue_of(self, stand: Stand) -> str:
        return "" if self.wish.spread in {EVENLY, FILLED} else self.domain(stand.spec.name)


class Turn:
    """A task's turn in the line: `own` names a node for each of its instances there is."""

    def __init__(self, line: Line, own: Iterable[str] = ()) -> None:
        """Begin with nobody aside."""
        self.line = line
        self._own = Counter(line.domain(node) for node in own)
        self._aside: list[tuple[int, Rank]] = []

    def first(self) -> str:
        """Return the place that takes the next instance, empty where none has room."""
        if self.line.wish.spread == EVENLY:
            return self._untouched() or self._least()
        heads = (
            (self._own[domain], rank)
            for domain, heap in self.line.heaps.items()
            if (rank := self.line.first(heap)) is not None
        )
        found = min(heads, default=None)
        return found[1][-1] if found else ""

    def placed(self, place: str) -> None:
        """Count an instance of the task."""
        self._own[self.line.at(place)] += 1

    def leave(self) -> None:
        """Let those who stepped aside back into the line."""
        for _, rank in self._aside:
            self.line.back(rank[-1])
        self._aside.clear()

    def _untouched(self) -> str:
        """Return the first node that has no instance of the task; others step aside."""
        heap = self.line.heaps[""]
        while (rank := self.line.first(heap)) is not None:
            own = self._own[self.line.at(rank[-1])]
            if not own:
                return rank[-1]
            heappop(heap)
            heappush(self._aside, (own, rank))
        return ""

    def _least(self) -> str:
        """Return the node that has the fewest of the task's instances."""
        while self._aside:
            known = self._aside[0]
            place = known[1][-1]
            heap = [known[1]]
            rank = self.line.first(heap)
            if rank is None:
                heappop(self._aside)
                continue
            now = self._own[self.line.at(place)], rank
            if now == known:
                return place
            heapreplace(self._aside, now)
        return ""
