"""Whether an instance that failed gets another attempt, and which bound says that it does not.

Decided from a run's record and the task's own bounds, whatever runs now. Attempts up to the
number that was granted to an instance count no more. When there is room, and how long the
pause is, is not known here.
"""

from collections.abc import Sequence
from typing import Final

from reconciler.model.desired import DesiredTask, Restart
from reconciler.model.fact import Result
from reconciler.model.run import Attempt, Run

# What says nothing about the work: we ended it ourselves, or it never ran.
_SILENT: Final = {Result.CANCELLED, Result.BURNT}


def speaks(attempt: Attempt) -> bool:
    """Whether an attempt's outcome says something about the work."""
    return attempt.ended and attempt.result not in _SILENT


def last_word(attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the newest attempt whose outcome says something about the work."""
    return next((a for a in reversed(attempts) if speaks(a)), None)


def counting(run: Run, instance: int) -> Sequence[Attempt]:
    """Return an instance's attempts since it was last allowed to go on, oldest first."""
    granted = run.granted.get(instance, 0)
    found = run.attempts_of(instance)
    return [a for a in found if a.number > granted] if granted else found


def counted_failures(run: Run, instance: int) -> list[Attempt]:
    """Return an instance's attempts that use up retries, oldest first."""
    return [a for a in counting(run, instance) if a.counts_as_failure]


def failures(run: Run, instance: int) -> int:
    """Count the attempts of an instance that use up retries, those that are forgotten included."""
    gone = run.forgotten.get(instance)
    return len(counted_failures(run, instance)) + (gone.failures if gone else 0)


def left_out(task: DesiredTask, run: Run) -> frozenset[int]:
    """Return the instances that have failed and for which nothing is left of `retry.total`.

    The lowest instances get what is left. One that is to have no attempt anyway takes none.
    """
    total = task.retry.total
    if total is None:
        return frozenset()
    waiting = [i for i in task.instances if _asks(task, run, i)]
    used = sum(_used(run, instance) for instance in run.attempts)
    return frozenset(waiting[max(0, total - used) :])


def why_no_more(task: DesiredTask, run: Run, instance: int, unserved: frozenset[int]) -> str | None:
    """Return why an instance that has failed gets no attempt; None where it gets one.

    `unserved` is what `left_out` says of the run.
    """
    last = _last_failure(run, instance)
    if last is None:
        return None
    why = _excluded(task, last) or _exceeded(task, run, instance, last)
    if why is None and instance in unserved:
        return f"{last.reason}; no further attempt is left of the {task.retry.total} of retry.total"
    return why


def may_follow(task: DesiredTask, run: Run, instance: int) -> bool:
    """Whether an attempt whose node is lost may be followed by another one, as a retry."""
    retry = task.retry
    if retry.per_instance is None and task.restart is Restart.NEVER:
        return False
    if retry.total is not None and sum(_used(run, i) for i in run.attempts) >= retry.total:
        return False
    return retry.per_instance is None or len(counted_failures(run, instance)) < retry.per_instance


def _last_failure(run: Run, instance: int) -> Attempt | None:
    """Return the failure that counts and that nothing has been said since."""
    last = last_word(run.attempts_of(instance))
    if last is None or not last.counts_as_failure or last.number <= run.granted.get(instance, 0):
        return None
    return last


def _excluded(task: DesiredTask, last: Attempt) -> str | None:
    """Return why this failure is one that no attempt follows.

    What was told to end by us has no exit code of its own.
    """
    retry, code = task.retry, None if last.stop_requested_at else last.exit_code
    if code is not None and code in retry.never:
        return f"{last.reason}, which retry.exitCodes.fail excludes"
    only = bool(retry.again) and retry.per_instance is None and task.restart is Restart.NEVER
    if not only or code in retry.again:
        return None
    if code is None:
        return f"{last.reason}; retry.exitCodes.retry is for exit codes alone"
    return f"{last.reason}, which retry.exitCodes.retry does not name"


def _exceeded(task: DesiredTask, run: Run, instance: int, last: Attempt) -> str | None:
    limit, count = task.retry.per_instance, failures(run, instance)
    if limit is None or count <= limit:
        return None
    again = f" after {count} attempts" if count > 1 else ""
    left = f"no further attempt is left of the {limit} of retry.perInstance"
    return f"{last.reason}{again}" + (f"; {left}" if limit else "; retry.perInstance is 0")


def _asks(task: DesiredTask, run: Run, instance: int) -> bool:
    """Whether only `retry.total` could deny an instance its next attempt."""
    if not _stands_failed(run, instance) or run.cancel_of(instance) is not None:
        return False
    return why_no_more(task, run, instance, frozenset()) is None


def _used(run: Run, instance: int) -> int:
    """Count the failures that another attempt has followed."""
    count = failures(run, instance)
    return count - 1 if count and _stands_failed(run, instance) else count


def _stands_failed(run: Run, instance: int) -> bool:
    """Whether nothing has come of the instance, or been begun, since its last failure."""
    speaking = (a for a in reversed(run.attempts_of(instance)) if a.result not in _SILENT)
    last = next(speaking, None)
    return last is not None and last in counted_failures(run, instance)
