"""What happened to pools and their slots."""

from msgspec import Struct

from reconciler.model.amounts import Amounts


class SlotOpened(Struct, frozen=True):
    """A slot was given a place on a node. Its number is never given again in its pool."""

    pool: str
    slot: int
    node: str
    form: str
    room: Amounts
    at: float


class SlotReady(Struct, frozen=True):
    """A slot is prepared and takes work."""

    pool: str
    slot: int
    at: float


class SlotUsed(Struct, frozen=True):
    """An instance is in a slot from now on, or, not `busy`, no more."""

    pool: str
    slot: int
    busy: bool
    at: float


class SlotClosing(Struct, frozen=True):
    """A slot takes nothing any more, and is closed once nothing is in it."""

    pool: str
    slot: int
    reason: str
    at: float


class SlotClosed(Struct, frozen=True):
    """A slot is gone, and its room free."""

    pool: str
    slot: int
    reason: str
    at: float


class PolicyApplied(Struct, frozen=True):
    """A scaling policy decides from now on; an empty name is that none does."""

    pool: str
    policy: str
    at: float


class PoolShrunk(Struct, frozen=True):
    """Slots to spare were closed."""

    pool: str
    at: float


PoolFact = SlotOpened | SlotReady | SlotUsed | SlotClosing | SlotClosed | PolicyApplied | PoolShrunk
