"""`suspend` and `resume`: whether anything new is created for a task, a job or everything."""

from typing import Final

from msgspec.structs import replace

from reconciler.controller.requests.judged import Arguments, Judged, granted, refused
from reconciler.controller.requests.naming import no_job, no_task
from reconciler.model.desired import Desired
from reconciler.model.fact import Resumed, Suspended
from reconciler.model.history import History
from reconciler.model.suspension import target_of, wording_of
from reconciler.planning.suspending import suspense_of

_LATEST: Final = 253_370_764_800.0  # the year 9999 begins: what comes later has no date


def suspend(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Create nothing new for a target from now on."""
    target, until = str(arguments.get("target", "")), _end(arguments, now)
    refusal = _no_target(target, desired, history)
    if not refusal and 0.0 < until <= now:
        refusal = "that time has passed already"
    if not refusal and not 0.0 <= until <= _LATEST:
        refusal = "that is no time to wait for: leave it out for no end"
    if refusal:
        return refused(refusal)
    stop = bool(arguments.get("stop"))
    fact = Suspended(target, now, until, str(arguments.get("reason") or ""), stop)
    rest = "what runs of batch is stopped" if stop else "what runs goes on"
    return granted(f"{wording_of(target)} is suspended: nothing new is created, {rest}", fact)


def resume(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """End the suspension of a target, or every one."""
    target = str(arguments.get("target", ""))
    over = [target] if target in history.suspensions else []
    if not target:
        over = sorted(history.suspensions)
    facts = [Resumed(name, now, "by request") for name in over]
    left = replace(history, suspensions={
        name: known for name, known in history.suspensions.items() if name not in over
    })  # fmt: skip
    still = _still_suspended(target, desired, left, now)
    if not facts:
        refusal = _no_target(target, desired, history)
        message = refusal or still or f"{wording_of(target)} is not suspended"
        return refused(message)
    rest = f"; but {still}" if still else ""
    return granted(f"{wording_of(target)} is resumed{rest}", *facts)


def _end(arguments: Arguments, now: float) -> float:
    """Return when a suspension ends by itself: at a date, or after so many seconds; 0.0 never."""
    lasting = float(str(arguments.get("lasting") or 0.0))
    return now + lasting if lasting else float(str(arguments.get("until") or 0.0))


def _still_suspended(target: str, desired: Desired, history: History, now: float) -> str:
    """Say which of the tasks meant something else suspends, empty for none."""
    for task in desired.tasks.values():
        meant = target in {"", target_of(task=task.name), target_of(job=task.job)}
        suspense = suspense_of(history, task, now) if meant else None
        if suspense is not None:
            return f"task {task.name} is {suspense.reason}"
    return ""


def _no_target(target: str, desired: Desired, history: History) -> str:
    """Return why nothing can be suspended under this name, empty where something can."""
    kind, _, name = target.partition("/")
    if kind == "job":
        return no_job(name, desired)
    if kind == "task" and name not in desired.tasks:
        return no_task(name, desired, history)
    return ""
