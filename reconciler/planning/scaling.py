"""How many slots a pool is to have, and how fast it gets there.

Decides by one policy and plain counts. Growing follows what waits; shrinking takes only slots that
have been idle for as long as the policy says, a step at a time, so that a short lull costs nothing.
"""

from collections.abc import Sequence
from math import ceil, isinf

from msgspec import Struct

from reconciler.model.pool import Policy, PoolSlot

_NONE = Policy(name="", slots=0)
_ALL = Policy(name="")


class Load(Struct, frozen=True):
    """How many slots of a pool are busy, and how many instances lack nothing but a slot."""

    busy: int
    queued: int


def policy_of(policies: Sequence[Policy], name: str) -> Policy:
    """Return the policy that applies: without any all room is used, with none that applies none."""
    if not policies:
        return _ALL
    return next((policy for policy in policies if policy.name == name), _NONE)


def wanted(policy: Policy, load: Load) -> int | None:
    """Return how many slots there are to be, None for as many as nodes have room for."""
    if policy is _ALL:
        return None
    if policy.slots is not None:
        return policy.slots
    asked = max(policy.least, load.busy + load.queued + policy.idle)
    return asked if policy.most is None else min(policy.most, asked)


def growth(policy: Policy, missing: int, preparing: int) -> int:
    """Return how many slots to open now: one step, and the next once this one is prepared."""
    if policy.step < 1 and preparing:
        return 0
    return ceil(missing * policy.step)


class Shrinking(Struct, frozen=True):
    """Which slots to close now, and when (epoch seconds) to look again, None for no such time."""

    slots: tuple[PoolSlot, ...] = ()
    wake_at: float | None = None


def shrinking(
    policy: Policy, spare: int, idle: Sequence[PoolSlot], shrunk_at: float, now: float
) -> Shrinking:
    """Return what to close of the slots in which nothing is, unprepared ones first.

    Where the number is fixed they go at once; where nothing is ever idle for long enough, never.
    """
    ordered = sorted(idle, key=lambda slot: (slot.ready_at > 0, slot.since, -slot.number))
    if policy.slots is not None:
        return Shrinking(tuple(ordered[:spare]))
    if isinf(policy.idle_for):
        return Shrinking()
    ripe = [slot for slot in ordered if now - slot.since >= policy.idle_for]
    due = shrunk_at + policy.idle_for if policy.step < 1 and shrunk_at else now
    if ripe and due <= now:
        return Shrinking(tuple(ripe[: ceil(spare * policy.step)]))
    earliest = min((slot.since + policy.idle_for for slot in ordered), default=None)
    return Shrinking((), None if earliest is None else max(due, earliest))
