"""The ordered table that decides one wanted instance: the first rule that applies wins.

Theory of operation. An instance has at most one incarnation: the newest container of its
task's current run. Whatever else carries its identity is brought to an end first. Without an
incarnation it is either finished for this run, or waits for one named thing, or gets its next
attempt. Each rule returns None where it has nothing to say.
"""

from collections.abc import Callable
from typing import Final

from reconciler.model.action import Cause, InstanceState, Verb
from reconciler.model.fact import Result
from reconciler.model.observed import Phase
from reconciler.planning import attempts, cause, cluster, gang, reuse, rollout
from reconciler.planning.attempts import completed
from reconciler.planning.barring import awaiting, kept_on
from reconciler.planning.beginning import key_of, start
from reconciler.planning.ending import collect, end, leftovers
from reconciler.planning.finishing import finishing
from reconciler.planning.limiting import overdue
from reconciler.planning.losing import astray, outrun, rival, unknown_node
from reconciler.planning.moving import leaving
from reconciler.planning.replacing import replace, why_superseded, why_unfit
from reconciler.planning.scene import Scene, Slot
from reconciler.planning.step import Step, act

Rule = Callable[[Scene, Slot], Step | None]


def underway(scene: Scene, slot: Slot) -> Step | None:
    """A call for it has not returned yet."""
    if slot.key not in scene.given.underway.instances:
        return None
    busy = scene.given.underway.subjects
    if any(c.phase is Phase.EXITED and c.name in busy for c in slot.containers):
        return Step(InstanceState.COLLECTING, "what it has left is being read")
    running = any(container.live for container in slot.containers)
    state = InstanceState.RUNNING if running else InstanceState.PREPARING
    return Step(state, "the engine is at work on it")


def uncollected(scene: Scene, slot: Slot) -> Step | None:
    """A container of it has ended and its outcome is not on record."""
    for container in slot.containers:
        if container.phase is Phase.EXITED:
            record = scene.given.record(container)
            if not (record and record.ended):
                return collect(scene.given, container)
    return None


def superseded(scene: Scene, slot: Slot) -> Step | None:
    """Something else than the incarnation is alive, or about to be."""
    for container in slot.containers:
        if container is slot.current or container.phase is Phase.EXITED:
            continue
        cancel = scene.run.cancel_of(slot.key.instance)
        if cancel is not None:
            return end(scene.given, container, Cause(cancel.reason))
        why = why_superseded(scene, container)
        step = finishing(scene, slot, container) or replace(scene, slot, container, why)
        if step is not None:
            return step
    return None


def discarded(scene: Scene, slot: Slot) -> Step | None:
    """What we ended ourselves, or could not start, is removed before anything takes its place."""
    for container in slot.containers:
        record = scene.given.record(container)
        if record is None or not record.ended:
            continue
        ours = container.phase is Phase.EXITED and record.result is Result.CANCELLED
        if ours or container.phase is Phase.CREATED:
            return end(scene.given, container, Cause(record.reason))
    return None


def cancelled(scene: Scene, slot: Slot) -> Step | None:
    """It was ended for a reason of its own: its container ends, its record stays."""
    cancel = scene.run.cancel_of(slot.key.instance)
    if cancel is None or completed(scene, slot):
        return None
    current = slot.current
    if current is not None and current.phase is not Phase.EXITED:
        return end(scene.given, current, Cause(cancel.reason), cancel.result)
    failed = cancel.result is Result.FAILED
    state = InstanceState.FAILED if failed else InstanceState.CANCELLED
    after = scene.bar.task if scene.bar and cancel.passing else ""
    return Step(state, cancel.reason, settled=True, after=after)


def being_stopped(scene: Scene, slot: Slot) -> Step | None:
    """Its end was asked for before, whatever has been committed since."""
    current, record = slot.current, slot.record
    if current is None or not current.live or record is None or not record.stop_requested_at:
        return None
    return end(scene.given, current, Cause(record.stop_reason), record.stop_result)


def unfit(scene: Scene, slot: Slot) -> Step | None:
    """Its incarnation has another shape, or older secrets, than now, and has not finished."""
    current = slot.current
    if current is None or not current.occupies:
        return None
    if scene.fits(current):
        return None
    return replace(scene, slot, current, why_unfit(scene, current))


