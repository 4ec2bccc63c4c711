"""How it stands with a pool's slots: which are wanted, and what each is doing.

Decides nothing about how many there are to be; that is `tending`.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from reconciler.model.desired import Desired
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.pool import DesiredPool, PoolSlot, SlotState, SlotView, pool_prepared_by
from reconciler.model.run import Run
from reconciler.model.shared import SharedMap
from reconciler.planning.input_sets import are_present, sets_of
from reconciler.planning.tries import why_no_more

CLOSING: Final = "is closing"
UNPREPARED: Final = "could not be prepared"

if TYPE_CHECKING:
    from reconciler.planning.scene import Pass


def with_slots(desired: Desired, history: History) -> Desired:
    """Return a revision in which those tasks that prepare slots have an instance for each."""
    changed = {}
    for pool in desired.pools.values():
        task, record = desired.tasks.get(pool.task), history.pools.get(pool.name)
        slots = record.slots.values() if record else ()
        open_ones = tuple(sorted(slot.number for slot in slots if is_wanted(pool, slot)))
        if task is not None and task.instances != open_ones:
            changed[task.name] = replace(task, instances=open_ones)
    if not changed:
        return desired
    return replace(desired, tasks=SharedMap.of(desired.tasks).changed(changed))


def is_wanted(pool: DesiredPool, slot: PoolSlot) -> bool:
    """Whether a slot takes work, or will once it is prepared."""
    return not slot.closing and slot.form == pool.form


def run_of(given: "Pass", pool: DesiredPool) -> Run | None:
    """Return the run that prepares a pool's slots as they are asked for now."""
    task = given.desired.tasks.get(pool.task)
    return given.present_run(task) if task else None


def is_prepared(given: "Pass", pool: DesiredPool, slot: PoolSlot) -> bool:
    """Whether a slot's preparation is over: where nothing is run, image and inputs are there."""
    run, task = run_of(given, pool), given.desired.tasks.get(pool.task)
    if run is None or task is None:
        return False
    if pool.runs:
        return run.succeeded(slot.number)
    first = AttemptKey(InstanceKey(task.name, slot.number), run.number, 1)
    sets = sets_of(given.desired, task, first)
    return slot.node in run.images and are_present(sets, run, slot.node)


def why_unprepared(given: "Pass", pool: DesiredPool, slot: PoolSlot) -> str:
    """Return why a slot's preparation has failed for good, empty where it has not."""
    if slot.ready_at:
        return ""
    run, task = run_of(given, pool), given.desired.tasks.get(pool.task)
    if run is None or task is None:
        return ""
    return why_no_more(task, run, slot.number, frozenset()) or ""


def why_taken_up(given: "Pass", slot: PoolSlot, pool: str) -> str:
    """Return why a slot takes nothing, as the end of a sentence; empty where it does."""
    wanted = given.desired.pools.get(pool)
    if wanted is None or not is_wanted(wanted, slot):
        return CLOSING
    if slot.ready_at:
        return ""
    failed = why_unprepared(given, wanted, slot)
    return UNPREPARED if failed else "is being prepared"


def view_of(given: "Pass", pool: str, slot: PoolSlot, instance: str) -> SlotView:
    """Return how it stands with a slot, in which an instance is, or none."""
    state, reason = _state(given, pool, slot, instance)
    return SlotView(slot.number, slot.node, state, slot.since, reason, instance)


def _state(given: "Pass", pool: str, slot: PoolSlot, instance: str) -> tuple[SlotState, str]:
    wanted = given.desired.pools.get(pool)
    unknown = given.unknown(slot.node) or ""
    if slot.closing or wanted is None:
        return SlotState.CLOSING, slot.closing
    if instance:
        return SlotState.BUSY, unknown
    if slot.ready_at:
        return (SlotState.IDLE if slot.used else SlotState.READY), unknown
    failed = why_unprepared(given, wanted, slot)
    return (SlotState.FAILED, failed) if failed else (SlotState.PREPARING, unknown)


def filled(given: "Pass") -> set[str]:
    """Return the slots in which anything is, or is about to be."""
    found: set[str] = set()
    for view in given.observed.nodes.values():
        found.update(view.containers.taken.slots)
    for claims in given.underway.coming.values():
        found.update(claim.slot for claim in claims)
    return found


def instances_in(given: "Pass", pools: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield slots of pools with the instance in each, but for those that prepare them."""
    for view in given.observed.nodes.values():
        if not any(name.partition("/")[0] in pools for name in view.containers.taken.slots):
            continue
        for container in view.containers.values():
            if not container.claim.slot or not container.occupies:
                continue
            if not pool_prepared_by(container.key.task):
                yield container.claim.slot, str(container.key)
