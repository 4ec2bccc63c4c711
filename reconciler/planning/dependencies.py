"""When a run may begin: once each task that it waits for has come to what it is waited for.

A run that has begun is not asked again, whatever becomes of the others. One whose condition
cannot be met any more is ended, for as long as that is so.
"""

from typing import Final

from reconciler.model.desired import Condition, Dependency, DesiredTask
from reconciler.model.fact import Result
from reconciler.model.milestone import Milestone, Reached
from reconciler.model.run import Run
from reconciler.planning.milestones import how_far, reached
from reconciler.planning.scene import Bar, Pass

_MET: Final = {
    Condition.SUCCESS: {Milestone.SUCCEEDED, Milestone.READY},
    Condition.FAILURE: {Milestone.FAILED},
    Condition.CANCELLED: {Milestone.CANCELLED},
    Condition.ANY: {Milestone.SUCCEEDED, Milestone.FAILED, Milestone.CANCELLED},
}
# What a task is waited to do, and does.
_WORDS: Final = {
    Condition.SUCCESS: ("succeed", "succeeds"),
    Condition.FAILURE: ("fail", "fails"),
    Condition.CANCELLED: ("be cancelled", "is cancelled"),
    Condition.ANY: ("end", "ends"),
}
_READY: Final = ("be ready", "is ready")
_HAS: Final = {
    Milestone.SUCCEEDED: "has succeeded",
    Milestone.FAILED: "has failed",
    Milestone.CANCELLED: "was cancelled",
}
_NAMED: Final = 3


def begun(run: Run) -> bool:
    """Whether a run has had an attempt."""
    return bool(run.attempts)


def awaited(given: Pass, task: DesiredTask) -> Bar | None:
    """Return what a run that has not begun waits for, or has waited for in vain; None to begin."""
    bars = [bar for one in task.depends_on if (bar := _bar(given, one)) is not None]
    return next((bar for bar in bars if bar.ends), bars[0] if bars else None)


def after(given: Pass, task: DesiredTask) -> str:
    """Word what a run comes after, as in `after task prepare succeeds`; empty for nothing."""
    said = [f"task {one.task} {_words(given, one)[1]}" for one in task.depends_on[:_NAMED]]
    if not said:
        return ""
    more = len(task.depends_on) - len(said)
    if more:
        return f"after {', '.join(said)} and {more} more"
    return f"after {' and '.join([', '.join(said[:-1]), said[-1]] if said[1:] else said)}"


def _bar(given: Pass, wanted: Dependency) -> Bar | None:
    name, found = wanted.task, reached(given, wanted.task)
    if found is not None and found.milestone in _MET[wanted.condition]:
        return None
    verb = _words(given, wanted)[0]
    if found is None or found.milestone is Milestone.READY:
        far = how_far(given, given.desired.tasks[name])
        return Bar(name, f"waits for task {name} to {verb}: {far}")
    reason = f"waited for task {name} to {verb}, which {_end(given, name, found)}"
    return Bar(name, reason, Result.CANCELLED, passing=True)


def _end(given: Pass, name: str, found: Reached) -> str:
    """Word how a task has ended, and why, unless that is once more what others have come to."""
    run = given.present_run(given.desired.tasks[name])
    cancel = run.cancels.get(None) if run else None
    if found.milestone is Milestone.SUCCEEDED or (cancel is not None and cancel.passing):
        return _HAS[found.milestone]
    return f"{_HAS[found.milestone]}: {found.reason}"


def _words(given: Pass, wanted: Dependency) -> tuple[str, str]:
    service = given.desired.tasks[wanted.task].service
    return _READY if service and wanted.condition is Condition.SUCCESS else _WORDS[wanted.condition]
