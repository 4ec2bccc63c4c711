"""What differs between two revisions: tasks, nodes, and how much is asked for."""

from enum import StrEnum

from msgspec import Struct

from reconciler.model.action import Cause, Hold


class Change(StrEnum):
    """What becomes of a task, or of a node, when one revision follows another.

    RERUN is other work of a batch task; REPLACE another form of it, or either in a service.
    SCALE is another number of instances alone, SETTINGS what restarts nothing. KEEP leaves a
    task alone: one that may not be started, or that an empty source does not tear down.
    """

    CREATE = "create"
    RERUN = "rerun"
    REPLACE = "replace"
    SCALE = "scale"
    TEAR_DOWN = "tearDown"
    KEEP = "keep"
    SETTINGS = "settings"


class Effect(StrEnum):
    """What a field is a part of: the work, the shape, the number of instances, or a setting."""

    WORK = "work"
    SHAPE = "shape"
    COUNT = "count"
    SETTING = "setting"


class Difference(Struct, frozen=True):
    """One field that differs, worded as a cause."""

    effect: Effect
    cause: Cause


class TaskChange(Struct, frozen=True, kw_only=True):
    """What becomes of one task, and why. `before` and `after` are the instances asked for.

    `at_once` is how many instances of a service are replaced at a time.
    """

    task: str
    change: Change
    cause: Cause
    differences: tuple[Difference, ...] = ()
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    job: str = ""
    service: bool = False
    at_once: int = 1

    @property
    def kept(self) -> int:
        """How many instances are asked for before and after."""
        return len(set(self.before) & set(self.after))


class NodeChange(Struct, frozen=True):
    """What becomes of one node: declared, changed (SETTINGS), or not declared any more."""

    node: str
    change: Change
    differences: tuple[Difference, ...] = ()


class Totals(Struct, frozen=True, kw_only=True):
    """How much a revision asks for: sums over all instances, memory in bytes.

    Instances without a limit are in no sum, and counted apart.
    """

    tasks: int = 0
    instances: int = 0
    cpus: float = 0.0
    memory: int = 0
    unlimited_cpus: int = 0
    unlimited_memory: int = 0


class Comparison(Struct, frozen=True, kw_only=True):
    """What differs between two revisions. `before` is None where the former is not known."""

    project: str
    tasks: tuple[TaskChange, ...]
    unchanged: tuple[str, ...]
    nodes: tuple[NodeChange, ...]
    before: Totals | None
    after: Totals
    holds: tuple[Hold, ...]

    @property
    def empty(self) -> bool:
        """Whether the two ask for the same."""
        return not self.tasks and not self.nodes
