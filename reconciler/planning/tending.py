"""What becomes of the slots of pools: which are ready or busy, which are closed, which are opened.

Theory of operation. A slot is a record: a share of a node that nothing else gets. It is opened on a
node that has room, is prepared by an instance of its pool's own task, and takes one instance after
another from then on. One that is not wanted any more takes nothing new, and is closed once nothing
is in it. Pools come before tasks, so that what they open is theirs in the same pass; what waits for
a slot is told by the pass before. Must not know how instances are placed in slots.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.model.claim import Claim
from reconciler.model.desired import NodeSpec
from reconciler.model.fact import (
    Fact,
    PolicyApplied,
    PoolShrunk,
    SlotClosed,
    SlotClosing,
    SlotOpened,
    SlotReady,
    SlotUsed,
)
from reconciler.model.pool import DesiredPool, PoolRecord, PoolSlot, PoolView, slot_name
from reconciler.planning.concerned import concerned
from reconciler.planning.fleet import Fleet
from reconciler.planning.line import Line, Turn
from reconciler.planning.nodes import drains
from reconciler.planning.quota import over_quota
from reconciler.planning.scaling import Load, growth, policy_of, shrinking, wanted
from reconciler.planning.scene import Pass
from reconciler.planning.slots import (
    filled,
    instances_in,
    is_prepared,
    run_of,
    view_of,
    why_unprepared,
)
from reconciler.planning.wish import Wish

REST: Final = 300.0
"""Seconds until a slot whose preparation has failed for good is given up for another one."""


class Tended(Struct):
    """What a pass makes of pools: facts, when to look again by task, and how they stand.

    `crowded` are the tasks of pools for which a node has no room, `views` how it stands with the
    pools that were looked at, and `quiet` the names of the others, of which nothing has changed.
    """

    facts: list[Fact] = field(default_factory=list)
    wakes: dict[str, float] = field(default_factory=dict)
    crowded: set[str] = field(default_factory=set)
    views: list[PoolView] = field(default_factory=list)
    quiet: frozenset[str] = frozenset()


class _Yard(Struct):
    """One pool in one pass. `pool` is None of one that no manifest mentions.

    `filled` are the slots, of all pools, in which anything is. To look at `fleet` costs as much as
    there are nodes, so that only what is about their room does.
    """

    given: Pass
    fleet: Fleet
    filled: AbstractSet[str]
    name: str
    pool: DesiredPool | None
    record: PoolRecord
    queued: int
    facts: list[Fact] = field(default_factory=list)
    wakes: list[float] = field(default_factory=list)
    reason: str = ""
    wanted: int | None = 0

    def occupied(self, slot: PoolSlot) -> bool:
        """Whether an instance is in a slot, or about to be, other than the one that prepares it."""
        return bool(slot.ready_at) and slot_name(self.name, slot.number) in self.filled


def tend(
    given: Pass, fleet: Fleet, queued: Mapping[str, int], only: Collection[str] | None = None
) -> Tended:
    """Return what becomes of pools, in a pass that is about `only` these tasks; None is all.

    `queued` counts by task what waits for a slot.
    """
    taken = filled(given)
    names = concerned(given, only, taken)
    found = Tended(quiet=frozenset(given.desired.pools.keys() - names))
    if not names or not given.desired.nodes:
        return found
    waiting = _waiting(given, queued)
    instances = dict(instances_in(given, names))
    for name in sorted(names):
        pool = given.desired.pools.get(name)
        record = given.history.pools.get(name) or PoolRecord()
        yard = _Yard(given, fleet, taken, name, pool, record, waiting.get(name, 0))
        _tend_one(yard)
        found.facts += yard.facts
        if pool is not None:
            _look_again(found, yard, pool)
        if pool is not None or record.slots:
            found.views.append(_view(yard, instances))
    return found


def _look_again(found: Tended, yard: _Yard, pool: DesiredPool) -> None:
    if yard.reason:
        found.crowded.add(pool.task)
    until = yard.given.calendar.ruling(yard.name).until
    if until:
        yard.wakes.append(yard.given.now + until - yard.given.calendar.wall)
    if yard.wakes:
        found.wakes[pool.task] = min(yard.wakes)


def _waiting(given: Pass, queued: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, count in queued.items():
        task = given.desired.tasks.get(name)
        if task is not None and task.spec.pool:
            found[task.spec.pool] = found.get(task.spec.pool, 0) + count
    return found


def _view(yard: _Yard, instances: Mapping[str, str]) -> PoolView:
    given, name = yard.given, yard.name
    ruling = given.calendar.ruling(name)
    slots = tuple(
        view_of(given, name, slot, instances.get(slot_name(name, number), ""))
        for number, slot in sorted(yard.record.slots.items())
    )
    return PoolView(name, ruling.policy, ruling.until, yard.wanted, yard.reason, slots)


def _tend_one(yard: _Yard) -> None:
    """Note what slots have come to, close what is not wanted, and open or close by the policy."""
    now, pool = yard.given.now, yard.pool
    staying: list[PoolSlot] = []
    for slot in yard.record.slots.values():
        yard.facts += _noted(yard, slot)
        why = slot.closing or _why_closing(yard, slot)
        if not why:
            staying.append(slot)
            continue
        yard.fleet.closing.add(slot_name(yard.name, slot.number))
        if not slot.closing:
            yard.facts.append(SlotClosing(yard.name, slot.number, why, now))
        if not yard.occupied(slot):
            yard.facts.append(SlotClosed(yard.name, slot.number, why, now))
    if pool is not None:
        _scale(yard, pool, staying)


def _noted(yard: _Yard, slot: PoolSlot) -> Iterator[Fact]:
    given, pool = yard.given, yard.pool
    if slot.ready_at:
        busy = yard.occupied(slot)
        if busy != slot.busy:
            yield SlotUsed(yard.name, slot.number, busy, given.now)
    elif pool is not None and not slot.closing and is_prepared(given, pool, slot):
        yield SlotReady(yard.name, slot.number, given.now)


def _why_closing(yard: _Yard, slot: PoolSlot) -> str:
    given, pool, node = yard.given, yard.pool, slot.node
    if pool is None:
        return f"there is no pool {yard.name} any more"
    if slot.form != pool.form:
        return f"pool {yard.name} has changed"
    spec = given.desired.nodes.get(node)
    if spec is None:
        return f"node {node} is not declared any more"
    if not set(pool.nodes).issubset(spec.labels):
        return f"node {node} does not have the labels of the pool"
    if drains(given, node):
        return f"node {node} is being emptied"
    return _why_lost(yard, spec) or _why_failed(yard, pool, slot)


def _why_lost(yard: _Yard, node: NodeSpec) -> str:
    record = yard.given.history.nodes.get(node.name)
    if not yard.given.unknown(node.name) or record is None or not record.lost_at:
        return ""
    due = record.lost_at + node.timeout
    if yard.given.now >= due:
        return f"node {node.name} is lost"
    yard.wakes.append(due)
    return ""


def _why_failed(yard: _Yard, pool: DesiredPool, slot: PoolSlot) -> str:
    given = yard.given
    failed = why_unprepared(given, pool, slot)
    run = run_of(given, pool) if failed else None
    if run is None:
        return ""
    due = run.attempts_of(slot.number)[-1].ended_at + REST
    if given.now >= due:
        return f"its preparation has failed ({failed}), and another slot is tried"
    yard.wakes.append(due)
    return ""


def _scale(yard: _Yard, pool: DesiredPool, staying: list[PoolSlot]) -> None:
    """Bring the number of slots nearer to what the policy asks for."""
    given, record = yard.given, yard.record
    policy = policy_of(pool.policies, given.calendar.ruling(pool.name).policy)
    if record.policy != policy.name:
        yard.facts.append(PolicyApplied(pool.name, policy.name, given.now))
    busy = sum(yard.occupied(slot) for slot in record.slots.values())
    yard.wanted = wanted(policy, Load(busy, yard.queued))
    leaving = record.slots.keys() - {slot.number for slot in staying}
    there = len(staying) + sum(_takes_part(yard, record.slots[number]) for number in leaving)
    if yard.wanted is None or there < yard.wanted:
        missing = yard.wanted - there if yard.wanted is not None else None
        preparing = sum(not s.ready_at and not why_unprepared(given, pool, s) for s in staying)
        _open(yard, pool, None if missing is None else growth(policy, missing, preparing))
    elif len(staying) > yard.wanted:
        idle = [slot for slot in staying if not yard.occupied(slot)]
        found = shrinking(policy, len(staying) - yard.wanted, idle, record.shrunk_at, given.now)
        _close(yard, found.slots, policy.name)
        if found.wake_at is not None:
            yard.wakes.append(found.wake_at)


def _takes_part(yard: _Yard, slot: PoolSlot) -> bool:
    """Whether a slot counts that is closing: its node stays, and something is in it."""
    return (
        yard.occupied(slot)
        and not drains(yard.given, slot.node)
        and yard.given.unknown(slot.node) is None
    )


def _close(yard: _Yard, slots: Iterable[PoolSlot], policy: str) -> None:
    now, reason = yard.given.now, f"it is to spare, by policy {policy}"
    closed = [SlotClosed(yard.name, slot.number, reason, now) for slot in slots]
    yard.fleet.closing |= {slot_name(yard.name, slot.number) for slot in slots}
    if closed:
        yard.facts += [*closed, PoolShrunk(yard.name, now)]


def _open(yard: _Yard, pool: DesiredPool, count: int | None) -> None:
    """Open slots where nodes have room, `count` at most; None is as many as there is room for."""
    given, fleet, room = yard.given, yard.fleet, pool.room
    held = Counter(slot.node for slot in yard.record.slots.values())
    claim = Claim(room.cpus or 0.0, room.memory or 0, room.gpus or 0)
    turn = Turn(Line(fleet, Wish(claim, pool.nodes)), held.elements())
    nodes: list[str] = []
    while count is None or len(nodes) < count:
        node = _place(yard, pool, turn, claim, held)
        if not node:
            break
        fleet.reserve(node, room)
        turn.placed(node)
        held[node] += 1
        nodes.append(node)
    yard.reason = "" if count is None else yard.reason
    numbered = enumerate(nodes, _following(yard, pool)) if nodes else ()
    yard.facts += [SlotOpened(pool.name, n, at, pool.form, room, given.now) for n, at in numbered]


def _place(
    yard: _Yard, pool: DesiredPool, turn: Turn, claim: Claim, held: Mapping[str, int]
) -> str:
    """Return the node for another slot, empty where there is none, with why."""
    quota = replace(yard.given.desired.quota, instances=None)
    yard.reason = over_quota(quota, yard.fleet.taken, claim)
    node = "" if yard.reason else turn.first()
    if not node:
        yard.reason = yard.reason or turn.line.refusal
    elif held[node] >= pool.per_node:  # the node that has the fewest
        yard.reason = f"there are slotsPerNode {pool.per_node} on each node that has room"
        return ""
    return node


def _following(yard: _Yard, pool: DesiredPool) -> int:
    """Return the number of the next slot: none that there was, as far as anything tells."""
    known = yard.given.history.tasks.get(pool.task)
    runs = known.runs.values() if known else ()
    seen = max((instance for run in runs for instance in run.attempts), default=-1)
    return max(yard.record.next, seen + 1)
