"""What may go on where nobody can look: attempts without an end on nodes of which nothing is known.

Unknown is not absent. A reconciler that has just begun has seen no container there; that there
may be one is on record. Must not know what is to be done about it.
"""

from collections.abc import Iterable

from reconciler.model.desired import DesiredTask
from reconciler.model.identity import InstanceKey
from reconciler.model.run import Run
from reconciler.planning.firing import overlapping
from reconciler.planning.scene import Pass


def unseen(given: Pass, task: DesiredTask, present: Run) -> dict[InstanceKey, str]:
    """Return which instances may have a container of an earlier run out of sight, and why.

    Where runs overlap, each is for itself.
    """
    if overlapping(task):
        return {}
    return {
        InstanceKey(task.name, instance): why
        for run in _others(given, task.name, present)
        for instance, attempts in run.attempts.items()
        if attempts[-1].may_go_on and (why := given.unknown(attempts[-1].node)) is not None
    }


def _others(given: Pass, name: str, present: Run) -> Iterable[Run]:
    """Return a task's other runs: over or not while a node is out of sight."""
    known = given.history.tasks.get(name)
    if known is None:
        return ()
    numbers = known.runs if given.seen.blind else known.unfinished
    return (known.runs[number] for number in numbers if number != present.number)
