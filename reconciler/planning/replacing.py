"""How what runs gives way to what is wanted: image first, and a service bit by bit.

The new image is on the node before the old container is stopped. A gang is replaced as a whole.
"""

from typing import Final

from msgspec.structs import replace as altered

from reconciler.model.action import Cause, InstanceState
from reconciler.model.observed import Container
from reconciler.planning import cause
from reconciler.planning.ending import end
from reconciler.planning.images import image_step
from reconciler.planning.moving import why_leaving
from reconciler.planning.nodes import drains
from reconciler.planning.rollout import roll
from reconciler.planning.scene import Scene, Slot
from reconciler.planning.step import Step

# Where the task has no run of its own to speak of: it was destroyed, and has not fired since.
_OVER: Final = "its run is over"


def replace(scene: Scene, slot: Slot, container: Container, why: Cause) -> Step | None:
    """Bring a container to its end so that the wanted one can follow.

    None where the wanted one is to be ready first.
    """
    record = scene.given.record(container)
    if not container.live or (record and record.stop_requested_at):
        return end(scene.given, container, why)
    if scene.task.service and not scene.task.gang:
        return roll(scene, slot, container, why)
    missing = image_step(scene, container.node)
    if missing is not None:
        return altered(missing, state=InstanceState.RUNNING)
    return end(scene.given, container, why)


def why_superseded(scene: Scene, container: Container) -> Cause:
    """Word why a container is not the one that is wanted."""
    given, task = scene.given, scene.task
    if container.run == scene.run.number and drains(given, container.node):
        return Cause(why_leaving(container), revision=given.desired.revision)
    if container.run == scene.run.number and not scene.fits(container):
        return why_unfit(scene, container)
    if container.run == scene.run.number:
        return Cause(f"a newer attempt of {container.key} exists", revision=given.desired.revision)
    if container.work == task.work.hash:
        reason = scene.run.reason or _OVER
        return scene.opening or scene.relocked or Cause(reason, revision=given.desired.revision)
    specs = {**given.history.specs, task.work.hash: task.work.text}
    return cause.changed(given.desired, task, specs, container.work, task.work.hash)


def why_unfit(scene: Scene, container: Container) -> Cause:
    """Word which part of the shape differs, or which secrets do."""
    given, shape = scene.given, scene.task.shape
    if container.shape == shape.hash:
        several = "secrets" if len(container.outdated) > 1 else "secret"
        reason = f"{several} {', '.join(container.outdated)} changed"
        return cause.stated(given.desired, scene.task, reason, "secrets")
    specs = {**given.history.specs, shape.hash: shape.text}
    return cause.changed(given.desired, scene.task, specs, container.shape, shape.hash)
