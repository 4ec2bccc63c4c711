"""What changed work leaves alone: an instance of the work before it, which ends by itself.

Decides with `onChange: finish` which container may go on under its own run while the new run
waits for its place. What ends its own run, a lowered bound and another run of the same work end
it all the same, for none of them is a change of the work.
"""

from reconciler.model.action import InstanceState
from reconciler.model.desired import DesiredTask, OnChange
from reconciler.model.observed import Container
from reconciler.model.run import Run
from reconciler.planning.scene import Scene, Slot, Step


def outlives_change(task: DesiredTask, run: Run) -> bool:
    """Whether what runs of this run may end by itself, for it does another work than the task."""
    return not run.serves(task) and task.on_change is OnChange.FINISH and not task.service


def finishing(scene: Scene, slot: Slot, container: Container) -> Step | None:
    """Return the wait for a container of earlier work to end, None where it is to give way."""
    known = scene.given.history.tasks.get(scene.task.name)
    own = known.runs.get(container.run) if known else None
    if own is None or not container.live or not outlives_change(scene.task, own):
        return None
    record = scene.given.record(container)
    asked = record is not None and record.stop_requested_at
    if asked or own.cancel_of(slot.key.instance) or slot.key in scene.excess:
        return None
    old = f"attempt {container.attempt} of run {container.run}"
    reason = f"run {scene.run.number} waits for {old} to finish"
    return Step(InstanceState.RUNNING, reason, settled=True)
