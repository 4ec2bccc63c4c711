"""What an instance without a living incarnation gets: a final word, a wait, or an attempt.

The rules at the end of the table. Each wait names one thing and, where time alone ends it,
when. Completion is final within a run for everything but services.
"""

from collections.abc import Iterator

from reconciler.model.action import InstanceState
from reconciler.model.fact import Result
from reconciler.model.identity import AttemptKey
from reconciler.model.run import Forgotten
from reconciler.planning.backoff import retry_delay
from reconciler.planning.beginning import create, key_of, next_number
from reconciler.planning.ending import leftovers
from reconciler.planning.images import images_step
from reconciler.planning.inputs import inputs_step
from reconciler.planning.limiting import without_room
from reconciler.planning.networks import network_step
from reconciler.planning.place import seat
from reconciler.planning.rescaling import done
from reconciler.planning.scene import Refusal, Scene, Seat, Slot
from reconciler.planning.step import Step
from reconciler.planning.tries import counting, last_word, why_no_more


def completed(scene: Scene, slot: Slot) -> bool:
    """Whether the instance has done its work in this run. A service never has."""
    return done(scene.task, scene.run, slot.key.instance)


def finished(scene: Scene, slot: Slot) -> Step | None:
    """It has succeeded in this run, which nothing undoes."""
    if not completed(scene, slot):
        return None
    left, last = leftovers(scene, slot, slot.current), slot.last
    reason = last.reason if last is not None and last.origin else "completed"
    if last is not None and last.results is not None and last.results.note:
        reason += f"; {last.results.note}"
    return Step(InstanceState.SUCCEEDED, reason, left, settled=True)


def exhausted(scene: Scene, slot: Slot) -> Step | None:
    """It has failed, and no attempt is left to it."""
    why = why_no_more(scene.task, scene.run, slot.key.instance, scene.unserved)
    if why is None:
        return None
    left = leftovers(scene, slot, slot.current)
    return Step(InstanceState.FAILED, why, left, settled=True)


def unlearned(scene: Scene, slot: Slot) -> Step | None:
    """The ledger was lost: what completed is not known, so no batch work is begun."""
    if not scene.given.history.lost or scene.task.service:
        return None
    reason = "the ledger was lost: whether it has completed before is not known; see `relearn`"
    return Step(InstanceState.PENDING, reason, blocked=True, settled=slot.last is None)


def backing_off(scene: Scene, slot: Slot) -> Step | None:
    """Its last attempt ended a moment ago."""
    last = last_word(slot.attempts)
    if last is None or (last.result is Result.SUCCEEDED and not scene.task.service):
        return None
    seed = f"{slot.key} {scene.run.number} {last.number}"
    instance = slot.key.instance
    gone = scene.run.forgotten.get(instance, Forgotten())
    delay = retry_delay(scene.task, counting(scene.run, instance), gone, seed)
    elapsed = max(0.0, scene.given.now - last.ended_at)
    if elapsed >= delay:
        return None
    wait = delay - elapsed
    return Step(
        InstanceState.PENDING,
        f"{last.reason}; the next attempt is due in {wait:.1f} s",
        wake_at=scene.given.now + wait,
    )


def refused(scene: Scene, slot: Slot) -> Step | None:
    """The engine would not create or start it, and is asked again later."""
    waits = scene.given.waits_until(str(slot.key))
    if waits is None:
        return None
    return Step(InstanceState.PENDING, waits[1], wake_at=waits[0], blocked=True)


def crowded(scene: Scene, slot: Slot) -> Step | None:
    """As many run as parallelism allows, other than beside one that runs already."""
    if scene.room is None or scene.room > 0 or slot.key in scene.rollout.beside:
        return None
    bound = scene.task.parallelism
    return Step(InstanceState.PENDING, f"waits for one of the {bound} that may run at once")


def next_attempt(scene: Scene, slot: Slot) -> Step:
    """It gets its next attempt: placed, its image made present, then created."""
    taken = seat(scene, slot)
    if isinstance(taken, Refusal):
        return without_room(scene, slot, taken)
    if scene.room is not None and slot.key not in scene.rollout.beside:
        scene.room -= 1
    step = images_step(scene, taken.node) or inputs_step(scene, _beginning(scene, slot, taken))
    step = step or _nothing_to_run(scene) or network_step(scene, taken.node)
    return step or create(scene, slot, taken)


def _nothing_to_run(scene: Scene) -> Step | None:
    """Return the step of what prepares a slot by having its image there, None of all others."""
    pool = scene.given.desired.pools.get(scene.task.prepares)
    if pool is None or pool.runs:
        return None
    return Step(InstanceState.SUCCEEDED, "its image is present", settled=True)


def _beginning(scene: Scene, slot: Slot, taken: Seat) -> Iterator[tuple[AttemptKey, str]]:
    """Yield which attempt is to begin on which node; of a gang those of all that are missing.

    Worked out as it is asked for: most tasks have no inputs, and their gangs are large.
    """
    seats = {slot.key: taken} | (dict(scene.gang.seats) if scene.gang else {})
    for key, one in seats.items():
        if isinstance(one, Seat):
            own = scene.slots[key]
            yield key_of(scene, own, next_number(scene, own, one.node)), one.node