def unhealthy(scene: Scene, slot: Slot) -> Step | None:
    """Its own check says that it does not work, and another attempt may help."""
    current = slot.current
    if current is None or current.health != "unhealthy" or not scene.task.service:
        return None
    why = cause.stated(scene.given.desired, scene.task, "its health check fails", "health")
    return end(scene.given, current, why, Result.FAILED)


def over_parallelism(scene: Scene, slot: Slot) -> Step | None:
    """More run than parallelism allows now: the last ones give way, whatever run they are of."""
    alive = next((c for c in reversed(slot.containers) if c.occupies), None)
    if slot.key not in scene.excess or alive is None:
        return None
    reason = f"more instances run than parallelism {scene.task.parallelism} allows"
    why = cause.stated(scene.given.desired, scene.task, reason, "parallelism")
    return end(scene.given, alive, why)


def running(scene: Scene, slot: Slot) -> Step | None:
    """It runs as wanted; what earlier attempts left behind may go."""
    current = slot.current
    if current is None or not current.live:
        return None
    if current.health == "starting":
        return Step(InstanceState.RUNNING, "its first health check is awaited", settled=True)
    return Step(
        InstanceState.RUNNING,
        "running",
        leftovers(scene, slot, current),
        settled=True,
        ready=current.health != "unhealthy",
    )


def cut_off(scene: Scene, slot: Slot) -> Step | None:
    """Its start was asked of an engine that has died since, and has not refused it.

    It is looked at under the engine's lock, which waits for a start that is under way after all.
    """
    current, record = slot.current, slot.record
    if current is None or current.phase is not Phase.CREATED or record is None or record.ended:
        return None
    asked, era = record.era, scene.given.observed.nodes[current.node].era
    refused = str(slot.key) in scene.given.history.troubles
    if not record.start_requested_at or refused or not asked or not era or asked == era:
        return None
    return collect(scene.given, current)


def created(scene: Scene, slot: Slot) -> Step | None:
    """It is made and has never run."""
    current = slot.current
    if current is None or current.phase is not Phase.CREATED:
        return None
    return start(scene, current)


def being_removed(_: Scene, slot: Slot) -> Step | None:
    """The engine is removing its container; its name is not free yet."""
    current = slot.current
    if current is None or current.phase is not Phase.REMOVING:
        return None
    return Step(InstanceState.COLLECTING, "its container is being removed")


def vanished(scene: Scene, slot: Slot) -> Step | None:
    """It was started and is not there: look once by name before it is called lost."""
    last = slot.last
    if last is None or last.ended or not last.start_requested_at or last.forsaken_at:
        return None
    given, attempt = scene.given, key_of(scene, slot, last.number)
    if any(c.attempt_key == attempt for c in slot.containers):
        return None
    waits = given.waits_until(given.name_of(attempt))
    if waits:
        return Step(InstanceState.UNKNOWN, waits[1], wake_at=waits[0], blocked=True)
    why = Cause(f"the container of attempt {last.number} is gone")
    action = act(given, Verb.COLLECT, attempt, last.node, why)
    return Step(InstanceState.COLLECTING, why.reason, (action,))


RULES: Final[tuple[Rule, ...]] = (
    underway,
    unknown_node,
    uncollected,
    kept_on,
    rival,
    outrun,
    astray,
    superseded,
    discarded,
    cancelled,
    being_stopped,
    overdue,
    cluster.dismissed,
    unfit,
    cluster.resized,
    unhealthy,
    leaving,
    gang.released,
    over_parallelism,
    rollout.proving,
    running,
    cut_off,
    gang.awaiting,
    cluster.leading,
    created,
    being_removed,
    vanished,
    cluster.spent,
    attempts.finished,
    attempts.exhausted,
    gang.fallen,
    attempts.unlearned,
    awaiting,
    attempts.backing_off,
    attempts.refused,
    reuse.taken_over,
    gang.clearing,
    gang.lacking,
    attempts.crowded,
    attempts.next_attempt,
)
