"""What happened to single attempts, and what an engine refused."""

from enum import StrEnum

from msgspec import Struct

from reconciler.model.data import Results
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


class ImageResolved(Struct, frozen=True):
    """What an image reference meant on a node when this run first used it there.

    `reference` is what containers are created from: a digest, or an image id where the image
    has no digest. Empty where that has turned out to be gone from the node. The first digest is
    the run's, also once it is gone everywhere. `before` is what it meant in the run before, where
    its tag has been moved since.
    """

    task: str
    run: int
    node: str
    reference: str
    at: float
    before: str = ""


class InputsResolved(Struct, frozen=True):
    """What inputs were on a node when this run first used them there, by their description.

    `key` is their content's, empty where that has turned out to be gone from the node. `size` is
    in bytes.
    """

    task: str
    run: int
    node: str
    description: str
    key: str
    at: float
    size: int = 0
    files: int = 0


class AttemptReserved(Struct, frozen=True):
    """A name is about to be used on a node. Recorded before the create, never reused.

    `count` is how many instances its program is told that there are, 0 where that is not known.
    `outputs` is the hash of where its files go, empty for nowhere. `equal` is the same for all
    attempts of equal work and inputs, empty where nothing is to be taken over from it.
    """

    attempt: AttemptKey
    node: str
    shape: str
    revision: str
    at: float
    count: int = 0
    outputs: str = ""
    equal: str = ""


class StartRequested(Struct, frozen=True):
    """The attempt may run from now on. Recorded before the engine is asked.

    `era` is the engine's at the time, empty where that is not known. `equal` is as it was when the
    attempt was reserved, empty where that does not hold any more of what it is given.
    """

    attempt: AttemptKey
    at: float
    era: str = ""
    equal: str = ""


class AttemptStarted(Struct, frozen=True):
    """The attempt was seen to run, for the first time."""

    attempt: AttemptKey
    at: float


class StopRequested(Struct, frozen=True):
    """We are about to end the attempt, and why. `result` is what its exit then counts as."""

    attempt: AttemptKey
    reason: str
    at: float
    result: Result = Result.CANCELLED


class AttemptEnded(Struct, frozen=True):
    """The attempt's outcome. Recorded before its container is removed, once.

    `cpu_seconds` and `peak_memory` (bytes) are what was seen to be used, 0 for not known.
    """

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
    cpu_seconds: float = 0.0
    peak_memory: int = 0


class SnapshotAsked(Struct, frozen=True):
    """A person wants what the attempt has written so far to be stored."""

    attempt: AttemptKey
    at: float


class SnapshotTaken(Struct, frozen=True):
    """What the attempt had written was stored: so many files, of so many bytes, were not yet."""

    attempt: AttemptKey
    files: int
    bytes: int
    at: float


class ResultsSent(Struct, frozen=True):
    """What the attempt has left to be kept is stored. Recorded before its outcome."""

    attempt: AttemptKey
    results: Results
    at: float


class ResultsDiscarded(Struct, frozen=True):
    """A person gives up what the attempt has left, or will leave, and is not stored yet."""

    attempt: AttemptKey
    at: float


class ResultTakenOver(Struct, frozen=True):
    """The attempt has succeeded without a container: an equal one had completed before.

    `origin` is the attempt that ran, and `equal` what both have in common. `results` are its own,
    None where no files are kept, and `outputs` the hash of where these go.
    """

    attempt: AttemptKey
    node: str
    revision: str
    origin: AttemptKey
    equal: str
    at: float
    count: int = 0
    results: Results | None = None
    outputs: str = ""


class ResultsGone(Struct, frozen=True):
    """What an attempt has come to cannot be taken over any more, as was found for another one."""

    attempt: AttemptKey
    wanted: AttemptKey
    reason: str
    at: float


class AttemptForsaken(Struct, frozen=True):
    """The attempt's node is lost for too long: another one may begin elsewhere meanwhile.

    How it ends, or has ended, is put on record once its node is back.
    """

    attempt: AttemptKey
    reason: str
    at: float


class AttemptExpired(Struct, frozen=True):
    """The attempt has been over for longer than is kept: its logs go, its outcome stays."""

    attempt: AttemptKey
    at: float


class AttemptsForgotten(Struct, frozen=True):
    """Attempts of one instance that ended long ago are known no more, but for what counts of them.

    `failures` is how many failures have been forgotten since the instance was last allowed to go
    on, `row` how many attempts of the short lives in a row that go on; `last` is the highest
    number that was forgotten. They take the place of what was known of that so far.
    """

    task: str
    run: int
    instance: int
    attempts: tuple[int, ...]
    at: float
    failures: int = 0
    row: int = 0
    last: int = 0


class TroubleSeen(Struct, frozen=True):
    """An engine refused something: for whom, what it said, how often in a row, when to retry.

    `subject` is TASK/INSTANCE for what keeps an instance from starting, a container's name for
    what keeps it from ending, `image:NODE:REFERENCE TERMS` or `inputs:NODE:DESCRIPTION`.
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


AttemptFact = (
    AttemptReserved
    | StartRequested
    | AttemptStarted
    | StopRequested
    | AttemptEnded
    | SnapshotAsked
    | SnapshotTaken
    | ResultsSent
    | ResultsDiscarded
    | ResultTakenOver
    | AttemptForsaken
    | AttemptExpired
)
"""What moves the record of one attempt on."""
