"""How facts move an attempt's record on, from its reservation to its end.

The counterpart of what the ledger does with the same facts. Where records are kept, and which
are forgotten, is `History`'s to decide.
"""

from functools import singledispatch

from msgspec.structs import replace

from reconciler.model import fact as facts
from reconciler.model.data import Snapshot
from reconciler.model.fact import AttemptFact, Result
from reconciler.model.run import Attempt


@singledispatch
def moved_on(fact: AttemptFact, known: Attempt) -> Attempt:
    """Return an attempt's record after a fact about it. `known` is the one before."""
    raise TypeError(f"nothing of an attempt: {fact!r} ({known.number} is known)")


@moved_on.register
def _(fact: facts.AttemptReserved, _: Attempt) -> Attempt:
    return Attempt(
        number=fact.attempt.attempt,
        node=fact.node,
        shape=fact.shape,
        reserved_at=fact.at,
        revision=fact.revision,
        count=fact.count,
        outputs=fact.outputs,
        equal=fact.equal,
    )


@moved_on.register
def _(fact: facts.StartRequested, known: Attempt) -> Attempt:
    return replace(known, start_requested_at=fact.at, era=fact.era, equal=fact.equal)


@moved_on.register
def _(fact: facts.AttemptStarted, known: Attempt) -> Attempt:
    return replace(known, started_at=fact.at)


@moved_on.register
def _(fact: facts.StopRequested, known: Attempt) -> Attempt:
    return replace(
        known,
        stop_requested_at=fact.at,
        stop_reason=fact.reason,
        stop_result=fact.result,
    )


@moved_on.register
def _(fact: facts.AttemptEnded, known: Attempt) -> Attempt:
    return replace(
        known,
        node=fact.node,
        result=fact.result,
        exit_code=fact.exit_code,
        oom=fact.oom,
        started_at=fact.started_at,
        finished_at=fact.finished_at,
        ended_at=fact.at,
        reason=fact.reason,
        cpu_seconds=fact.cpu_seconds,
        peak_memory=fact.peak_memory,
    )


@moved_on.register
def _(fact: facts.SnapshotAsked, known: Attempt) -> Attempt:
    before = known.snapshot or Snapshot()
    return replace(known, snapshot=replace(before, asked_at=fact.at))


@moved_on.register
def _(fact: facts.SnapshotTaken, known: Attempt) -> Attempt:
    asked = known.snapshot.asked_at if known.snapshot else 0.0
    taken = Snapshot(fact.at, fact.files, fact.bytes, asked)
    return replace(known, snapshot=taken)


@moved_on.register
def _(fact: facts.ResultsSent, known: Attempt) -> Attempt:
    return replace(known, results=fact.results)


@moved_on.register
def _(fact: facts.ResultsDiscarded, known: Attempt) -> Attempt:
    return replace(known, discarded_at=fact.at)


@moved_on.register
def _(fact: facts.ResultTakenOver, _: Attempt) -> Attempt:
    return Attempt(
        number=fact.attempt.attempt,
        node=fact.node,
        reserved_at=fact.at,
        result=Result.SUCCEEDED,
        ended_at=fact.at,
        reason=f"taken over from {fact.origin}",
        revision=fact.revision,
        count=fact.count,
        outputs=fact.outputs,
        results=fact.results,
        equal=fact.equal,
        origin=fact.origin,
    )


@moved_on.register
def _(fact: facts.AttemptForsaken, known: Attempt) -> Attempt:
    return replace(known, forsaken_at=fact.at)


@moved_on.register
def _(_: facts.AttemptExpired, known: Attempt) -> Attempt:
    return replace(known, expired=True)
