"""What another number of instances means for those that have completed and saw the old one.

With `onScale: keep` a completion counts whatever its program was told. With `rerun` it counts
for the number of instances that it was told of: another number runs it again within the run,
once, and going back to a number finds it complete. Must not know when there is room.
"""

from collections.abc import Mapping

from reconciler.model.action import Cause
from reconciler.model.desired import Desired, DesiredTask, OnScale
from reconciler.model.fact import Result, RetryGranted
from reconciler.model.history import History
from reconciler.model.run import Attempt, Run, TaskHistory
from reconciler.planning import cause
from reconciler.planning.scene import Scene, Slot


def done(task: DesiredTask, run: Run, instance: int) -> bool:
    """Whether an instance has done in a run what is asked of it. A service never has.

    Where instances work as one, the master's success is that of all.
    """
    if task.service:
        return False
    led = task.master is not None and _stands(task, run, task.master)
    return led or _stands(task, run, instance)


def _stands(task: DesiredTask, run: Run, instance: int) -> bool:
    """Whether an instance has succeeded itself, with the number that counts."""
    if not run.succeeded(instance):
        return False
    return task.on_scale is OnScale.KEEP or _told_so(task, run, instance)


def why_rescaled(scene: Scene, slot: Slot) -> Cause | None:
    """Word why an instance that has completed runs again; None of any other."""
    last = _success(scene.run, slot.key.instance)
    if last is None or scene.task.service:
        return None
    count = len(scene.task.instances)
    desired, task = scene.given.desired, scene.task
    return cause.moved(desired, task, "instances", last.count, count, cause.RESCALED)


def granted(scene: Scene, slot: Slot) -> list[RetryGranted]:
    """Return what is put on record before a completed instance runs again: a fresh start."""
    last = slot.last
    if last is None or last.result is not Result.SUCCEEDED or scene.task.service:
        return []
    key, now = slot.key, scene.given.now
    return [RetryGranted(key.task, scene.run.number, key.instance, last.number, now)]


def rescaled(task: DesiredTask, known: TaskHistory, run: Run) -> list[int]:
    """Return which completed instances a number that is not acted on yet runs again."""
    if task.on_scale is OnScale.KEEP or known.instances in {None, len(task.instances)}:
        return []
    return [i for i in task.instances if run.succeeded(i) and not done(task, run, i)]


def left_alone(desired: Desired, history: History) -> Mapping[str, str]:
    """Return by task what a new number of instances does not concern: what has completed."""
    found = {}
    for name, task in desired.tasks.items():
        known = history.tasks.get(name)
        run = known.run_for(task) if known else None
        if known is None or run is None or known.instances == len(task.instances):
            continue
        kept = [i for i in task.instances if done(task, run, i) and not _told_so(task, run, i)]
        if kept:
            found[name] = _sentence(task, run, kept)
    return found


def _sentence(task: DesiredTask, run: Run, kept: list[int]) -> str:
    told = {last.count for i in kept if (last := _success(run, i))}
    counts = ", ".join(map(str, sorted(told)))
    who = "1 instance" if len(kept) == 1 else f"{len(kept)} instances"
    return (
        f"{who} completed with INSTANCE_COUNT {counts}, and there are {len(task.instances)} now;"
        f" onScale is {task.on_scale}"
    )


def _told_so(task: DesiredTask, run: Run, instance: int) -> bool:
    """Whether a completion is not known to have seen another number of instances."""
    wanted = {0, len(task.instances)}
    attempts = run.attempts_of(instance)
    return any(a.result is Result.SUCCEEDED and a.count in wanted for a in attempts)


def _success(run: Run, instance: int) -> Attempt | None:
    attempts = run.attempts_of(instance)
    return next((a for a in reversed(attempts) if a.result is Result.SUCCEEDED), None)
