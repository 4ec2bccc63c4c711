"""Nodes, or the slots of a pool, in the order in which they are to be taken, as it changes.

Theory of operation. What is placed makes a node rank later, never earlier, so that a heap whose
first entry is looked at again when it comes up gives the right one at each moment; and a node
that has no room left has none for whoever asks for the same. All who ask for the same share a
line. What makes a task's turn its own is where its instances are already: those nodes step aside
until all others have had as many, and step back into the line when the turn is over; and that its
image is somewhere already: those nodes are in a second line besides, in which they come before
their equals. Where nodes are filled one after the other, who is taken comes earlier from then on.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
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
        self.heaps = self._lined_up(self._stands.values(), absent=True)

    def near(self, images: Collection[str]) -> dict[str, Heap]:
        """Line up those alone that are on these nodes, on which an image is."""
        return self._lined_up((s for node in images for s in self._on(node)), absent=False)

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
            now = rank if self.wish.spread == FILLED else self._rank(stand, absent=rank[2])
            if now == rank:
                return rank
            heapreplace(heap, now)
        return None

    def rank(self, place: str, *, absent: bool) -> Rank:
        """Return how early a place comes: those with more left, but where nodes are filled up."""
        return self._rank(self._stands[place], absent=absent)

    def back(self, place: str) -> None:
        """Let a place step back into the line."""
        heappush(self.heaps[self.queue_of(place)], self.rank(place, absent=True))

    def node(self, place: str) -> str:
        """Return the node of a place."""
        return self._stands[place].spec.name

    def at(self, place: str) -> str:
        """Return the domain of a place."""
        return self.domain(self.node(place))

    def domain(self, node: str) -> str:
        """Return that over which instances are spread, as it is for a node."""
        stand = self._nodes.get(node)
        if stand is None or self.wish.spread in {EVENLY, FILLED}:
            return node
        return next((v for name, v in stand.spec.labels if name == self.wish.spread), "")

    def queue_of(self, place: str) -> str:
        """Return which of the heaps a place belongs in."""
        return "" if self.wish.spread in {EVENLY, FILLED} else self.at(place)

    def _rank(self, stand: Stand, *, absent: bool) -> Rank:
        share, count = stand.share(), stand.taken.count
        if self.wish.spread == FILLED:
            return -share, -count, absent, stand.name
        return share, count, absent, stand.name

    def _lined_up(self, stands: Iterable[Stand], *, absent: bool) -> dict[str, Heap]:
        heaps: dict[str, Heap] = defaultdict(list)
        for stand in stands:
            if stands_open(stand, self.wish):
                heaps[self.queue_of(stand.name)].append(self._rank(stand, absent=absent))
        for heap in heaps.values():
            heapify(heap)
        return heaps

    def _on(self, node: str) -> Iterable[Stand]:
        if self.wish.pool:
            return self._slots.get(node, ())
        return (self._stands[node],) if node in self._stands else ()

    @cached_property
    def _slots(self) -> dict[str, list[Stand]]:
        found: dict[str, list[Stand]] = defaultdict(list)
        for slot in self._stands.values():
            found[slot.spec.name].append(slot)
        return found


class Turn:
    """A task's turn in the line.

    `own` names a node for each of its instances there is, `images` the nodes that have its image.
    """

    def __init__(
        self, line: Line, own: Iterable[str] = (), images: Collection[str] = frozenset()
    ) -> None:
        """Begin with nobody aside."""
        self.line = line
        self._images = images
        self._near = line.near(images)
        self._own = Counter(line.domain(node) for node in own)
        self._aside: list[tuple[int, Rank]] = []

    def first(self) -> str:
        """Return the place that takes the next instance, empty where none has room."""
        if self.line.wish.spread == EVENLY:
            return self._untouched() or self._least()
        heads = (
            (self._own[domain], min(heads)[0])
            for domain in self.line.heaps
            if (heads := [*self._heads(domain)])
        )
        found = min(heads, default=None)
        return found[1][-1] if found else ""

    def placed(self, place: str) -> None:
        """Count an instance of the task."""
        self._own[self.line.at(place)] += 1
        if self.line.wish.spread == FILLED:
            self.line.back(place)
            if not self._lacks(place):
                heappush(self._near[""], self.line.rank(place, absent=False))

    def leave(self) -> None:
        """Let those who stepped aside back into the line."""
        for _, rank in self._aside:
            self.line.back(rank[-1])
        self._aside.clear()

    def _heads(self, domain: str) -> Iterator[tuple[Rank, Heap]]:
        """Yield what comes first in either line; the lesser of the two is the first of all."""
        for heap in (self._near.get(domain), self.line.heaps.get(domain)):
            if heap and (rank := self.line.first(heap)) is not None:
                yield rank, heap

    def _lacks(self, place: str) -> bool:
        return self.line.node(place) not in self._images

    def _untouched(self) -> str:
        """Return the first node that has no instance of the task; others step aside."""
        while (head := min(self._heads(""), default=None)) is not None:
            rank, heap = head
            place, absent = rank[-1], rank[2]
            own = self._own[self.line.at(place)]
            if not own:
                return place
            heappop(heap)
            if absent:  # of the line of all, which it is in whether or not it has the image
                now = self.line.rank(place, absent=self._lacks(place))
                heappush(self._aside, (own, now))
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
