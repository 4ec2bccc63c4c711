"""Which run a task's instances belong to, and why another one is opened.

A run is one asking for a task's work, and stays the task's as long as that is asked for: other
work, other names in a matrix or a raised `rerun` ask for another one, and of a service another
digest that its image is locked to: within a run an image means one thing. Scheduled tasks have
their own rules, in `firing`.
"""

from collections.abc import Mapping

from reconciler.model.action import Cause
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Fact, RunOpened, SpecSeen
from reconciler.model.run import Run, TaskHistory
from reconciler.planning import cause
from reconciler.planning.scene import Pass
from reconciler.planning.sightings import Seen


def run_of(given: Pass, task: DesiredTask, seen: Seen) -> tuple[Run, Cause | None]:
    """Return the run of what is asked for, or one to be opened together with the reason for it."""
    known = given.history.tasks.get(task.name)
    run = known.run_for(task) if known else None
    if run is not None:
        desired = given.desired
        other = cause.relocked(desired, task, run.digest) if run.resolved else None
        return (next_run(given, task, seen), other) if other else (run, None)
    latest = known.latest() if known else None
    return next_run(given, task, seen), _why_opened(given, task, latest)


def open_runs(task: DesiredTask, known: TaskHistory | None) -> list[Run]:
    """Return the runs that go on, the oldest first; of a task without a schedule the present one.

    A scheduled task may have several, and has none between its firings.
    """
    if known is None:
        return []
    if task.schedule is None:
        run = known.run_for(task)
        return [run] if run else []
    runs = (known.runs[number] for number in sorted(known.unfinished))
    return [run for run in runs if not run.closed]


def next_run(given: Pass, task: DesiredTask, seen: Seen) -> Run:
    """Return a run of what is asked for now that is not on record yet.

    Where that is to run again on purpose, nothing is taken over.
    """
    last = given.history.last_run_of(task.name)
    number = max([last, *(c.run for cs in seen.values() for c in cs)]) + 1
    known = given.history.tasks.get(task.name)
    latest = known.latest() if known else None
    again = latest is not None and latest.rerun != task.rerun
    afresh = given.afresh or again
    return Run(number, task.work.hash, task.rerun, matrix=task.matrix, afresh=afresh)


def opened(
    specs: Mapping[str, str], task: DesiredTask, run: Run, revision: str, now: float
) -> list[Fact]:
    """Return what is put on record of a run that is opened, the words for its work included."""
    facts: list[Fact] = []
    if task.work.hash not in specs:
        facts.append(SpecSeen(task.work.hash, task.work.text))
    facts.append(
        RunOpened(
            task=task.name,
            run=run.number,
            work=run.work,
            rerun=run.rerun,
            reason=run.reason,
            revision=revision,
            at=now,
            nominal=run.nominal,
            matrix=run.matrix,
            afresh=run.afresh,
        )
    )
    return facts


def _why_opened(given: Pass, task: DesiredTask, latest: Run | None) -> Cause:
    if latest is None:
        return cause.stated(given.desired, task, cause.NEW)
    if latest.closed:
        return cause.stated(given.desired, task, "applied again after it was destroyed")
    return why_other(given, task, latest) or cause.stated(given.desired, task, cause.AGAIN)


def why_other(given: Pass, task: DesiredTask, run: Run) -> Cause | None:
    """Word in what a run differs from what is asked for now, None where in nothing."""
    if run.work != task.work.hash:
        specs = {**given.history.specs, task.work.hash: task.work.text}
        return cause.changed(given.desired, task, specs, run.work, task.work.hash)
    if run.matrix != task.matrix:
        was, now = run.matrix, task.matrix
        return cause.moved(given.desired, task, "instances.matrix", was, now, cause.OTHER_VALUES)
    if run.rerun != task.rerun:
        return cause.moved(given.desired, task, "rerun", run.rerun, task.rerun, cause.AGAIN)
    return None
