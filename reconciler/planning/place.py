"""Which node an instance goes to: the filters' word first, then the order of the line.

Deterministic for the same input. The node of an instance's earlier attempt is preferred.
"""

from msgspec import Struct

from reconciler.planning.filters import fits, stands_open
from reconciler.planning.line import Line
from reconciler.planning.scene import Scene


class Refusal(Struct, frozen=True):
    """No node will do, and why, filter by filter."""

    reason: str


def choose(scene: Scene, previous: str = "") -> str | Refusal:
    """Return the node that takes an instance, and take it there; or why there is none."""
    fleet, wish = scene.fleet, scene.wish
    before = fleet.stands.get(previous)
    line = _line(scene)
    if before is not None and stands_open(before, wish) and fits(before, wish):
        node = previous
    else:
        node = line.first()
    if not node:
        return Refusal(line.refusal)
    fleet.take(node, wish.claim)
    line.placed(node)
    return node


def _line(scene: Scene) -> Line:
    """Return the line for a scene; single instances that ask for the same share one."""
    fleet, wish = scene.fleet, scene.wish
    if scene.line is None:
        own = [c.node for slot in scene.slots.values() for c in slot.containers if c.occupies]
        if len(scene.task.instances) == 1 and not own:
            scene.line = fleet.lines[wish] = fleet.lines.get(wish) or Line(fleet, wish)
        else:
            scene.line = Line(fleet, wish, own)
    return scene.line
