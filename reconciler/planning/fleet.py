"""The nodes as a pass sees them: what each has, what is taken of it, and what is placed now.

The slots of pools are places like nodes, each with a share of one, for one instance at a time.
What is placed in a pass is taken at once, so that what follows sees what is left. Must not know
who is placed, nor why there.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from reconciler.model.amounts import Amounts
from reconciler.model.claim import Claim, HostPort, Taken, beside
from reconciler.model.desired import NodeSpec
from reconciler.model.history import History
from reconciler.model.observed import NodeView
from reconciler.model.pool import slot_name
from reconciler.planning.nodes import shut
from reconciler.planning.slots import CLOSING, why_taken_up

if TYPE_CHECKING:
    from reconciler.planning.line import Line
    from reconciler.planning.scene import Pass
    from reconciler.planning.wish import Wish


class Stand(Struct):
    """How one place stands, a node or a slot: what it has for instances, and what is taken of it.

    `spec` is of the node, and `host` the node's own stand where this is a slot's. `unknown` is why
    nothing is known of it, `shut` why it takes nothing new, each empty where it is not so. Amounts
    that nobody has said are None, and have no bound but the host's.
    """

    name: str
    spec: NodeSpec
    labels: frozenset[tuple[str, str]]
    has: Amounts
    taken: Taken
    unknown: str = ""
    shut: str = ""
    host: "Stand | None" = None

    def share(self) -> float:
        """Return which part is taken of what it has least of left; 0.0 where there is no bound."""
        has, taken = self.has, self.taken
        parts = ((taken.cpus, has.cpus), (taken.memory, has.memory), (taken.gpus, has.gpus))
        return max((used / there for used, there in parts if there), default=0.0)

    @property
    def ports(self) -> Counter[HostPort]:
        """How often ports of the node are taken."""
        return (self.host or self).taken.ports

    def take(self, claim: Claim) -> Claim:
        """Place an instance here; return what it takes of the node."""
        self.taken.add(claim)
        return self._of_node(claim, 1)

    def give_back(self, claim: Claim) -> Claim:
        """Place it here after all not; return what it took of the node."""
        self.taken.give_back(claim)
        return self._of_node(claim, -1)

    def _of_node(self, claim: Claim, sign: int) -> Claim:
        if self.host is None:
            return claim
        rest = beside(claim, self.has)
        (self.host.taken.add if sign > 0 else self.host.taken.give_back)(rest)
        return rest


class Fleet(Struct):
    """All nodes in one pass, and what is `taken` of them in sum.

    `lines` keep who stands where for those who ask for the same. `inside` is what is taken in each
    slot that there is, before anything is placed, `queued` how many instances of each task lack
    nothing but a slot, `closing` which slots take nothing more from this pass on.
    """

    given: "Pass"
    known: dict[str, Stand] = field(default_factory=dict)
    lines: dict["Wish", "Line"] = field(default_factory=dict)
    taken: Taken = field(default_factory=Taken)
    inside: dict[str, Taken] = field(default_factory=dict)
    queued: Counter[str] = field(default_factory=Counter)
    pools: dict[str, dict[str, Stand]] = field(default_factory=dict)
    closing: set[str] = field(default_factory=set)

    @property
    def stands(self) -> dict[str, Stand]:
        """Each node by its name, looked at when somebody is placed first."""
        if not self.known:
            self.known = {stand.name: stand for stand in _stands(self.given, self.inside)}
            for stand in self.known.values():
                self.taken.include(stand.taken)
                view = self.given.observed.nodes.get(stand.name)
                if view is not None:  # others count where there is no room, and for no quota
                    stand.taken.include(view.others)
        return self.known

    def places(self, pool: str) -> Mapping[str, Stand]:
        """Return where instances may be placed, by name: nodes, or the slots of a pool."""
        if not pool:
            return self.stands
        if pool not in self.pools:
            self.pools[pool] = {stand.name: stand for stand in self._slots(pool)}
        return self.pools[pool]

    def take(self, pool: str, place: str, claim: Claim) -> None:
        """Place an instance on a node, or, of a pool, in a slot."""
        self.taken.add(self.places(pool)[place].take(claim))

    def give_back(self, pool: str, place: str, claim: Claim) -> None:
        """Place it there after all not: who stands where is to be found anew."""
        self.taken.give_back(self.places(pool)[place].give_back(claim))
        self.lines.clear()

    def reserve(self, node: str, room: Amounts) -> None:
        """Set a share of a node aside for a slot."""
        self.stands[node].taken.reserve(room)
        self.taken.reserve(room)

    def _slots(self, pool: str) -> Iterator[Stand]:
        stands, record = self.stands, self.given.history.pools.get(pool)
        for number, slot in sorted(record.slots.items()) if record else ():
            host, name = stands.get(slot.node), slot_name(pool, number)
            if host is None:
                continue
            taken = self.inside[name].copy() if name in self.inside else Taken()
            shut = CLOSING if name in self.closing else why_taken_up(self.given, slot, pool)
            shut = shut or host.shut
            yield Stand(name, host.spec, host.labels, slot.room, taken, host.unknown, shut, host)


def _stands(given: "Pass", inside: dict[str, Taken]) -> Iterator[Stand]:
    slots = shares_of(given.history)
    for name, spec in given.desired.nodes.items():
        view = given.observed.nodes.get(name)
        taken = taken_of(view, given.underway.coming.get(name, ()), slots[name], inside)
        told = view.has if view else Amounts()
        has = _left(capacity_of(spec, told), spec.reserve)
        unknown = given.unknown(name) or ""
        closed = shut(given, name)
        yield Stand(name, spec, frozenset(spec.labels), has, taken, unknown, closed)


def shares_of(history: History) -> defaultdict[str, dict[str, Amounts]]:
    """Return what slots have for themselves, by node and slot."""
    found = defaultdict[str, dict[str, Amounts]](dict)
    for pool, record in history.pools.items():
        for number, slot in record.slots.items():
            found[slot.node][slot_name(pool, number)] = slot.room
    return found


def taken_of(
    view: NodeView | None,
    coming: Sequence[Claim],
    slots: Mapping[str, Amounts],
    inside: dict[str, Taken],
) -> Taken:
    """Return what is taken of a node with these slots; what is taken in them goes to `inside`.

    That is shared with the view, and only to be looked at.
    """
    shown = view.containers.taken if view else Taken()
    taken = shown.copy() if coming else shown.above_slots()
    for claim in coming:
        taken.add(claim)
    inside.update((name, there) for name, there in taken.slots.items() if name in slots)
    taken.settle(slots)
    return taken


def capacity_of(spec: NodeSpec, told: Amounts) -> Amounts:
    """Return what a node has: as it is declared, else as its engine tells.

    Of GPUs no engine tells, so that there are none where none are declared; nor of processes, which
    then have no bound but each instance's own.
    """
    said = spec.capacity
    return Amounts(
        said.cpus if said.cpus is not None else told.cpus,
        said.memory if said.memory is not None else told.memory,
        said.gpus if said.gpus is not None else (told.gpus or 0),
        said.pids,
    )


def _left(there: Amounts, reserve: Amounts) -> Amounts:
    return Amounts(
        None if there.cpus is None else max(0.0, there.cpus - (reserve.cpus or 0.0)),
        None if there.memory is None else max(0, there.memory - (reserve.memory or 0)),
        None if there.gpus is None else max(0, there.gpus - (reserve.gpus or 0)),
        None if there.pids is None else max(0, there.pids - (reserve.pids or 0)),
    )
