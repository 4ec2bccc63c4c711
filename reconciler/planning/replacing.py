"""How what runs gives way to what is wanted: image first, and a service bit by bit.

The new image is on the node before the old container is stopped, and of a service no more
than `rollout.maxUnavailable` instances are out at any time on our account.
"""

from msgspec.structs import replace as altered

from reconciler.model.action import Cause, InstanceState
from reconciler.model.observed import Container
from reconciler.planning import cause
from reconciler.planning.attempts import image_step
from reconciler.planning.ending import end
from reconciler.planning.scene import Scene, Step


def replace(scene: Scene, container: Container, why: Cause) -> Step:
    """Bring a container to its end so that the wanted one can follow."""
    record = scene.given.record(container)
    if not container.live or (record and record.stop_requested_at):
        return end(scene.given, container, why)
    missing = image_step(scene, container.node)
    if missing is not None:
        return altered(missing, state=InstanceState.RUNNING)
    if scene.task.service and scene.given.serving(container):
        if scene.outages <= 0:
            most = scene.task.max_unavailable
            reason = f"waits to be replaced ({why.reason}): at most {most} out of service at once"
            return Step(InstanceState.RUNNING, reason, settled=True)
        scene.outages -= 1
    return end(scene.given, container, why)


def why_superseded(scene: Scene, container: Container) -> Cause:
    """Word why a container is not the one that is wanted."""
    given, task = scene.given, scene.task
    if container.run == scene.run.number:
        return Cause(f"a newer attempt of {container.key} exists", revision=given.desired.revision)
    if container.work == task.work.hash:
        return scene.opening or Cause(scene.run.reason, revision=given.desired.revision)
    specs = {**given.history.specs, task.work.hash: task.work.text}
    return cause.changed(given.desired, task, specs, container.work, task.work.hash)


def why_unfit(scene: Scene, container: Container) -> Cause:
    """Word which part of the shape differs."""
    given, shape = scene.given, scene.task.shape
    specs = {**given.history.specs, shape.hash: shape.text}
    return cause.changed(given.desired, scene.task, specs, container.shape, shape.hash)
