"""What is too large to happen without a person: mass teardown and mass re-run.

Live instances of vanished tasks, or completed instances that would run again, wait when they
are more than a share of the project's and more than a number: half and five, unless the source
says otherwise. Scale-down, replacement and destroy are never held. An approval holds for one
revision; a later one is judged anew.
"""

from collections.abc import Iterable, Mapping

from reconciler.model.action import Hold
from reconciler.model.desired import DesiredTask, HoldLimits
from reconciler.planning.rescaling import rescaled
from reconciler.planning.scene import Pass
from reconciler.planning.suspending import suspense_of


def teardown_hold(given: Pass, names: Iterable[str]) -> Hold | None:
    """Hold the teardown of vanished tasks where they are most of what runs.

    `names` are the tasks that are planned: where none of them has vanished, none has since the
    others were judged.
    """
    if _free(given) or all(name in given.desired.tasks for name in names):
        return None
    gone = [task for task in given.seen.tasks() if task not in given.desired.tasks]
    live = {task: _live(given, task) for task in gone if not _settled(given, task)}
    vanished = {task: count for task, count in live.items() if count}
    total = given.seen.live
    return _held(given, "teardown", vanished, total, "running instances would be torn down")


def rerun_hold(given: Pass, names: Iterable[str]) -> Hold | None:
    """Hold new runs of completed work where they are most of what has completed.

    `names` are the tasks that are planned: whatever else would run again has its run by now.
    """
    if _free(given):
        return None
    tasks = [given.desired.tasks[name] for name in names if name in given.desired.tasks]
    due = {task.name: n for task in tasks if (n := would_rerun(given, task))}
    if not due:
        return None
    total = sum(_completed(given, name) for name in given.history.tasks)
    return _held(given, "rerun", due, total, "completed would run again")


def would_rerun(given: Pass, task: DesiredTask) -> int:
    """Count the instances that have completed and would start over, in a new run or their own."""
    known = given.history.tasks.get(task.name)
    if task.service or task.blocked or task.schedule or suspense_of(given.history, task, given.now):
        return 0
    if known is None:
        return 0
    run = known.run_for(task)
    if run is not None:
        return len(rescaled(task, known, run))
    latest = known.latest()
    if latest is None or latest.closed:
        return 0
    if latest.matrix != task.matrix:  # the same work with other values: ids tell nothing
        return min(_completed(given, task.name), len(task.instances))
    return sum(latest.succeeded(i) for i in task.instances)


def _live(given: Pass, name: str) -> int:
    return sum(c.live for containers in given.seen.of(name).values() for c in containers)


def _completed(given: Pass, name: str) -> int:
    latest = given.history.tasks[name].latest()
    if latest is None or latest.closed:
        return 0
    return sum(latest.succeeded(i) for i in latest.attempts)


def _settled(given: Pass, name: str) -> bool:
    """Whether a vanished task stays anyhow, or a person has asked for its end."""
    known = given.history.tasks.get(name)
    latest = known.latest() if known else None
    return known is not None and (known.protected or (latest is not None and latest.closed))


def _free(given: Pass) -> bool:
    """Whether a person has allowed this revision's teardown and re-runs, or asked for them."""
    history, revision = given.history, given.desired.revision
    return history.destroyed(revision) or (bool(revision) and revision == history.approved_revision)


def too_much(limits: HoldLimits, count: int, total: int) -> bool:
    """Whether so many of so many do not change without a person."""
    return count > limits.instances and count > limits.share * total


def _held(given: Pass, kind: str, counts: Mapping[str, int], total: int, what: str) -> Hold | None:
    count = sum(counts.values())
    if not too_much(given.desired.hold, count, total):
        return None
    names = tuple(sorted(counts))
    message = f"held: {count} of {total} {what} ({', '.join(names)}); `approve` allows it"
    return Hold(kind, count, total, names, message)
