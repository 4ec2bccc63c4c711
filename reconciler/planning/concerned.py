"""Which pools a pass has to look at: those of which anything may have changed.

Decides by the tasks that the pass is about, and by what is in slots against what is on record of
them. Whatever else a pool goes by, such as nodes, dates and what waits for it, makes the pass be
about the task that prepares its slots, or about all tasks. Must not know what becomes of a pool.
"""

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from reconciler.model.pool import PoolRecord, slot_name
from reconciler.planning.scene import Pass


def concerned(given: Pass, only: Collection[str] | None, taken: AbstractSet[str]) -> set[str]:
    """Return the names of pools, which may be none that is declared; `only` None is all tasks.

    `taken` are the slots in which anything is.
    """
    declared, past = given.desired.pools, given.history.pools
    if only is None:
        return {*declared, *past}
    found = {name for name in past if name not in declared}
    found |= {pool.name for pool in declared.values() if pool.task in only}
    for name in only:
        task = given.desired.tasks.get(name)
        if task is not None and task.spec.pool:
            found.add(task.spec.pool)
    return found | {name for name, record in past.items() if _differs(name, record, taken)}


def _differs(pool: str, record: PoolRecord, taken: AbstractSet[str]) -> bool:
    """Whether the record of a pool says anything else of what is in its slots."""
    return any(
        slot.ready_at and slot.busy != (slot_name(pool, slot.number) in taken)
        for slot in record.slots.values()
    )
