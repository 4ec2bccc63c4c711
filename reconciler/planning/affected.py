"""Which tasks have to be planned anew when another revision comes into force.

Decides by what is asked for alone, so that a commit costs what it changes. What is held back,
and what waits for another try, is added by whoever knows of it.
"""

from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from reconciler.model.desired import Desired
from reconciler.model.shared import differing


def affected(before: Desired, after: Desired) -> AbstractSet[str] | None:
    """Return the names of tasks that differ, are new or are gone; None for all tasks.

    Whatever else of the two differs concerns every task.
    """
    if replace(before, revision="", tasks={}) != replace(after, revision="", tasks={}):
        return None
    return differing(before.tasks, after.tasks)
