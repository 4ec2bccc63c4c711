"""From the name that a user types to the task or instance that is meant.

Decides which names are known: what is asked for, what runs, and what is on record.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from reconciler.cli.exits import Failure
from reconciler.cli.options import Target
from reconciler.model.quantities import format_ranges

if TYPE_CHECKING:
    from reconciler.controller.reading import Report


def require(report: "Report", target: Target) -> None:
    """Refuse a target that nobody has ever heard of, and name the nearest that exists.

    Raises:
        Failure: when there is no such task, instance or job.
    """
    if target.job:
        _require_job(report, target.job)
        return
    tasks = known_tasks(report)
    if target.task not in tasks:
        raise Failure(_no_task(target, tasks, report))
    numbers = known_instances(report, target.task)
    if target.instance is not None and target.instance not in numbers:
        has = f"has {format_ranges(tuple(numbers))}" if numbers else "has none"
        raise Failure(f"task {target.task} has no instance {target.instance}; it {has}")


def or_job(report: "Report", target: Target) -> Target:
    """Return the job of this name where there is no such task, else the target as it is."""
    unknown = target.task and target.instance is None and target.task not in known_tasks(report)
    named = Target("", job=target.task)
    return named if unknown and tasks_meant(report, named) else target


def tasks_meant(report: "Report", target: Target) -> list[str]:
    """Return the names of the tasks that a target means, by name."""
    if not target.job:
        return [target.task]
    tasks = report.desired.tasks.values()
    return sorted(task.name for task in tasks if task.job == target.job)


def known_tasks(report: "Report") -> list[str]:
    """Return the names of all tasks that are asked for, run, or are on record."""
    shown = {v.key.task for v in report.plan.verdicts}
    return sorted({*report.desired.tasks, *shown, *report.history.tasks})


def known_instances(report: "Report", task: str) -> list[int]:
    """Return the ids of all instances of a task, ascending."""
    wanted = report.desired.tasks.get(task)
    known = report.history.tasks.get(task)
    numbers = set(wanted.instances) if wanted else set()
    numbers |= {v.key.instance for v in report.plan.verdicts if v.key.task == task}
    for run in known.runs.values() if known else ():
        numbers |= run.attempts.keys()
    return sorted(numbers)


def _require_job(report: "Report", name: str) -> None:
    jobs = sorted({task.job for task in report.desired.tasks.values() if task.job})
    if name not in jobs:
        raise Failure(f"there is no job {name}; known: {', '.join(jobs[:8]) or 'none'}")


def _no_task(target: Target, tasks: Collection[str], report: "Report") -> str:
    import difflib  # noqa: PLC0415  # only mistakes need it

    near = difflib.get_close_matches(target.task, tasks, n=1)
    if near:
        return f"there is no task {target.task}; did you mean {near[0]}?"
    if not report.recorded:
        return f"there is no task {target.task}: nothing has been applied from here yet"
    known = ", ".join(list(tasks)[:8]) or "none"
    return f"there is no task {target.task}; known: {known}"
