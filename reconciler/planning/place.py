"""Where an instance goes, to a node or in a slot: the filters' word first, then the line's order.

Deterministic for the same input. The node of an instance's earlier attempt is preferred.
"""

from collections.abc import Iterable, Iterator

from reconciler.model.identity import InstanceKey
from reconciler.model.pool import slot_name
from reconciler.planning.filters import fits, stands_open
from reconciler.planning.fleet import Stand
from reconciler.planning.line import Line, Turn
from reconciler.planning.networks import reaches
from reconciler.planning.quota import over_count, over_quota
from reconciler.planning.scene import Gang, Refusal, Scene, Seat, Slot
from reconciler.planning.slots import UNPREPARED


def seat(scene: Scene, slot: Slot) -> Seat | Refusal:
    """Return what takes an instance, and take it there; or why there is nothing that does.

    Of a gang none is taken before there is room for all that are missing.
    """
    gang = scene.gang
    if scene.task.prepares:
        return _own_slot(scene, slot)
    if gang is None:
        return _choose(scene, slot)
    if slot.key not in gang.seats:
        _seat_all(scene, gang)
    return gang.seats[slot.key]


def nowhere(scene: Scene) -> Refusal | None:
    """Return why nothing takes another instance, None where something does. None is taken."""
    turn = _turn(scene)
    return None if turn.first() else Refusal(turn.line.refusal)


def _own_slot(scene: Scene, slot: Slot) -> Seat | Refusal:
    """Return the slot that the instance prepares."""
    pool = scene.task.prepares
    record = scene.given.history.pools[pool].slots[slot.key.instance]
    why = scene.given.unknown(record.node)
    return Refusal(why) if why else Seat(record.node, slot_name(pool, record.number))


def _seat_all(scene: Scene, gang: Gang) -> None:
    """Find seats for all, where all can be in one network if they need one; else for none.

    What is told is why there are none where there is most to be had, which is tried first.
    """
    for within in _joined(scene, gang) if scene.task.spec.cluster else [frozenset[str]()]:
        gang.within = within
        seats = _seated(scene, gang)
        fits = not any(isinstance(one, Refusal) for one in seats.values())
        if fits or not gang.seats:
            gang.seats = seats
        if fits:
            return
    if scene.wish.pool:
        scene.fleet.queued[scene.task.name] = len(gang.missing)


def _seated(scene: Scene, gang: Gang) -> dict[InstanceKey, Seat | Refusal]:
    """Return a seat for each that is missing, or for each why there are not enough."""
    seats = {slot.key: _choose(scene, slot) for slot in gang.missing}
    refusals = [one for one in seats.values() if isinstance(one, Refusal)]
    if not refusals:
        return seats
    room = gang.size - len(refusals)
    reason = f"a gang of {gang.size} starts together, and there is room for {room}"
    for one in seats.values():
        if isinstance(one, Seat):
            scene.fleet.give_back(scene.wish.pool, one.place, scene.wish.claim)
    scene.turn = None
    why = Refusal(f"{reason}: {refusals[0].reason}", refusals[0].queued)
    return dict.fromkeys(seats, why)


def _joined(scene: Scene, gang: Gang) -> list[frozenset[str]]:
    """Return the nodes that one network can span, the most promising first.

    That is where members are already, else where one was before, else where least is taken.
    """
    reach, slots = reaches(scene.given), scene.slots.values()
    if len({*reach.values()}) < 2:  # noqa: PLR2004  # all are joined, or there is but one
        return [frozenset()]
    members: dict[str, set[str]] = {}
    for node, joined in reach.items():
        members.setdefault(joined, set()).add(node)
    held = {reach.get(node, node) for slot in slots for node in _places(scene, slot)}
    before = [reach.get(slot.last.node, "") for slot in gang.missing if slot.last]
    places = scene.fleet.places(scene.wish.pool).values()
    open_ones = [s for s in places if stands_open(s, scene.wish) and fits(s, scene.wish)]
    order = [reach.get(s.spec.name, "") for s in sorted(open_ones, key=_emptiest)]
    found = dict.fromkeys(one for one in (*held, *before, *order) if one in members)
    return [frozenset(members[one]) for one in found if not held or one in held] or [frozenset()]


def _emptiest(stand: Stand) -> tuple[float, float, str]:
    return stand.share(), stand.taken.count, stand.name


def _choose(scene: Scene, slot: Slot) -> Seat | Refusal:
    fleet, wish, turn = scene.fleet, scene.wish, _turn(scene)
    quota = scene.given.desired.quota
    waits = (
        over_count(quota, fleet.taken) if wish.pool else over_quota(quota, fleet.taken, wish.claim)
    )
    if waits:
        return Refusal(waits)
    place = _before(scene, slot) or turn.first()
    if not place:
        fleet.queued[scene.task.name] += bool(wish.pool)
        return Refusal(turn.line.refusal, queued=_comes_by_itself(scene))
    fleet.take(wish.pool, place, wish.claim)
    turn.placed(place)
    return Seat(fleet.places(wish.pool)[place].spec.name, place if wish.pool else "")


def _comes_by_itself(scene: Scene) -> bool:
    """Whether a slot of its pool will take it in its turn: not where none can be prepared."""
    pool, slots = scene.wish.pool, scene.fleet.places(scene.wish.pool).values()
    return pool in scene.given.desired.pools and (
        not slots or any(slot.shut != UNPREPARED for slot in slots)
    )


def _before(scene: Scene, slot: Slot) -> str:
    """Return the node of the earlier attempt, or a slot there; empty where there is no room."""
    places, node = scene.fleet.places(scene.wish.pool), slot.last.node if slot.last else ""
    if not node:
        return ""
    there = (places.get(node),) if not scene.wish.pool else _on(places.values(), node)
    takes = (s for s in there if s and stands_open(s, scene.wish) and fits(s, scene.wish))
    found = next(takes, None)
    return found.name if found else ""


def _on(places: Iterable[Stand], node: str) -> Iterator[Stand]:
    return (stand for stand in places if stand.spec.name == node)


def _turn(scene: Scene) -> Turn:
    """Return the turn of a scene's task in the line of all who ask for the same."""
    if scene.turn is None:
        fleet, wish = scene.fleet, scene.wish
        line = fleet.lines[wish] = fleet.lines.get(wish) or Line(fleet, wish)
        own = (node for slot in scene.slots.values() for node in _places(scene, slot))
        scene.turn = Turn(line, own, scene.images)
    return scene.turn


def _places(scene: Scene, slot: Slot) -> list[str]:
    """Return the nodes where an instance is, or is being made."""
    there = [container.node for container in slot.containers if container.occupies]
    coming = slot.key in scene.given.underway.beginning and slot.last is not None
    return there or ([slot.last.node] if coming and slot.last else [])
