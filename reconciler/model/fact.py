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
)
