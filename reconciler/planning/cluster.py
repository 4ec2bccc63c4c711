"""Instances that work as one, led by the first: a gang of which the master's outcome is the task's.

Theory of operation. A cluster is a gang whose members are joined by a network of their run. All
others start first; the master starts once each of them runs and, where a health check is declared,
is healthy. Once the master has completed, so have all: what still runs of them is ended. When one
fails, the gang decides. A cluster knows its size from the start, so another size is another
cluster. Nothing of one that has ended stays: its containers hold its keys.
"""

from reconciler.model.action import Cause, InstanceState
from reconciler.model.observed import Container, Phase
from reconciler.planning import cause
from reconciler.planning.attempts import completed
from reconciler.planning.ending import end
from reconciler.planning.replacing import replace
from reconciler.planning.scene import Scene, Slot
from reconciler.planning.step import Step

_LED = "the master has completed"
_RESIZED = "a cluster knows its size from the start"


def dismissed(scene: Scene, slot: Slot) -> Step | None:
    """The master has completed, so what else is of the cluster ends."""
    current = slot.current
    if scene.task.master is None or current is None or not completed(scene, slot):
        return None
    if current.phase is Phase.REMOVING:
        return None
    why = Cause(_LED, revision=scene.given.desired.revision)
    return end(scene.given, current, why)


def spent(scene: Scene, slot: Slot) -> Step | None:
    """It has ended, and its outcome and output are on record: it goes, and its keys with it."""
    current, record = slot.current, slot.record
    if scene.task.master is None or current is None or record is None or not record.ended:
        return None
    if current.phase is not Phase.EXITED:
        return None
    return end(scene.given, current, Cause("its keys go with it"))


def resized(scene: Scene, slot: Slot) -> Step | None:
    """It was made when the cluster had another size."""
    current, record, count = slot.current, slot.record, len(scene.task.instances)
    if scene.task.master is None or current is None or record is None or not current.occupies:
        return None
    if record.count in {0, count}:
        return None
    why = cause.moved(scene.given.desired, scene.task, "instances", record.count, count, _RESIZED)
    return replace(scene, slot, current, why)


def leading(scene: Scene, slot: Slot) -> Step | None:
    """It is the master, and another one is not at work yet."""
    current = slot.current
    if slot.key.instance != scene.task.master or current is None:
        return None
    if current.phase is not Phase.CREATED:
        return None
    for other in scene.slots.values():
        if other is slot or completed(scene, other) or _at_work(scene, other.current):
            continue
        if scene.run.cancel_of(other.key.instance) is None:
            reason = f"waits for {other.key}: the master starts when all others run"
            return Step(InstanceState.PENDING, reason)
    return None


def _at_work(scene: Scene, container: Container | None) -> bool:
    return container is not None and scene.given.serving(container)
