"""A pool of slots: what is asked for, and what is on record of it.

A slot is a prepared share of a node, which takes one instance at a time. Plain records, changed by
`note` alone. Must not know when a slot is opened or closed.
"""

from enum import StrEnum
from functools import singledispatch
from typing import Final

from msgspec import Struct, field

from reconciler.model import fact as facts
from reconciler.model.amounts import Amounts
from reconciler.model.fact import PoolFact
from reconciler.model.position import Position
from reconciler.model.spec import Pairs

_PREPARES: Final = "pool_"


class Window(Struct, frozen=True):
    """When a policy applies: minutes of the day by a zone's clock, on days from 0, a Monday.

    One that ends no later than it begins ends on the following day.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    begin: int = 0
    end: int = 24 * 60
    timezone: str = "UTC"


class Policy(Struct, frozen=True, kw_only=True):
    """How many slots there are while it applies: `slots`, or by what waits for them.

    `most` is None for as many as nodes have room for. `idle_for` is in seconds; `step` is the
    share of what is missing, or to spare, that is made up for at once.
    """

    name: str
    window: Window | None = None
    slots: int | None = None
    least: int = 0
    most: int | None = None
    idle: int = 0
    idle_for: float = 90.0
    step: float = 1.0


class DesiredPool(Struct, frozen=True, kw_only=True):
    """One pool. `room` is what each slot has for itself, `nodes` the labels of nodes for it.

    `task` names the task that prepares slots, each as the instance of the slot's number; `runs`
    tells whether it runs anything, or has its image made present alone. `form` differs where slots
    are to be prepared anew. `policies` empty: as many slots as nodes have room for.
    """

    name: str
    at: Position
    task: str
    runs: bool
    form: str
    nodes: Pairs = ()
    per_node: int = 1
    room: Amounts = Amounts()
    policies: tuple[Policy, ...] = ()


class PoolSlot(Struct):
    """One slot on record. Times are epoch seconds, 0.0 for not so.

    `since` is when it last began, or ceased, to be `busy`. `closing` says why it takes no more,
    empty where it does.
    """

    number: int
    node: str
    form: str
    room: Amounts
    opened_at: float
    ready_at: float = 0.0
    busy: bool = False
    used: bool = False
    since: float = 0.0
    closing: str = ""


class PoolRecord(Struct):
    """What is on record of a pool: its slots by number, and the number that the next one gets.

    `policy` is the one that applied last, `shrunk_at` when slots to spare were last closed.
    """

    next: int = 0
    policy: str = ""
    shrunk_at: float = 0.0
    slots: dict[int, PoolSlot] = field(default_factory=dict)


PoolRecords = dict[str, PoolRecord]


class SlotState(StrEnum):
    """A slot's state as users see it."""

    PREPARING = "Preparing"
    READY = "Ready"
    BUSY = "Busy"
    IDLE = "Idle"
    CLOSING = "Closing"
    FAILED = "Failed"


class SlotView(Struct, frozen=True):
    """One slot: its state since when (epoch seconds), why, and the instance that is in it."""

    number: int
    node: str
    state: SlotState
    since: float
    reason: str = ""
    instance: str = ""


class PoolView(Struct, frozen=True):
    """One pool: which policy applies until when (by the wall clock, 0.0 for ever), and its slots.

    `wanted` is None for as many as there is room for; `reason` says why there are not as many.
    """

    name: str
    policy: str
    until: float
    wanted: int | None
    reason: str
    slots: tuple[SlotView, ...]


def slot_name(pool: str, number: int) -> str:
    """Return a slot as users type it: POOL/NUMBER."""
    return f"{pool}/{number}"


def preparer_of(pool: str) -> str:
    """Return the name of the task that prepares a pool's slots; no manifest can bear it."""
    return _PREPARES + pool


def pool_prepared_by(task: str) -> str:
    """Return the pool whose slots a task prepares, empty for any other task."""
    return task.removeprefix(_PREPARES) if task.startswith(_PREPARES) else ""


@singledispatch
def note(fact: PoolFact, records: PoolRecords) -> None:
    """Take a fact about a pool in."""
    raise TypeError(f"nothing of a pool: {fact!r} ({len(records)} are known)")


def _record(records: PoolRecords, pool: str) -> PoolRecord:
    return records.setdefault(pool, PoolRecord())


def _slot(records: PoolRecords, pool: str, number: int) -> list[PoolSlot]:
    """Return the slot of a number, nothing where it is gone."""
    known = _record(records, pool).slots.get(number)
    return [known] if known else []


@note.register
def _(fact: facts.SlotOpened, records: PoolRecords) -> None:
    record = _record(records, fact.pool)
    slot = PoolSlot(fact.slot, fact.node, fact.form, fact.room, fact.at, since=fact.at)
    record.slots[fact.slot] = slot
    record.next = max(record.next, fact.slot + 1)


@note.register
def _(fact: facts.SlotReady, records: PoolRecords) -> None:
    for slot in _slot(records, fact.pool, fact.slot):
        slot.ready_at = slot.since = fact.at


@note.register
def _(fact: facts.SlotUsed, records: PoolRecords) -> None:
    for slot in _slot(records, fact.pool, fact.slot):
        slot.busy, slot.used, slot.since = fact.busy, True, fact.at


@note.register
def _(fact: facts.SlotClosing, records: PoolRecords) -> None:
    for slot in _slot(records, fact.pool, fact.slot):
        slot.closing = fact.reason


@note.register
def _(fact: facts.SlotClosed, records: PoolRecords) -> None:
    _record(records, fact.pool).slots.pop(fact.slot, None)


@note.register
def _(fact: facts.PolicyApplied, records: PoolRecords) -> None:
    _record(records, fact.pool).policy = fact.policy


@note.register
def _(fact: facts.PoolShrunk, records: PoolRecords) -> None:
    _record(records, fact.pool).shrunk_at = fact.at
