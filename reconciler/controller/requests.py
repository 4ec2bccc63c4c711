"""What people ask of the writer, as facts. Each request is answered with one sentence.

Decides what `approve`, `stop`, `destroy` and `relearn` mean for the record; the planner then
draws the consequences like those of any other fact.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from reconciler.model.desired import Desired
from reconciler.model.fact import Approved, Destroyed, Fact, Relearned, RunCancelled, RunsClosed
from reconciler.model.history import History, Run


class Judged(Struct, frozen=True):
    """Whether a request is granted, the sentence that answers it, and what goes on record."""

    ok: bool
    message: str
    facts: tuple[Fact, ...] = ()


def _granted(message: str, *facts: Fact) -> Judged:
    return Judged(ok=True, message=message, facts=facts)


def judge(
    verb: str, arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    """Return the answer to a request."""
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
    run = _open_run(desired, history, name)
    if run is None:
        return Judged(ok=False, message=_no_run(name, history))
    if instance is not None and instance not in desired.tasks[name].instances:
        return Judged(ok=False, message=f"task {name} has no instance {instance}")
    target = name if instance is None else f"{name}/{instance}"
    fact = RunCancelled(name, run.number, instance, "stopped by request", now)
    return _granted(f"{target} is stopped in run {run.number}", fact)


def _destroy(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    del arguments
    closed = [
        RunsClosed(name, now)
        for name, task in sorted(history.tasks.items())
        if any(not run.closed for run in task.runs.values())
    ]
    message = f"everything of project {desired.project} is torn down"
    return _granted(message, Destroyed(desired.revision, now), *closed)


def _relearn(
    arguments: Mapping[str, object], desired: Desired, history: History, now: float
) -> Judged:
    del arguments, desired
    if not history.lost:
        return Judged(ok=False, message="the ledger was not lost: there is nothing to confirm")
    message = "what Docker shows is confirmed; batch work goes on"
    return _granted(message, Relearned(confirmed=True, at=now))


def _open_run(desired: Desired, history: History, name: str) -> Run | None:
    task, known = desired.tasks.get(name), history.tasks.get(name)
    if task is None or known is None:
        return None
    return known.run_for(task.work.hash, task.rerun)


def _no_run(name: str, history: History) -> str:
    if name in history.tasks:
        return f"task {name} has nothing to stop: no run of what is asked for now is open"
    import difflib  # noqa: PLC0415  # only mistakes need it

    near = difflib.get_close_matches(name, history.tasks, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"there is no task {name}{meant}"


_Handler = Callable[[Mapping[str, object], Desired, History, float], Judged]
_VERBS: dict[str, _Handler] = {
    "approve": _approve,
    "stop": _stop,
    "destroy": _destroy,
    "relearn": _relearn,
}
