"""When a task is as its revision asks for it, as far as that is the reconciler's affair.

Batch programs may still run or have failed, and wait for room among themselves; services are
to be ready; nothing waits for a person, a node or an engine. What is suspended does not count.
"""

from collections.abc import Sequence

from reconciler.model.action import InstanceState, Verdict
from reconciler.model.desired import DesiredTask


def stirs(verdicts: Sequence[Verdict]) -> bool:
    """Whether more is awaited of a task than its instances' own progress, or a person."""
    return not all(v.settled or v.blocked or v.state is InstanceState.PENDING for v in verdicts)


def lacks(task: DesiredTask | None, verdicts: Sequence[Verdict]) -> bool:
    """Whether something is left to be done of a task at rest; None is one that is not asked for."""
    if any(v.blocked for v in verdicts):
        return True
    service = task is not None and task.service
    return service and not all(v.ready or v.suspended for v in verdicts)
