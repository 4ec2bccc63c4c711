"""What happened, one frozen value a happening: the unit that the ledger keeps for ever.

A history is nothing but its facts applied in order, so memory and disk cannot disagree.
Times are epoch seconds.
"""

from enum import StrEnum

from msgspec import Struct

from reconciler.model.identity import AttemptKey


class Result(StrEnum):
    """How an attempt ended.

    BURNT never started and counts as nothing; LOST started and left no exit code behind,
    which counts as a failure; CANCELLED was ended by us on purpose and counts as nothing.
    """

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    BURNT = "burnt"


class SpecSeen(Struct, frozen=True):
    """The canonical text behind a hash, so that a later difference can be worded."""

    hash: str
    text: str


class RunOpened(Struct, frozen=True):
    """A new asking for a task's work. Recorded before its first create."""

    task: str
    run: int
    work: str
    rerun: int
    reason: str
    revision: str
    at: float


class TaskScaled(Struct, frozen=True):
    """How many instances a revision asks for, recorded when that changes."""

    task: str
    instances: int
    at: float


class RunCancelled(Struct, frozen=True):
    """The user stopped a run, or one instance of it: what is unfinished stays so."""

    task: str
    run: int
    instance: int | None
    reason: str
    at: float


class RunsClosed(Struct, frozen=True):
    """The task was destroyed: none of its runs so far is ever resumed."""

    task: str
    at: float


class ImageResolved(Struct, frozen=True):
    """What an image reference meant on a node when this run first used it there.

    `reference` is what containers are created from: a digest, or an image id where the image
    has no digest. Empty where that has turned out to be gone from the node.
    """

    task: str
    run: int
    node: str
    reference: str
    at: float


class AttemptReserved(Struct, frozen=True):
    """A name is about to be used on a node. Recorded before the create, never reused."""

    attempt: AttemptKey
    node: str
    shape: str
    revision: str
    at: float


class StartRequested(Struct, frozen=True):
    """The attempt may run from now on. Recorded before the engine is asked."""

    attempt: AttemptKey
    at: float


class StopRequested(Struct, frozen=True):
    """We are about to end the attempt, and why. `result` is what its exit then counts as."""

    attempt: AttemptKey
    reason: str
    at: float
    result: Result = Result.CANCELLED


class AttemptEnded(Struct, frozen=True):
    """The attempt's outcome. Recorded before its container is removed, once."""

    attempt: AttemptKey
    node: str
    result: Result
    at: float
    exit_code: int | None = None
    oom: bool = False
    started_at: float = 0.0
    finished_at: float = 0.0
    reason: str = ""
    logs: bytes = b""


class TroubleSeen(Struct, frozen=True):
    """An engine refused something: for whom, what it said, how often in a row, when to retry.

    `subject` is TASK/INSTANCE for what keeps an instance from starting, a container's name for
    what keeps it from ending, or `image:NODE:REFERENCE`.
    """

    subject: str
    message: str
    count: int
    retry_at: float
    at: float


class TroubleCleared(Struct, frozen=True):
    """What failed before has worked, or is no longer wanted."""

    subject: str
    at: float


class Approved(Struct, frozen=True):
    """A person allowed what this revision's hold keeps back."""

    revision: str
    at: float


class Destroyed(Struct, frozen=True):
    """A person asked for everything of this revision to be gone; an empty one undoes that."""

    revision: str
    at: float


class Relearned(Struct, frozen=True):
    """Whether what Docker shows has been taken over after the ledger was lost."""

    confirmed: bool
    at: float


class TaskRenamed(Struct, frozen=True):
    """What happened under a former name counts for `task` from now on; names of containers stay."""

    old: str
    task: str
    at: float


class TaskProtected(Struct, frozen=True):
    """Whether the task's instances stay when its manifest goes. Recorded when that changes."""

    task: str
    protected: bool
    at: float


class RevisionSeen(Struct, frozen=True):
    """The source showed a revision; where it is not valid, `problem` is the first one."""

    revision: str
    at: float
    valid: bool = True
    problem: str = ""
    author: str = ""
    subject: str = ""


class RevisionWorked(Struct, frozen=True):
    """How many instances have been created, replaced and torn down for a revision, once more."""

    revision: str
    created: int
    replaced: int
    torn_down: int


class RevisionConverged(Struct, frozen=True):
    """Everything is as the revision asks for it, for the first time."""

    revision: str
    at: float


class Pinned(Struct, frozen=True):
    """A person put this revision in force, whatever the source says; an empty one undoes that."""

    revision: str
    at: float


class Suspended(Struct, frozen=True):
    """A person wants nothing new created for a target; `until` 0.0 is until further notice.

    `target` is empty for everything, else `task/NAME` or `job/NAME`. `stop`: running batch
    instances are stopped as well.
    """

    target: str
    at: float
    until: float = 0.0
    reason: str = ""
    stop: bool = False


class Resumed(Struct, frozen=True):
    """A suspension is over, by request or by its own time, as `reason` says."""

    target: str
    at: float
    reason: str = ""


Fact = (
    SpecSeen
    | RunOpened
    | TaskScaled
    | RunCancelled
    | RunsClosed
    | ImageResolved
    | AttemptReserved
    | StartRequested
    | StopRequested
    | AttemptEnded
    | TroubleSeen
    | TroubleCleared
    | Approved
    | Destroyed
    | Relearned
    | TaskRenamed
    | TaskProtected
    | RevisionSeen
    | RevisionWorked
    | RevisionConverged
    | Pinned
    | Suspended
    | Resumed
)
