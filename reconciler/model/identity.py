"""Who is who: instances, attempts, container names and labels.

Identity is (project, task, instance). A run is one asking for the task's work, an attempt is
one container for an instance of a run. A container's name carries all five parts, so that the
engine's own name reservation is the mutex against starting anything twice.
"""

import re
from typing import Final, NamedTuple

from msgspec import Struct

NAME_PATTERN: Final = r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?"
LABEL_PREFIX: Final = "io.reconciler."
LABEL_PROJECT: Final = LABEL_PREFIX + "project"
LABEL_TASK: Final = LABEL_PREFIX + "task"
LABEL_JOB: Final = LABEL_PREFIX + "job"
LABEL_INSTANCE: Final = LABEL_PREFIX + "instance"
LABEL_VALUES: Final = LABEL_PREFIX + "values"
LABEL_RUN: Final = LABEL_PREFIX + "run"
LABEL_ATTEMPT: Final = LABEL_PREFIX + "attempt"
LABEL_WORK: Final = LABEL_PREFIX + "work"
LABEL_SHAPE: Final = LABEL_PREFIX + "shape"
LABEL_REVISION: Final = LABEL_PREFIX + "revision"
LABEL_CPUS: Final = LABEL_PREFIX + "cpus"
LABEL_MEMORY: Final = LABEL_PREFIX + "memory"
LABEL_GPUS: Final = LABEL_PREFIX + "gpus"
LABEL_PIDS: Final = LABEL_PREFIX + "pids"
LABEL_PORTS: Final = LABEL_PREFIX + "ports"
LABEL_POOL: Final = LABEL_PREFIX + "pool"
LABEL_SLOT: Final = LABEL_PREFIX + "slot"
LABEL_CLAIM: Final = LABEL_PREFIX + "claim"
LABEL_VOLUME: Final = LABEL_PREFIX + "volume"
LABEL_SUBNET: Final = LABEL_PREFIX + "subnet"
LABEL_SECRETS: Final = LABEL_PREFIX + "secrets"
LABEL_DATA: Final = LABEL_PREFIX + "data"
LABEL_NONCE: Final = LABEL_PREFIX + "nonce"
LABEL_BYTES: Final = LABEL_PREFIX + "bytes"
LABEL_FILES: Final = LABEL_PREFIX + "files"

SNAPSHOT: Final = "snapshot:"
"""Before a container's name: what is stored of it while it runs."""

_CONTAINER_NAME: Final = re.compile(
    rf"(?P<project>{NAME_PATTERN})\.(?P<task>(pool_)?{NAME_PATTERN})\.(?P<run>[1-9][0-9]*)"
    r"\.(?P<instance>0|[1-9][0-9]*)\.(?P<attempt>[1-9][0-9]*)"
)


class InstanceKey(NamedTuple):
    """The identity of an instance within its project. It survives runs, retries and moves."""

    task: str
    instance: int

    def __str__(self) -> str:
        """Render as users type it: TASK/INSTANCE."""
        return f"{self.task}/{self.instance}"


class AttemptKey(Struct, frozen=True):
    """One container for one instance of one run; numbers count from 1 and are never reused."""

    key: InstanceKey
    run: int
    attempt: int

    def container_name(self, project: str) -> str:
        """Return PROJECT.TASK.RUN.INSTANCE.ATTEMPT."""
        return f"{project}.{self.key.task}.{self.run}.{self.key.instance}.{self.attempt}"

    def __str__(self) -> str:
        """Render as TASK/INSTANCE (run R, attempt A)."""
        return f"{self.key} (run {self.run}, attempt {self.attempt})"


def parse_container_name(name: str) -> tuple[str, AttemptKey] | None:
    """Return (project, attempt) for a name of ours, None for any other."""
    found = _CONTAINER_NAME.fullmatch(name)
    if found is None:
        return None
    key = InstanceKey(found["task"], int(found["instance"]))
    return found["project"], AttemptKey(key, int(found["run"]), int(found["attempt"]))


def task_of(subject: str) -> str:
    """Return the task that a container's name or TASK/INSTANCE speaks of; of an image, nobody's."""
    found = parse_container_name(subject)
    return found[1].key.task if found else subject.rpartition("/")[0]


def volume_name(project: str, name: str) -> str:
    """Return the engine's name of a volume that a manifest calls `name`."""
    return f"{project}.{name}"


def data_name(project: str, key: str) -> str:
    """Return the engine's name of data that a project keeps on a node, by their content's key."""
    return f"{project}.data.{key}"
