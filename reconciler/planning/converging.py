"""When everything is as a revision asks for it, as far as that is the reconciler's affair.

Batch programs may still run or have failed, and wait for room among themselves; services are
to be ready; nothing waits for a person, a node or an engine. What is suspended does not count.
"""

from collections.abc import Mapping, Sequence

from reconciler.model.action import Hold, Verdict
from reconciler.model.desired import Desired


def converged(
    desired: Desired, verdicts: Mapping[str, Sequence[Verdict]], holds: Sequence[Hold]
) -> bool:
    """Whether nothing is left to be done, of what was planned when all was at rest."""
    if holds or any(v.blocked for found in verdicts.values() for v in found):
        return False
    services = (task for task in desired.tasks.values() if task.service)
    return all(v.ready or v.suspended for task in services for v in verdicts.get(task.name, ()))
