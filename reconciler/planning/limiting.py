"""What has taken too long: an attempt that runs on, an instance that waits for room on a node.

Times are differences of `now`, which no setting of a clock moves. An attempt's time begins when
it is first seen to run. Waiting for room begins when an instance lacks nothing else; waits for
other tasks, for a place under parallelism, for a pause or for a person are none of it, and
after any of them it begins anew.
"""

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from reconciler.model.action import InstanceState
from reconciler.model.fact import AttemptStarted, Fact, Result, RoomAwaited, RunCancelled
from reconciler.model.identity import InstanceKey
from reconciler.model.observed import Container
from reconciler.model.quantities import format_duration
from reconciler.planning import cause
from reconciler.planning.ending import end
from reconciler.planning.scene import Pass, Refusal, Scene, Slot
from reconciler.planning.step import Step


def overdue(scene: Scene, slot: Slot) -> Step | None:
    """An attempt has run longer than `timeout`: it is stopped, and has failed."""
    for container in slot.containers:
        limit = _ends_at(scene, container)
        if limit is not None and scene.given.now >= limit:
            reason = f"ran longer than timeout {format_duration(scene.task.timeout)}"
            why = cause.stated(scene.given.desired, scene.task, reason, "timeout")
            return end(scene.given, container, why, Result.FAILED)
    return None


def observed(scene: Scene, slot: Slot, step: Step) -> Step:
    """Return a step with what follows from the instance's attempts running: since when, how long.

    That is a fact where one is seen to run for the first time, and a wake where its time is over.
    """
    seen = [c for c in slot.containers if c.live and scene.given.unknown(c.node) is None]
    begun = tuple(_first_sights(scene.given, seen))
    limits = [limit for c in seen if (limit := _ends_at(scene, c)) is not None]
    if not begun and not limits:
        return step
    wakes = [step.wake_at, *limits] if step.wake_at is not None else limits
    return replace(step, facts=(*step.facts, *begun), wake_at=min(wakes, default=None))


def without_room(scene: Scene, slot: Slot, refusal: Refusal) -> Step:
    """No node takes the instance. It waits, and fails once that has lasted `queueTimeout`."""
    task, run, instance = scene.task, scene.run.number, slot.key.instance
    if not task.queue_timeout:
        blocked = not refusal.queued
        return Step(InstanceState.PENDING, refusal.reason, blocked=blocked, lacks_room=run)
    now, since = scene.given.now, _waits_since(scene, instance)
    limit = (now if since is None else since) + task.queue_timeout
    if now < limit:
        begun = RoomAwaited(task.name, run, instance, now)
        return Step(
            InstanceState.PENDING,
            refusal.reason,
            facts=(begun,) if since is None else (),
            wake_at=limit,
            blocked=not refusal.queued,
            lacks_room=run,
        )
    length = format_duration(task.queue_timeout)
    reason = f"waited longer than queueTimeout {length} for room on a node: {refusal.reason}"
    failed = RunCancelled(task.name, run, instance, reason, now, Result.FAILED)
    return Step(InstanceState.FAILED, reason, facts=(failed,), settled=True)


def waits_over(
    given: Pass, names: Iterable[str], lacking: Collection[tuple[InstanceKey, int]]
) -> Iterator[Fact]:
    """Yield, of the tasks that were planned, each wait for room that is none any more.

    `lacking` are the instances that still wait, each with its run.
    """
    for name in names:
        known = given.history.tasks.get(name)
        for run, instance in known.awaiting if known else ():
            if (InstanceKey(name, instance), run) not in lacking:
                yield RoomAwaited(name, run, instance, 0.0)


def _first_sights(given: Pass, containers: Iterable[Container]) -> Iterator[Fact]:
    for container in containers:
        record = given.record(container)
        if record is not None and record.start_requested_at and not record.started_at:
            yield AttemptStarted(container.attempt_key, given.now)


def _ends_at(scene: Scene, container: Container) -> float | None:
    """Return when a container's time is over, None where that is not bounded."""
    if not scene.task.timeout or scene.task.service or not container.live:
        return None
    record = scene.given.record(container)
    if record is None or record.stop_requested_at:
        return None
    return (record.started_at or scene.given.now) + scene.task.timeout


def _waits_since(scene: Scene, instance: int) -> float | None:
    """Return since when an instance of this run has lacked nothing but room."""
    known = scene.given.history.tasks.get(scene.task.name)
    return known.awaiting.get((scene.run.number, instance)) if known else None
