"""Which node an instance goes to: the filters' word first, then the order of the line.

Deterministic for the same input. The node of an instance's earlier attempt is preferred.
"""

from reconciler.planning.filters import fits, stands_open
from reconciler.planning.line import Line, Turn
from reconciler.planning.quota import over_quota
from reconciler.planning.scene import Gang, Refusal, Scene, Slot


def seat(scene: Scene, slot: Slot) -> str | Refusal:
    """Return the node that takes an instance, and take it there; or why there is none.

    Of a gang none is taken before there is room for all that are missing.
    """
    gang = scene.gang
    if gang is None:
        return _choose(scene, slot)
    if slot.key not in gang.seats:
        _seat_all(scene, gang)
    return gang.seats[slot.key]


def nowhere(scene: Scene) -> Refusal | None:
    """Return why no node takes another instance, None where one does. None is taken."""
    turn = _turn(scene)
    return None if turn.first() else Refusal(turn.line.refusal)


def _seat_all(scene: Scene, gang: Gang) -> None:
    gang.seats |= {slot.key: _choose(scene, slot) for slot in gang.missing}
    refusals = [one for one in gang.seats.values() if isinstance(one, Refusal)]
    if not refusals:
        return
    room = gang.size - len(refusals)
    reason = f"a gang of {gang.size} starts together, and there is room for {room}"
    for key, one in gang.seats.items():
        if not isinstance(one, Refusal):
            scene.fleet.give_back(one, scene.wish.claim)
        gang.seats[key] = Refusal(f"{reason}: {refusals[0].reason}")
    scene.turn = None


def _choose(scene: Scene, slot: Slot) -> str | Refusal:
    fleet, wish, turn = scene.fleet, scene.wish, _turn(scene)
    if waits := over_quota(scene.given.desired.quota, fleet.taken, wish.claim):
        return Refusal(waits)
    before = fleet.stands.get(slot.last.node if slot.last else "")
    if before is not None and stands_open(before, wish) and fits(before, wish):
        node = before.name
    else:
        node = turn.first()
    if not node:
        return Refusal(turn.line.refusal)
    fleet.take(node, wish.claim)
    turn.placed(node)
    return node


def _turn(scene: Scene) -> Turn:
    """Return the turn of a scene's task in the line of all who ask for the same."""
    if scene.turn is None:
        fleet, wish = scene.fleet, scene.wish
        line = fleet.lines[wish] = fleet.lines.get(wish) or Line(fleet, wish)
        own = (node for slot in scene.slots.values() for node in _places(scene, slot))
        scene.turn = Turn(line, own)
    return scene.turn


def _places(scene: Scene, slot: Slot) -> list[str]:
    """Return where an instance is, or is being made."""
    there = [container.node for container in slot.containers if container.occupies]
    coming = slot.key in scene.given.underway.beginning and slot.last is not None
    return there or ([slot.last.node] if coming and slot.last else [])
