"""How much a plan brings about for a revision: instances created, replaced and torn down.

Decided from the facts that are recorded before the actions, so that each counts once, however
often a call has to be repeated. A retry is a creation; a stop that was asked for by a person, or
by a failing health check, is none of the three.
"""

from collections.abc import Iterable

from reconciler.model.desired import Desired
from reconciler.model.fact import (
    AttemptReserved,
    Fact,
    Result,
    RevisionWorked,
    StopRequested,
)
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey


def tally(desired: Desired, history: History, facts: Iterable[Fact]) -> RevisionWorked | None:
    """Return what facts that are about to be recorded amount to, None for nothing."""
    created = replaced = torn_down = 0
    for fact in facts:
        if isinstance(fact, AttemptReserved):
            created += history.attempt(history.owner(fact.attempt)) is None
        elif isinstance(fact, StopRequested) and fact.result is Result.CANCELLED:
            wanted = _wanted(desired, fact.attempt)
            torn_down += not wanted
            replaced += wanted and _outdated(desired, history, fact.attempt)
    if not created + replaced + torn_down:
        return None
    return RevisionWorked(desired.revision, created, replaced, torn_down)


def _wanted(desired: Desired, attempt: AttemptKey) -> bool:
    task = desired.tasks.get(attempt.key.task)
    return task is not None and attempt.key.instance in task.instances


def _outdated(desired: Desired, history: History, attempt: AttemptKey) -> bool:
    """Whether the attempt is of another work or shape than is asked for."""
    task, known = desired.tasks[attempt.key.task], history.tasks.get(attempt.key.task)
    run = known.runs.get(attempt.run) if known else None
    record = history.attempt(attempt)
    other_work = run is not None and not run.serves(task)
    return other_work or (record is not None and record.shape != task.shape.hash)
