"""`stop`, `retry`, `rerun`: a run is ended, what failed of it goes on, or another one is opened.

Decides by the record alone. What a person has stopped stays so until the same is named again.
"""

from collections.abc import Iterator, Sequence

from reconciler.controller.requests.discarding import given_up
from reconciler.controller.requests.judged import Arguments, Judged, granted, refused
from reconciler.controller.requests.naming import Named, going, present_run
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.fact import Fact, Result, RetryGranted, RunCancelled
from reconciler.model.history import History
from reconciler.model.quantities import format_ranges
from reconciler.model.run import Run
from reconciler.planning.runs import opened

BY_REQUEST = "stopped by request"
_SILENT = {None, Result.CANCELLED, Result.BURNT}


def stop(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """End the present run of a task, of one instance, or of each task of a job.

    `discard` gives up results that are not stored, also of what is not asked for any more.
    """
    named = Named.of(arguments)
    unknown = named.unknown(desired, history)
    discarded = given_up(named, desired, history, now) if arguments.get("discard") else []
    if unknown and not discarded:
        return refused(unknown)
    ended = [] if unknown else _ended(named, desired, history, now)
    if not ended and not discarded:
        return refused(f"{named} has nothing to stop: no run of what is asked for now is open")
    said = [f"{named} is stopped{_where(named, ended)}"] if ended else []
    if discarded:
        instances = sorted({str(fact.attempt.key) for fact in discarded})
        said.append(f"results that are not stored are given up of {', '.join(instances)}")
    return granted("; ".join(said), *ended, *discarded)


def _ended(named: Named, desired: Desired, history: History, now: float) -> list[RunCancelled]:
    return [
        RunCancelled(name, run.number, named.instance, BY_REQUEST, now, asked=str(named))
        for name in named.tasks(desired)
        for run in going(desired, history, name)
    ]


def _where(named: Named, ended: Sequence[RunCancelled]) -> str:
    """Word which tasks of a job are stopped, or which runs of a task."""
    if named.job:
        return f": {', '.join(dict.fromkeys(fact.task for fact in ended))}"
    return f" in run {format_ranges(tuple(fact.run for fact in ended))}"


def retry(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Let what has failed in the present runs go on, with all its attempts before it."""
    named = Named.of(arguments)
    unknown = named.unknown(desired, history)
    if unknown:
        return refused(unknown)
    facts: list[RetryGranted] = []
    stopped: list[str] = []
    for name in named.tasks(desired):
        run = present_run(desired, history, name)
        if run is not None:
            facts += _allowed(named, desired.tasks[name], run, now)
            stopped += _kept_stopped(named, desired.tasks[name], run)
    rest = f"; stopped by request, and to be named to go on: {', '.join(stopped)}"
    if not facts:
        if in_vain := _ended_for_others(named, desired, history):
            return refused(f"{named}: {in_vain}; it goes on by itself once that is no longer so")
        message = f"nothing of {named} has failed in its present run"
        return refused(f"{message}{rest if stopped else '; `rerun` runs all of it again'}")
    said = ", ".join(_told(facts, name) for name in dict.fromkeys(fact.task for fact in facts))
    return granted(f"{said}{rest if stopped else ''}", *facts)


def rerun(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Open a new run of the present work, of a task or of each task of a job."""
    named = Named.of(arguments)
    refusal = named.unknown(desired, history) or _no_rerun(named, desired, history)
    if refusal:
        return refused(refusal)
    facts: list[Fact] = []
    said = []
    for name in named.tasks(desired):
        task, number = desired.tasks[name], history.last_run_of(name) + 1
        why = "run again by request"
        run = Run(number, task.work.hash, task.rerun, why, matrix=task.matrix, afresh=True)
        facts += opened(history.specs, task, run, desired.revision, now)
        said.append(f"{name} runs again, as run {number}")
    return granted(", ".join(said), *facts)


def _no_rerun(named: Named, desired: Desired, history: History) -> str:
    """Return why no run can be opened, empty where one can."""
    if named.instance is not None:
        return f"a run is one of a whole task: `rerun {named.task}`, or `retry {named}`"
    if history.destroyed_revision and history.destroyed_revision == desired.revision:
        return "everything was destroyed; the next `apply` brings it back"
    if history.lost:
        return "the ledger was lost: what has run before is not known; see `relearn`"
    blocked = (task for name in named.tasks(desired) if (task := desired.tasks[name]).blocked)
    return next((f"task {task.name} is {task.blocked}" for task in blocked), "")


def _allowed(named: Named, task: DesiredTask, run: Run, now: float) -> Iterator[RetryGranted]:
    """Yield what lets a run go on: as a whole where that was ended, and each instance."""
    if None in run.cancels:
        if not _may_lift(named, run, None):
            return
        if not run.cancels[None].passing:  # such an end is lifted when it has no cause any more
            yield RetryGranted(task.name, run.number, None, 0, now)
    for instance in _meant(named, task):
        lifted = instance in run.cancels and _may_lift(named, run, instance)
        if lifted or (_failed(run, instance) and instance not in run.cancels):
            attempts = run.attempts_of(instance)
            last = attempts[-1].number if attempts else 0
            yield RetryGranted(task.name, run.number, instance, last, now)


def _ended_for_others(named: Named, desired: Desired, history: History) -> str:
    """Return what ended a task's run for what another one has come to, empty where nothing did."""
    runs = (present_run(desired, history, name) for name in named.tasks(desired))
    cancels = (run.cancels.get(None) for run in runs if run is not None)
    return next((cancel.reason for cancel in cancels if cancel and cancel.passing), "")


def _kept_stopped(named: Named, task: DesiredTask, run: Run) -> list[str]:
    """Return the targets that a person has stopped, and that are not the ones named."""
    if None in run.cancels and not _may_lift(named, run, None):
        return [task.name]
    return [
        f"{task.name}/{instance}"
        for instance in _meant(named, task)
        if instance in run.cancels and not _may_lift(named, run, instance)
    ]


def _may_lift(named: Named, run: Run, instance: int | None) -> bool:
    """Whether what ended a run or an instance is undone: a person's stop only by its own name."""
    if instance is None and named.instance is not None:
        return False
    asked = run.cancels[instance].asked
    if not asked or asked == str(named):
        return True
    return not named.job and named.instance == instance


def _meant(named: Named, task: DesiredTask) -> tuple[int, ...]:
    return task.instances if named.instance is None else (named.instance,)


def _failed(run: Run, instance: int) -> bool:
    """Whether the instance's last word is a failure that counts, with nothing begun since."""
    if run.succeeded(instance):
        return False
    known = run.attempts_of(instance)
    if not known or not known[-1].ended:
        return False
    last = next((a for a in reversed(known) if a.result not in _SILENT), None)
    count_from = run.granted.get(instance, 0)
    return last is not None and last.counts_as_failure and last.number > count_from


def _told(facts: list[RetryGranted], name: str) -> str:
    """Word what goes on of one task."""
    mine = [fact for fact in facts if fact.task == name]
    instances = tuple(fact.instance for fact in mine if fact.instance is not None)
    where = f"in run {mine[0].run}"
    if not instances:
        return f"{name} goes on {where}"
    return f"{name}/{format_ranges(instances)} goes on {where}"
