"""What a task has come to, for others to act on: from its record, and of a service from what runs.

Looks at the run of the work that is asked for now, and at no other.
"""

from reconciler.model.desired import DesiredTask
from reconciler.model.identity import InstanceKey
from reconciler.model.milestone import Milestone, Reached
from reconciler.model.run import Run
from reconciler.planning.concluding import conclusion_of
from reconciler.planning.scene import Pass
from reconciler.planning.suspending import suspense_of


def reached(given: Pass, name: str) -> Reached | None:
    """Return what a task's present run has come to, None where that is open. Found once a pass."""
    if name not in given.notes.reached:
        given.notes.reached[name] = _reached(given, given.desired.tasks[name])
    return given.notes.reached[name]


def unfinished(given: Pass, name: str) -> bool:
    """Whether a task's present run goes on. A service's does while it serves."""
    found = reached(given, name)
    return found is None or found.milestone is Milestone.READY


def how_far(given: Pass, task: DesiredTask) -> str:
    """Word how far a task is that has come to nothing yet, and what keeps it if something does."""
    if task.blocked:
        return task.blocked
    run, done, word = given.present_run(task), 0, "ready" if task.service else "done"
    if run is not None and task.service:
        done = sum(_serves(given, run, key) for key in task.keys())  # noqa: SIM118  # a method
    elif run is not None:
        done = sum(run.succeeded(instance) for instance in task.instances)
    said = f"{done} of {len(task.instances)} {word}"
    held, suspense = given.notes.held.get(task.name), suspense_of(given.history, task, given.now)
    kept = held or (suspense.reason if suspense else "")
    return f"{said}, {kept}" if kept else said


def _reached(given: Pass, task: DesiredTask) -> Reached | None:
    good = Milestone.READY if task.service else Milestone.SUCCEEDED
    if not task.instances:
        return Reached(good, "no instance is asked for")
    run = given.present_run(task)
    if run is None:
        return None
    found = conclusion_of(task, run)
    if found is not None:
        return Reached(Milestone(found.ended), found.reason)
    if task.service and all(_serves(given, run, key) for key in task.keys()):  # noqa: SIM118  # as above
        return Reached(Milestone.READY, "all instances are ready")
    return None


def _serves(given: Pass, run: Run, key: InstanceKey) -> bool:
    """Whether an instance of a service does its work for this run now, as far as can be seen."""
    return any(
        container.run == run.number and given.serving(container)
        for container in given.seen.of(key.task).get(key, ())
    )
