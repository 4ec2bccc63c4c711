"""What changed work leaves alone: an instance of the work before it, which ends by itself.

Decides with `onChange: finish` which container may go on under its own run while the new run
waits for its place. What ends its own run, its timeout and a lowered bound end it all the same.
"""

from reconciler.model.action import InstanceState
from reconciler.model.desired import DesiredTask, OnChange
from reconciler.model.observed import Container
from reconciler.model.run import Run
from reconciler.planning.limiting import overdue
from reconciler.planning.scene import Scene, Slot
from reconciler.planning.step import Step


def outlives_change(task: DesiredTask, run: Run, present: Run | None) -> bool:
    """Whether what runs of a run may end by itself, for the present one is another.

    `present` is None where that is not open yet. One that a schedule has opened for the same
    work is no change: what becomes of the run before it is the schedule's affair.
    """
    if task.on_change is not OnChange.FINISH or task.service:
        return False
    if present is None or (run.work, run.matrix) != (present.work, present.matrix):
        return True
    return run.number != present.number and not present.nominal


def finishing(scene: Scene, slot: Slot, container: Container) -> Step | None:
    """Return the wait for a container of earlier work to end, None where it is to give way."""
    known = scene.given.history.tasks.get(scene.task.name)
    own = known.runs.get(container.run) if known else None
    if own is None or not container.live or not outlives_change(scene.task, own, scene.run):
        return None
    record = scene.given.record(container)
    asked = record is not None and record.stop_requested_at
    if asked or own.cancel_of(slot.key.instance) or slot.key in scene.excess:
        return None
    old = f"attempt {container.attempt} of run {container.run}"
    reason = f"run {scene.run.number} waits for {old} to finish"
    return overdue(scene, slot) or Step(InstanceState.RUNNING, reason, settled=True)
