"""The tables for runs of which nothing is begun: held, blocked, suspended, or none's turn.

Each brings what was begun to its record, and leaves what there is as it is. The first rule that
applies wins, as in `rules`.
"""

from typing import Final

from reconciler.model.action import Cause, InstanceState
from reconciler.model.observed import Phase
from reconciler.planning import attempts, cluster, gang
from reconciler.planning.attempts import completed
from reconciler.planning.ending import end, leftovers
from reconciler.planning.limiting import overdue
from reconciler.planning.losing import out_of_sight
from reconciler.planning.replacing import why_superseded
from reconciler.planning.rules import (
    Rule,
    being_removed,
    being_stopped,
    cancelled,
    discarded,
    over_parallelism,
    running,
    uncollected,
    underway,
    vanished,
)
from reconciler.planning.scene import Scene, Slot
from reconciler.planning.step import Step
from reconciler.planning.teardown import ENDED_AS


def waiting_for_approval(_: Scene, slot: Slot) -> Step:
    """Its new run is held: what there is stays as it is."""
    alive = any(c.live for c in slot.containers)
    state = InstanceState.RUNNING if alive else InstanceState.PENDING
    return Step(state, "held", settled=True)


def untouched(scene: Scene, slot: Slot) -> Step:
    """Its task may not be started as it is now: what there is stays, and nothing is added."""
    alive = [container.health for container in slot.containers if container.live]
    state = InstanceState.PENDING
    if alive:
        state = InstanceState.RUNNING
    elif completed(scene, slot):
        state = InstanceState.SUCCEEDED
    ready = bool(alive) and not {"starting", "unhealthy"} & set(alive)
    return Step(state, scene.task.blocked, settled=True, ready=ready, blocked=True)


def ending(scene: Scene, slot: Slot) -> Step | None:
    """The end of one of its containers was asked for before."""
    for container in slot.containers:
        record = scene.given.record(container)
        if container.live and record is not None and record.stop_requested_at:
            return end(scene.given, container, Cause(record.stop_reason), record.stop_result)
    return None


def halted(scene: Scene, slot: Slot) -> Step | None:
    """It is suspended, and not to run on meanwhile. A service stays."""
    if scene.suspense is None or not scene.suspense.stop or scene.task.service:
        return None
    for container in slot.containers:
        if container.occupies:
            return end(scene.given, container, Cause(scene.suspense.reason))
    return None


def parked(scene: Scene, slot: Slot) -> Step:
    """Its task is suspended: what there is stays, and nothing is added."""
    alive = [container.health for container in slot.containers if container.live]
    state = InstanceState.RUNNING if alive else InstanceState.PENDING
    ready = bool(alive) and not {"starting", "unhealthy"} & set(alive)
    reason = scene.suspense.reason if scene.suspense else ""
    until = scene.suspense.until if scene.suspense else 0.0
    return Step(
        state,
        f"running; {reason}" if alive else reason,
        wake_at=until or None,
        settled=True,
        ready=ready,
        suspended=True,
    )


def astray(scene: Scene, slot: Slot) -> Step | None:
    """A container of another run is there, though nothing is to take its place."""
    for container in slot.containers:
        if container is not slot.current and container.phase is not Phase.EXITED:
            return end(scene.given, container, why_superseded(scene, container))
    return None


def idle(scene: Scene, slot: Slot) -> Step:
    """Nothing is begun in its run: it is as its last attempt left it, or has not begun."""
    last = slot.last
    state = ENDED_AS.get(last.result, InstanceState.PENDING) if last else InstanceState.PENDING
    if last is not None and state is not InstanceState.PENDING:
        return Step(state, last.reason, leftovers(scene, slot, slot.current), settled=True)
    reason, settled = (scene.idle.reason, scene.idle.settled) if scene.idle else ("", True)
    return Step(state, reason, settled=settled)


RULES_WHEN_HELD: Final[tuple[Rule, ...]] = (
    underway,
    out_of_sight,
    uncollected,
    ending,
    overdue,
    waiting_for_approval,
)

RULES_WHEN_IDLE: Final[tuple[Rule, ...]] = (
    underway,
    out_of_sight,
    uncollected,
    astray,
    discarded,
    cancelled,
    being_stopped,
    overdue,
    cluster.dismissed,
    gang.released,
    over_parallelism,
    running,
    being_removed,
    vanished,
    cluster.spent,
    attempts.finished,
    attempts.exhausted,
    gang.fallen,
    idle,
)

RULES_WHEN_BLOCKED: Final[tuple[Rule, ...]] = (
    underway,
    out_of_sight,
    uncollected,
    cancelled,
    ending,
    overdue,
    being_removed,
    vanished,
    untouched,
)

RULES_WHEN_SUSPENDED: Final[tuple[Rule, ...]] = (
    underway,
    out_of_sight,
    uncollected,
    ending,
    overdue,
    discarded,
    cancelled,
    cluster.dismissed,
    halted,
    over_parallelism,
    being_removed,
    vanished,
    cluster.spent,
    attempts.finished,
    attempts.exhausted,
    parked,
)
