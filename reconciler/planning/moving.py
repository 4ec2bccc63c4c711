"""How a node that is to be emptied lets go of what runs there.

What has not begun is made elsewhere. A service's instance moves by way of a rollout: another one
is ready first. A batch instance runs to its end, or, where there is a grace, until that is over;
it is then Cancelled there, which costs no retry, and begins again elsewhere.
"""

from reconciler.model.action import Cause, InstanceState
from reconciler.model.observed import Container, Phase
from reconciler.model.quantities import format_duration
from reconciler.planning.ending import end
from reconciler.planning.nodes import drains, grace_of
from reconciler.planning.place import nowhere
from reconciler.planning.scene import Scene, Slot
from reconciler.planning.step import Step


def leaving(scene: Scene, slot: Slot) -> Step | None:
    """It is on a node that is being emptied."""
    current, record = slot.current, slot.record
    if current is None or not drains(scene.given, current.node) or scene.task.gang:
        return None
    if record is not None and record.stop_requested_at:
        return None
    why = Cause(why_leaving(current))
    if current.phase is Phase.CREATED and nowhere(scene) is None:
        return end(scene.given, current, why)
    if not current.live:
        return None
    return _stay(scene, current) if scene.task.service else _run_on(scene, current)


def apart(scene: Scene, slot: Slot) -> bool:
    """Whether a service's instance is to have another one made for it, on another node."""
    current = slot.current
    if current is None or not current.live or not drains(scene.given, current.node):
        return False
    return nowhere(scene) is None


def why_leaving(container: Container) -> str:
    """Word why a container has to go."""
    return f"node {container.node} is being emptied"


def _stay(scene: Scene, current: Container) -> Step | None:
    """A service stays where it is as long as there is no other place."""
    refusal = nowhere(scene)
    if refusal is None:
        return None
    reason = f"{why_leaving(current)}, and there is no other: {refusal.reason}"
    ready = current.health not in {"starting", "unhealthy"}
    return Step(InstanceState.RUNNING, reason, settled=True, ready=ready, blocked=True)


def _run_on(scene: Scene, current: Container) -> Step:
    given = scene.given
    since, grace = grace_of(given, current.node)
    if grace is None:
        reason = f"{why_leaving(current)}: it runs to its end there"
        return Step(InstanceState.RUNNING, reason, settled=True, ready=True)
    over = since + grace
    if given.now < over:
        left = format_duration(max(1, round(over - given.now)))
        reason = f"{why_leaving(current)}: it moves in {left}, unless it has ended"
        return Step(InstanceState.RUNNING, reason, wake_at=over, settled=True, ready=True)
    refusal = nowhere(scene)
    if refusal is not None:
        reason = f"{why_leaving(current)}, and there is no other: {refusal.reason}"
        return Step(InstanceState.RUNNING, reason, settled=True, ready=True, blocked=True)
    told = f"{why_leaving(current)}, and its grace of {format_duration(grace)} is over"
    return end(given, current, Cause(told))
