"""How a task's run has ended, told from its record alone, so that others can build on it.

Decides nothing about the run itself, and must not know what is seen of engines: an outcome that
is not on record has not happened.
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Result
from reconciler.model.identity import InstanceKey
from reconciler.model.run import Run
from reconciler.planning.rescaling import done
from reconciler.planning.tries import left_out, why_no_more


class Ended(StrEnum):
    """What became of a run, or of one instance in it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Conclusion(Struct, frozen=True):
    """How something has ended, and why: what its last exit, or whoever ended it, said."""

    ended: Ended
    reason: str


def conclusion_of(task: DesiredTask, run: Run) -> Conclusion | None:
    """Return how a task's run has ended, None while an instance that is asked for may go on.

    It has succeeded with as many instances as `success.minSucceeded` asks for, else failed if an
    instance has, else it was cancelled. A service's run ends only where it fails or is cancelled.
    """
    unserved = left_out(task, run)
    each = {i: conclusion_of_instance(task, run, i, unserved) for i in task.instances}
    if task.gang:
        each |= _fallen(task, run, each)
    found = {instance: ended for instance, ended in each.items() if ended is not None}
    if len(found) < len(each):
        return None
    counts = Counter(one.ended for one in found.values())
    ended_as = summary(counts, required(task))
    return Conclusion(ended_as, _reason(task, found, counts, ended_as))


def conclusion_of_instance(
    task: DesiredTask, run: Run, instance: int, unserved: frozenset[int]
) -> Conclusion | None:
    """Return how one instance has ended in a run; `unserved` is what `left_out` says of it."""
    if done(task, run, instance):
        return Conclusion(Ended.SUCCEEDED, "completed")
    if _under_way(run, instance):
        return None
    cancel = run.cancel_of(instance)
    if cancel is not None:
        failed = cancel.result is Result.FAILED
        return Conclusion(Ended.FAILED if failed else Ended.CANCELLED, cancel.reason)
    why = why_no_more(task, run, instance, unserved)
    return None if why is None else Conclusion(Ended.FAILED, why)


def required(task: DesiredTask) -> int:
    """Return how many instances have to succeed for the task to succeed."""
    count = len(task.instances)
    return count if task.min_succeeded is None else min(task.min_succeeded, count)


def summary(counts: Mapping[Ended, int], needed: int) -> Ended:
    """Return how all have ended of whom so many did so, where `needed` have to succeed."""
    if counts.get(Ended.SUCCEEDED, 0) >= needed:
        return Ended.SUCCEEDED
    return Ended.FAILED if counts.get(Ended.FAILED, 0) else Ended.CANCELLED


def _fallen(
    task: DesiredTask, run: Run, each: Mapping[int, Conclusion | None]
) -> dict[int, Conclusion]:
    """Return how the others of a gang end of which one has failed for good."""
    failed = next((i for i, one in each.items() if one and _failed_itself(run, i, one)), None)
    if failed is None:
        return {}
    reason = f"{InstanceKey(task.name, failed)} failed, and its gang with it"
    waiting = (i for i, one in each.items() if one is None and not _under_way(run, i))
    return {i: Conclusion(Ended.CANCELLED, reason) for i in waiting}


def _failed_itself(run: Run, instance: int, conclusion: Conclusion) -> bool:
    return conclusion.ended is Ended.FAILED and run.cancel_of(instance) is None


def _under_way(run: Run, instance: int) -> bool:
    attempts = run.attempts_of(instance)
    return bool(attempts) and bool(attempts[-1].start_requested_at) and not attempts[-1].ended


def _reason(
    task: DesiredTask, found: Mapping[int, Conclusion], counts: Counter[Ended], ended: Ended
) -> str:
    if not found:
        return "no instance is asked for"
    if ended is Ended.SUCCEEDED:
        return ", ".join(f"{n} {one.value}" for one, n in sorted(counts.items()))
    first = next(i for i, one in found.items() if one.ended is ended)
    return f"{InstanceKey(task.name, first)}: {found[first].reason}"
