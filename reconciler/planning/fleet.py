"""The nodes as a pass sees them: what each has, what is taken of it, and what is placed now.

What is placed in a pass is taken at once, so that what follows sees what is left. Must not know
who is placed, nor why there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct, field

from reconciler.model.claim import Claim, Taken
from reconciler.model.desired import Amounts, NodeSpec
from reconciler.planning.nodes import shut

if TYPE_CHECKING:
    from reconciler.planning.line import Line
    from reconciler.planning.scene import Pass
    from reconciler.planning.wish import Wish


class Stand(Struct):
    """How one node stands: what it has for instances, and what is taken of that.

    `unknown` is why nothing is known of it, `shut` why it takes nothing new, each empty where it is
    not so. Amounts that nobody has
    said are None, and have no bound.
    """

    name: str
    spec: NodeSpec
    labels: frozenset[tuple[str, str]]
    has: Amounts
    taken: Taken
    unknown: str = ""
    shut: str = ""

    def share(self) -> float:
        """Return which part is taken of what it has least of left; 0.0 where there is no bound."""
        has, taken = self.has, self.taken
        parts = ((taken.cpus, has.cpus), (taken.memory, has.memory), (taken.gpus, has.gpus))
        return max((used / there for used, there in parts if there), default=0.0)


class Fleet(Struct):
    """All nodes in one pass, and what is `taken` of them in sum.

    `lines` keep who stands where for those who ask for the same.
    """

    given: "Pass"
    known: dict[str, Stand] = field(default_factory=dict)
    lines: dict["Wish", "Line"] = field(default_factory=dict)
    taken: Taken = field(default_factory=Taken)

    @property
    def stands(self) -> dict[str, Stand]:
        """Each node by its name, looked at when somebody is placed first."""
        if not self.known:
            self.known = {stand.name: stand for stand in _stands(self.given)}
            for stand in self.known.values():
                self.taken.include(stand.taken)
        return self.known

    def take(self, node: str, claim: Claim) -> None:
        """Place an instance on a node."""
        self.stands[node].taken.add(claim)
        self.taken.add(claim)

    def give_back(self, node: str, claim: Claim) -> None:
        """Place it there after all not: who stands where is to be found anew."""
        self.stands[node].taken.give_back(claim)
        self.taken.give_back(claim)
        self.lines.clear()


def _stands(given: "Pass") -> Iterator[Stand]:
    coming = given.underway.coming
    for name, spec in given.desired.nodes.items():
        view = given.observed.nodes.get(name)
        taken = view.containers.taken.copy() if view else Taken()
        for claim in coming.get(name, ()):
            taken.add(claim)
        told = view.has if view else Amounts()
        has = _left(capacity_of(spec, told), spec.reserve)
        unknown = given.unknown(name) or ""
        closed = shut(given, name)
        yield Stand(name, spec, frozenset(spec.labels), has, taken, unknown, closed)


def capacity_of(spec: NodeSpec, told: Amounts) -> Amounts:
    """Return what a node has: as it is declared, else as its engine tells.

    Of GPUs no engine tells, so that there are none where none are declared.
    """
    said = spec.capacity
    return Amounts(
        said.cpus if said.cpus is not None else told.cpus,
        said.memory if said.memory is not None else told.memory,
        said.gpus if said.gpus is not None else (told.gpus or 0),
    )


def _left(there: Amounts, reserve: Amounts) -> Amounts:
    return Amounts(
        None if there.cpus is None else max(0.0, there.cpus - (reserve.cpus or 0.0)),
        None if there.memory is None else max(0, there.memory - (reserve.memory or 0)),
        None if there.gpus is None else max(0, there.gpus - (reserve.gpus or 0)),
    )
