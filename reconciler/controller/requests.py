"""What people ask of the writer, as facts. Each request is answered with one sentence.

Decides what `approve`, `stop`, `suspend`, `pin`, `destroy` and their like mean for the record;
the planner then draws the consequences like those of any other fact.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler.model.desired import Desired
from reconciler.model.fact import (
    Approved,
    Destroyed,
    Fact,
    Pinned,
    Relearned,
    Resumed,
    RunCancelled,
    RunsClosed,
    Suspended,
    TaskProtected,
)
from reconciler.model.history import History
from reconciler.model.quantities import format_ranges
from reconciler.model.run import Run
from reconciler.model.suspension import target_of, wording_of
from reconciler.planning.runs import open_runs
from reconciler.planning.suspending import suspense_of

_NAMED: Final = 5
_LATEST: Final = 253_370_764_800.0  # the year 9999 begins: what comes later has no date


class Judged(Struct, frozen=True):
    """Whether a request is granted, the sentence that answers it, and what goes on record.

    `reread`: the source is to be read now. `look`: everything is to be looked at and planned.
    """

    ok: bool
    message: str
    facts: tuple[Fact, ...] = ()
    reread: bool = False
    look: bool = False


def _granted(message: str, *facts: Fact) -> Judged:
    return Judged(ok=True, message=message, facts=facts)


def judge(  # the request, and all that it is judged by
    verb: str,
    arguments: Mapping[str, object],
    desired: Desired,
    history: History,
    now: float,
    kept: Sequence[str] = (),
) -> Judged:
    """Return the answer to a request. `kept` are the revisions that can be gone back to."""
    if verb == "pin":
        return _pin(str(arguments.get("revision", "")), kept, now)
    handler = _VERBS.get(verb)
    if handler is None:
        return Judged(ok=False, message=f"this reconciler does not know the request {verb!r}")
    return handler(arguments, desired, history, now)


def _approve(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    asked = str(arguments.get("revision") or desired.revision)
    if asked != desired.revision:
        message = f"revision {asked} is not in force any more; {desired.revision} is"
        return Judged(ok=False, message=message)
    del history
    return _granted(f"revision {asked} is approved", Approved(asked, now))


def _stop(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    name = str(arguments.get("task", ""))
    raw = arguments.get("instance")
    instance = int(str(raw)) if raw is not None else None
    runs = _open_runs(desired, history, name)
    if not runs:
        return Judged(ok=False, message=_no_run(name, history))
    if instance is not None and instance not in desired.tasks[name].instances:
        return Judged(ok=False, message=f"task {name} has no instance {instance}")
    target = name if instance is None else f"{name}/{instance}"
    facts = [RunCancelled(name, r.number, instance, "stopped by request", now) for r in runs]
    numbers = format_ranges(tuple(run.number for run in runs))
    return _granted(f"{target} is stopped in run {numbers}", *facts)


def _destroy(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    chosen = arguments.get("tasks")
    if isinstance(chosen, list):
        return _destroy_tasks([str(name) for name in chosen], desired, history, now)
    if not desired.revision:
        message = "no revision is in force to be destroyed: end the one that runs, and ask again"
        return Judged(ok=False, message=message)
    closed = [
        RunsClosed(name, now)
        for name, task in sorted(history.tasks.items())
        if any(not run.closed for run in task.runs.values())
    ]
    message = f"everything of project {desired.project} is torn down"
    return _granted(message, Destroyed(desired.revision, now), *closed)


def _destroy_tasks(names: list[str], desired: Desired, history: History, now: float) -> Judged:
    """Let go of tasks that only protection, or a hold, keeps."""
    for name in names:
        if name in desired.tasks:
            at = desired.tasks[name].at
            message = f"task {name} is asked for at {at}: remove it there, or suspend it"
            return Judged(ok=False, message=message)
        if name not in history.tasks:
            return Judged(ok=False, message=_no_run(name, history))
    facts = [f for name in names for f in (TaskProtected(name, protected=False, at=now),
                                           RunsClosed(name, now))]  # fmt: skip
    return _granted(f"{', '.join(names)}: everything of it is torn down", *facts)


def _pin(name: str, kept: Sequence[str], now: float) -> Judged:
    found = list(dict.fromkeys(r for r in kept if r == name or (name and r.startswith(name))))
    if name in found:
        found = [name]
    if len(found) == 1:
        message = f"revision {found[0]} is pinned: it stays in force whatever the source says"
        return Judged(ok=True, message=message, facts=(Pinned(found[0], now),), reread=True)
    if found:
        return Judged(ok=False, message=f"{name} may be any of {', '.join(found)}: give more of it")
    known = f"; kept: {', '.join(kept[:_NAMED])}" if kept else ""
    return Judged(ok=False, message=f"no revision {name} is kept to go back to{known}")


def _unpin(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    del arguments, desired
    if not history.pinned_revision:
        return Judged(ok=False, message="no revision is pinned")
    message = f"revision {history.pinned_revision} is not pinned any more: the source decides"
    return Judged(ok=True, message=message, facts=(Pinned("", now),), reread=True)


def _reconcile(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    del arguments, desired, history, now
    message = "the source and every node are looked at now"
    return Judged(ok=True, message=message, reread=True, look=True)


def _suspend(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    target, until = str(arguments.get("target", "")), float(str(arguments.get("until") or 0.0))
    refusal = _no_target(target, desired, history)
    if not refusal and 0.0 < until <= now:
        refusal = "that time has passed already"
    if not refusal and not 0.0 <= until <= _LATEST:
        refusal = "that is no time to wait for: leave it out for no end"
    if refusal:
        return Judged(ok=False, message=refusal)
    stop = bool(arguments.get("stop"))
    fact = Suspended(target, now, until, str(arguments.get("reason") or ""), stop)
    rest = "what runs of batch is stopped" if stop else "what runs goes on"
    return _granted(f"{wording_of(target)} is suspended: nothing new is created, {rest}", fact)


def _resume(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
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
        return Judged(ok=False, message=message)
    rest = f"; but {still}" if still else ""
    return _granted(f"{wording_of(target)} is resumed{rest}", *facts)


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
        jobs = sorted({task.job for task in desired.tasks.values() if task.job})
        return "" if name in jobs else f"there is no job {name}{_meant(name, jobs)}"
    if kind == "task" and name not in desired.tasks:
        if name in history.tasks:
            return f"task {name} is not asked for any more"
        return f"there is no task {name}{_meant(name, desired.tasks)}"
    return ""


def _relearn(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    del arguments, desired
    if not history.lost:
        return Judged(ok=False, message="the ledger was not lost: there is nothing to confirm")
    message = "what Docker shows is confirmed; batch work goes on"
    return _granted(message, Relearned(confirmed=True, at=now))


def _open_runs(desired: Desired, history: History, name: str) -> list[Run]:
    task = desired.tasks.get(name)
    return open_runs(task, history.tasks.get(name)) if task else []


def _no_run(name: str, history: History) -> str:
    if name in history.tasks:
        return f"task {name} has nothing to stop: no run of what is asked for now is open"
    return f"there is no task {name}{_meant(name, history.tasks)}"


def _meant(name: str, known: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415  # only mistakes need it

    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


_Handler = Callable[[Mapping[str, object], Desired, History, float], Judged]
_VERBS: dict[str, _Handler] = {
    "approve": _approve,
    "stop": _stop,
    "destroy": _destroy,
    "relearn": _relearn,
    "unpin": _unpin,
    "reconcile": _reconcile,
    "suspend": _suspend,
    "resume": _resume,
}
