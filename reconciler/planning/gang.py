"""Instances that start together or not at all, and of which none goes on without the others.

Theory of operation. A member that has completed, or was stopped by a person, counts no more.
All others are made first, and wait as created containers, which take no processor and no
memory. They start in one go once each is there. When one fails, those that have started are
ended, which costs them no retry, and those that have not wait on. Whether a failure is still to
be followed up is read from the failing member alone: it is until that one has been started
again, which none is before all are there anew; in a cluster, whose members start in order, until
it has been given another attempt, which it is not before all others have ended.
"""

from collections.abc import Sequence

from reconciler.model.action import Cause, InstanceState
from reconciler.model.fact import Result
from reconciler.model.observed import Phase
from reconciler.model.run import Trouble
from reconciler.planning.attempts import completed, exhausted
from reconciler.planning.ending import end
from reconciler.planning.scene import Gang, Scene, Slot
from reconciler.planning.step import Step

# A start that is refused once may work a second later; twice in a row, the others are let go.
_REFUSALS = 2


def gather(scene: Scene) -> None:
    """Work out, once a pass, how the members of a gang stand to each other."""
    members = [slot for slot in scene.slots.values() if _counts(scene, slot)]
    gang = scene.gang = Gang(size=len(members))
    for slot in scene.slots.values():
        if final := _final_failure(scene, slot):
            gang.fallen = gang.fallen or f"{slot.key} failed ({final}), and its gang with it"
    for slot in members:
        trouble = _refused_start(scene, slot)
        if failure := _failure(scene, slot):
            gang.broken = gang.broken or f"{slot.key} failed ({failure}), and so its gang"
        elif trouble and trouble.count >= _REFUSALS:
            gang.broken = gang.broken or f"{slot.key} cannot be started: {trouble.message}"
        if trouble:
            gang.hindered.add(slot.key)
    gang.missing = tuple(slot for slot in members if not _there(scene, slot))
    _await(scene, gang, members)
    if scene.excess:
        scene.excess = frozenset(scene.slots)


def released(scene: Scene, slot: Slot) -> Step | None:
    """Another member has failed, or cannot be started: this one ends, too."""
    gang, current = scene.gang, slot.current
    if gang is None or current is None or not _counts(scene, slot):
        return None
    why = gang.fallen or (gang.broken if _begun(slot) else "")
    exists = current.occupies
    if not why or not exists or (slot.key in gang.hindered and not gang.fallen):
        return None
    return end(scene.given, current, Cause(why, revision=scene.given.desired.revision))


def awaiting(scene: Scene, slot: Slot) -> Step | None:
    """It is made, and another member is not."""
    gang, current = scene.gang, slot.current
    if gang is None or current is None or current.phase is not Phase.CREATED:
        return None
    if not gang.awaited or slot.key in gang.hindered:
        return None
    return Step(InstanceState.PENDING, f"waits for {gang.awaited}: a gang starts together")


def fallen(scene: Scene, slot: Slot) -> Step | None:
    """Another member has failed for good."""
    gang = scene.gang
    if gang is None or not gang.fallen or not _counts(scene, slot):
        return None
    return Step(InstanceState.CANCELLED, gang.fallen, settled=True)


def clearing(scene: Scene, slot: Slot) -> Step | None:
    """It has failed, and others of its cluster, which do not start with it, run on for a moment."""
    gang = scene.gang
    if gang is None or scene.task.master is None or not gang.broken:
        return None
    other = next((one for one in scene.slots.values() if one is not slot and _begun(one)), None)
    if other is None:
        return None
    return Step(InstanceState.PENDING, f"waits for {other.key} to end: a cluster starts as one")


def lacking(scene: Scene, _: Slot) -> Step | None:
    """There is no room for all members at once, so none is made."""
    gang, most = scene.gang, scene.task.parallelism
    if gang is None or most is None or gang.size <= most:
        return None
    reason = f"a gang of {gang.size} starts together, and parallelism lets {most} run at once"
    return Step(InstanceState.PENDING, reason, blocked=True)


def _counts(scene: Scene, slot: Slot) -> bool:
    stopped = scene.run.cancel_of(slot.key.instance) is not None
    return not stopped and not completed(scene, slot)


def _begun(slot: Slot) -> bool:
    """Whether its newest attempt has been, or is about to be, started."""
    current, record = slot.current, slot.record
    if current is None or not current.occupies:
        return False
    return current.live or bool(record and record.start_requested_at)


def _there(scene: Scene, slot: Slot) -> bool:
    """Whether it has the container that is wanted, which runs or may be started."""
    current, record = slot.current, slot.record
    if current is None or not current.occupies:
        return False
    if scene.given.unknown(current.node) is not None:
        return False
    ends = record is not None and (record.ended or record.stop_requested_at)
    return scene.fits(current) and not ends


def _await(scene: Scene, gang: Gang, members: Sequence[Slot]) -> None:
    """Note whom those that are made wait for: one that is not, or is to end, or will not start."""
    for slot in members:
        ends = bool(gang.broken) and _begun(slot) and slot.key not in gang.hindered
        if not _there(scene, slot) or ends or slot.key in gang.hindered:
            gang.awaited = str(slot.key)
            return


def _final_failure(scene: Scene, slot: Slot) -> str:
    """Return how it has failed with no attempt left, empty where it has not."""
    if completed(scene, slot):
        return ""
    cancel = scene.run.cancel_of(slot.key.instance)
    if cancel is not None:
        return cancel.reason if cancel.result is Result.FAILED else ""
    if slot.last is None or not slot.last.ended:
        return ""
    step = exhausted(scene, slot)
    return step.reason if step else ""


def _failure(scene: Scene, slot: Slot) -> str:
    """Return how its newest attempt that was started has failed, empty where it has not."""
    ends = {Result.FAILED, Result.LOST, *([Result.SUCCEEDED] if scene.task.service else [])}
    for attempt in reversed(slot.attempts):
        if scene.task.master is not None and not (attempt.ended or attempt.start_requested_at):
            return ""  # it was given its next one when all others had ended
        if attempt.result is not Result.BURNT and attempt.start_requested_at:
            return attempt.reason if attempt.result in ends else ""
    return ""


def _refused_start(scene: Scene, slot: Slot) -> Trouble | None:
    """Return what keeps the engine from starting it, None where nothing does."""
    current = slot.current
    if current is None or current.phase is not Phase.CREATED or not _begun(slot):
        return None
    return scene.given.history.troubles.get(str(slot.key))
