"""How a service is replaced, a few instances at a time, as long as the new ones prove themselves.

Theory of operation. A container of the wanted run and shape is new, any other live one old. A
new one is ready when its health check says so or, without one, when it has run for `STEADY`
seconds. Without surge an old one ends first, as long as no more than `maxUnavailable` instances
are out. With surge the new one is made beside it, in one of `maxSurge` places, and the old one
ends when that is ready. While a new one fails, no other old one is touched: the rollout is
halted until it is ready, or until something else is asked for. All of that is worked out from
what is seen and recorded, so that a restart finds the same.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace as altered

from reconciler.model.action import Cause, InstanceState
from reconciler.model.fact import Result
from reconciler.model.observed import Container, Phase
from reconciler.planning.backoff import STEADY
from reconciler.planning.ending import end
from reconciler.planning.images import image_step
from reconciler.planning.moving import apart
from reconciler.planning.nodes import drains
from reconciler.planning.scene import Rollout, Scene, Slot
from reconciler.planning.step import Step

_SILENT = {None, Result.BURNT}


def begin(scene: Scene) -> None:
    """Work out, once a pass, how far the replacement of a service may go on."""
    if not _anything_old(scene):
        return
    slots = [s for s in scene.slots.values() if not scene.run.cancel_of(s.key.instance)]
    for slot in slots:
        _set_apart(scene, slot)
    proving = [c for slot in slots if (c := _new(scene, slot)) and not ready(scene, c)]
    times = [at for c in proving if (at := _steady_at(scene, c)) is not None]
    judged = any(_being_judged(scene, slot) for slot in slots)
    out = sum(not _in_service(scene, slot) for slot in slots)
    beginning = any(slot.key in scene.given.underway.beginning for slot in slots)
    scene.rollout = Rollout(
        outages=0 if judged else scene.task.max_unavailable - out,
        places=0 if judged else _places(scene, slots) - sum(_takes_place(scene, s) for s in slots),
        halted=_why_halted(scene, slots),
        moving=bool(proving) or judged or beginning,
        wake_at=min(times, default=None),
    )


def roll(scene: Scene, slot: Slot, container: Container, why: Cause) -> Step | None:
    """Return the next step for an old container, None where its successor's turn is next."""
    new = _new(scene, slot)
    if (new is not None and ready(scene, new)) or slot.key in scene.excess:
        return end(scene.given, container, why)
    beside = scene.task.max_surge or new is not None or drains(scene.given, container.node)
    if beside and container is _mainstay(scene, slot):
        return _make_beside(scene, slot, why)
    return _take_down(scene, container, why)


def proving(scene: Scene, slot: Slot) -> Step | None:
    """It runs beside the one that it is to replace, and has to be ready first."""
    current, beside = slot.current, scene.rollout.beside
    if not beside or slot.key not in beside or current is None or not current.live:
        return None
    if current.health:
        return Step(InstanceState.RUNNING, "its first health check is awaited")
    reason = f"it has to run for {STEADY:g} s first"
    return Step(InstanceState.RUNNING, reason, wake_at=_steady_at(scene, current))


def meanwhile(scene: Scene, slot: Slot, step: Step) -> Step:
    """Return what is decided for a new container as the step of an instance that is served."""
    beside = scene.rollout.beside
    if not beside or slot.key not in beside:
        return step
    old = next(_old(scene, slot))
    serves = f"attempt {old.attempt} of run {old.run} serves meanwhile"
    return altered(
        step,
        state=InstanceState.RUNNING,
        reason=f"{step.reason}; {serves}",
        blocked=step.blocked or bool(_failure(scene, slot)),
    )


def ready(scene: Scene, container: Container) -> bool:
    """Whether a new container has proved itself."""
    steady_at = _steady_at(scene, container)
    return scene.given.serving(container) and (steady_at is None or steady_at <= scene.given.now)


def _anything_old(scene: Scene) -> bool:
    """Whether anything has to give way. Mostly nothing has, which a glance at each slot tells."""
    if any(drains(scene.given, node) for node in scene.given.desired.nodes):
        return True
    run = scene.run.number
    suspects = [
        slot
        for slot in scene.slots.values()
        for c in slot.containers
        if not scene.fits(c) or c.attempt_key.run != run or len(slot.containers) > 1
    ]
    return any(True for slot in suspects for _ in _old(scene, slot))


def _steady_at(scene: Scene, container: Container) -> float | None:
    """Return when a container without a health check has run for long enough, if it does."""
    record = scene.given.record(container)
    if not container.live or container.health or record is None or not record.start_requested_at:
        return None
    return record.start_requested_at + STEADY


