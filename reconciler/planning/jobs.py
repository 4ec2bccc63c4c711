"""What a job's tasks mean to each other: a failure that stops the others, and the job's deadline.

A job is as the present runs of its tasks are. Its time counts from the first start among the
runs that go on and those that were not over when the first of these was opened, so that what
completed long ago leaves a new run all the time there is.
"""

from collections.abc import Iterable, Iterator

from reconciler.model.desired import Condition, DesiredJob, DesiredTask
from reconciler.model.fact import Result
from reconciler.model.milestone import Milestone
from reconciler.model.quantities import format_duration
from reconciler.model.run import Run
from reconciler.planning.milestones import reached, unfinished
from reconciler.planning.scene import Bar, Pass


def mates_bar(given: Pass, task: DesiredTask) -> Bar | None:
    """Return why a task's unfinished run is ended for what its job has come to."""
    job = given.desired.jobs.get(task.job)
    if job is None:
        return None
    broken = _broken(given, job) if job.cancel and not _is_for_failures(task) else ""
    if broken:
        reason = f"task {broken} of job {job.name} has failed"
        return Bar(broken, reason, Result.CANCELLED, passing=True)
    end = times_up(given, job) if job.deadline else None
    if end is None or given.now < end:
        return None
    length = format_duration(job.deadline)
    return Bar("", f"job {job.name}'s deadline of {length} has passed", Result.FAILED)


def times_up(given: Pass, job: DesiredJob) -> float | None:
    """Return when a job's time is up, None while nothing of it has started, or goes on."""
    if job.name not in given.notes.times_up:
        began = _began(_counted(given, job))
        given.notes.times_up[job.name] = None if began is None else began + job.deadline
    return given.notes.times_up[job.name]


def deadlines(given: Pass, names: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Yield the tasks of the jobs that planned tasks belong to, and when time will be up for each.

    One that is not among those planned is to be looked at even where that has been.
    """
    tasks, jobs, planned = given.desired.tasks, given.desired.jobs, set(names)
    concerned = {tasks[name].job for name in planned if name in tasks}
    for job in sorted(name for name in concerned if name in jobs and jobs[name].deadline):
        end = times_up(given, jobs[job])
        if end is not None:
            late = given.now >= end
            members = given.desired.members[job]
            yield from (
                (m, end) for m in members if not (late and m in planned) and _open(given, m)
            )


def _open(given: Pass, name: str) -> bool:
    """Whether a task's present run goes on, and nothing has asked for its end."""
    task = given.desired.tasks[name]
    run = given.present_run(task)
    return bool(run and not task.blocked and None not in run.cancels and unfinished(given, name))


def _broken(given: Pass, job: DesiredJob) -> str:
    """Return the first of a job's tasks that has failed, empty for none."""
    if job.name not in given.notes.broken:
        failed = (name for name in given.desired.members[job.name] if _failed(given, name))
        given.notes.broken[job.name] = next(failed, "")
    return given.notes.broken[job.name]


def _failed(given: Pass, name: str) -> bool:
    found = reached(given, name)
    return found is not None and found.milestone is Milestone.FAILED


def _is_for_failures(task: DesiredTask) -> bool:
    """Whether a task waits for another end than a success: it is for when things go wrong."""
    return any(one.condition is not Condition.SUCCESS for one in task.depends_on)


def _counted(given: Pass, job: DesiredJob) -> list[Run]:
    """Return the runs that the job's time is made of, none where nothing of it goes on."""
    going_on, over = list[Run](), list[Run]()
    for name in given.desired.members[job.name]:
        run = given.present_run(given.desired.tasks[name])
        if run is not None:
            (going_on if unfinished(given, name) else over).append(run)
    since = min((max(run.opened_at, run.resumed_at) for run in going_on), default=None)
    return [*going_on, *(run for run in over if since is not None and _over_at(run) >= since)]


def _over_at(run: Run) -> float:
    ends = [attempts[-1].ended_at for attempts in run.attempts.values()]
    return max([*ends, *(cancel.at for cancel in run.cancels.values())], default=run.opened_at)


def _began(runs: Iterable[Run]) -> float | None:
    """Return the first start, of a run that was ended and goes on the first one since."""
    starts = (
        attempt.start_requested_at
        for run in runs
        for attempts in run.attempts.values()
        for attempt in attempts
        if attempt.start_requested_at and attempt.start_requested_at >= run.resumed_at
    )
    return min(starts, default=None)
