"""What is remembered of a revision: when it came, what was made of it, what it brought about."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler.model.fact import RevisionConverged, RevisionSeen, RevisionWorked

REMEMBERED: Final = 1_000


class Revision(Struct, frozen=True):
    """One revision as the source showed it. `converged_at` is 0.0 before all is as it asks."""

    revision: str
    at: float
    valid: bool = True
    problem: str = ""
    author: str = ""
    subject: str = ""
    created: int = 0
    replaced: int = 0
    torn_down: int = 0
    converged_at: float = 0.0


def newest(known: Sequence[Revision], name: str) -> int | None:
    """Return where a revision stands, as it was seen last."""
    return next((i for i in range(len(known) - 1, -1, -1) if known[i].revision == name), None)


def see(known: list[Revision], fact: RevisionSeen) -> None:
    """Remember a revision. The newest one, seen again, is still the same; others begin anew."""
    if known and known[-1].revision == fact.revision:
        if known[-1].valid != fact.valid:
            known[-1] = replace(known[-1], valid=fact.valid, problem=fact.problem)
        return
    known.append(
        Revision(fact.revision, fact.at, fact.valid, fact.problem, fact.author, fact.subject)
    )
    del known[:-REMEMBERED]


def work(known: list[Revision], fact: RevisionWorked) -> None:
    """Add to what has been done for a revision."""
    position = newest(known, fact.revision)
    if position is not None:
        before = known[position]
        known[position] = replace(
            before,
            created=before.created + fact.created,
            replaced=before.replaced + fact.replaced,
            torn_down=before.torn_down + fact.torn_down,
        )


def converge(known: list[Revision], fact: RevisionConverged) -> None:
    """Note when everything was as the revision asks for it, the first time."""
    position = newest(known, fact.revision)
    if position is not None:
        before = known[position]
        known[position] = replace(before, converged_at=before.converged_at or fact.at)
