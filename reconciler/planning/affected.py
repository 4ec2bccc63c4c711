"""Which tasks have to be planned anew when another revision comes into force.

Decides by what is asked for alone, so that a commit costs what it changes. What is held back,
and what waits for another try, is added by whoever knows of it.
"""

from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from reconciler.model.desired import Desired


def affected(before: Desired, after: Desired) -> AbstractSet[str] | None:
    """Return the names of tasks that differ, are new or are gone; None for all tasks.

    Whatever else of the two differs concerns every task.
    """
    if replace(before, revision="", tasks={}) != replace(after, revision="", tasks={}):
        return None
    old, new = before.tasks, after.tasks
    # Most are the very same objects, which is seen at a glance.
    differing = {name for name, task in new.items() if (was := old.get(name)) is not task != was}
    return differing | (old.keys() - new.keys())