def _new(scene: Scene, slot: Slot) -> Container | None:
    """Return an instance's container of the wanted run and shape that runs or is to."""
    current = slot.current
    if current is None or not current.occupies:
        return None
    return current if scene.fits(current) else None


def _old(scene: Scene, slot: Slot) -> Iterator[Container]:
    new = _new(scene, slot)
    return (c for c in slot.containers if c.live and c is not new)


def _mainstay(scene: Scene, slot: Slot) -> Container | None:
    """Return the old container that stays until a new one is ready: the longest serving."""
    return next((c for c in _old(scene, slot) if scene.given.serving(c)), None)


def _in_service(scene: Scene, slot: Slot) -> bool:
    new = _new(scene, slot)
    return _mainstay(scene, slot) is not None or (new is not None and ready(scene, new))


def _being_judged(scene: Scene, slot: Slot) -> bool:
    """Whether a new container has ended, and how is not on record yet."""
    current, record = slot.current, slot.record
    if current is None or current.phase is not Phase.EXITED:
        return False
    return scene.fits(current) and not (record and record.ended)


def _set_apart(scene: Scene, slot: Slot) -> None:
    """Count a running container among the old ones that is to have another one beside it."""
    current = slot.current
    if current is None or not current.live:
        return
    surges = scene.task.max_surge and not scene.fits(current)
    if surges or apart(scene, slot):
        slot.current = slot.record = None


def _places(scene: Scene, slots: Sequence[Slot]) -> int:
    """Return how many may be made beside others; one that leaves its node has one in any case."""
    leaving = any(drains(scene.given, c.node) for slot in slots for c in slot.containers if c.live)
    return max(scene.task.max_surge, int(leaving))


def _takes_place(scene: Scene, slot: Slot) -> bool:
    """Whether an instance has, or is about to have, a container more than one."""
    there = sum(c.occupies for c in slot.containers)
    begins = slot.key in scene.given.underway.beginning and _new(scene, slot) is None
    return there + begins > 1


def _make_beside(scene: Scene, slot: Slot, why: Cause) -> Step | None:
    """Let a new container be made beside the old one, if there is a place for it."""
    held = _takes_place(scene, slot)
    if not held and not _failure(scene, slot):
        if scene.rollout.halted or scene.rollout.places <= 0:
            return _waits(scene, why)
        scene.rollout.places -= 1
    scene.rollout.beside[slot.key] = why
    return None


def _take_down(scene: Scene, container: Container, why: Cause) -> Step:
    """End an old container before there is a new one, if nothing stands against it."""
    if scene.rollout.halted:
        return _waits(scene, why)
    missing = image_step(scene, container.node)
    if missing is not None:
        return altered(missing, state=InstanceState.RUNNING)
    if scene.given.serving(container) and not scene.task.max_surge:
        if scene.rollout.outages <= 0:
            return _waits(scene, why)
        scene.rollout.outages -= 1
    return end(scene.given, container, why)


def _waits(scene: Scene, why: Cause) -> Step:
    rollout, task = scene.rollout, scene.task
    if rollout.halted:
        return Step(
            InstanceState.RUNNING,
            rollout.halted,
            wake_at=rollout.wake_at,
            settled=True,
            blocked=True,
        )
    most = (
        f"at most {task.max_surge} more than {len(task.instances)} at once"
        if task.max_surge
        else f"at most {task.max_unavailable} out of service at once"
    )
    reason = f"waits to be replaced ({why.reason}): {most}"
    return Step(InstanceState.RUNNING, reason, wake_at=rollout.wake_at, settled=not rollout.moving)


def _why_halted(scene: Scene, slots: list[Slot]) -> str:
    for slot in slots:
        begun = _takes_place(scene, slot) or not any(_old(scene, slot))
        failure = _failure(scene, slot) if begun or scene.task.max_surge else ""
        if failure:
            way_on = f"it goes on when {slot.key} is ready, or with another change"
            return f"the rollout is halted, for {slot.key} fails ({failure}): {way_on}"
    return ""


def _failure(scene: Scene, slot: Slot) -> str:
    """Return how an instance's new container fails, empty where it does not or has recovered."""
    new = _new(scene, slot)
    if new is not None and ready(scene, new):
        return ""
    if new is not None and new.health == "unhealthy":
        return "its health check fails"
    shape = scene.task.shape.hash
    ended = [a for a in slot.attempts if a.shape == shape and a.result not in _SILENT]
    if ended and ended[-1].result is not Result.CANCELLED:
        return ended[-1].reason
    trouble = scene.given.history.troubles.get(str(slot.key))
    return trouble.message if trouble else ""
