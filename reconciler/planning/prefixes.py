"""What each instance has of its own: built-in variables, and with them prefixes of objects.

Must not know what is stored where.
"""

import re
from collections.abc import Mapping
from typing import Final

from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.identity import AttemptKey

_NAME: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def rendered(text: str, values: Mapping[str, str]) -> str:
    """Return a prefix with `${NAME}` replaced by the value of each name that has one."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), text)


def values_of(desired: Desired, task: DesiredTask, attempt: AttemptKey) -> dict[str, str]:
    """Return what prefixes of an attempt may use."""
    return builtins_of(desired, task, attempt) | dict(task.values_of(attempt.key.instance))


def builtins_of(desired: Desired, task: DesiredTask, attempt: AttemptKey) -> dict[str, str]:
    """Return the variables that nobody may override."""
    return {
        "INSTANCE_ID": str(attempt.key.instance),
        "INSTANCE_COUNT": str(len(task.instances)),
        "TASK_NAME": task.name,
        "JOB_NAME": task.job,
        "RUN": str(attempt.run),
        "ATTEMPT": str(attempt.attempt),
        "REVISION": desired.revision,
    }
