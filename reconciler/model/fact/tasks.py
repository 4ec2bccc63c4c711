"""What happened to tasks and their runs."""

from msgspec import Struct

from reconciler.model.fact.attempts import Result


class SpecSeen(Struct, frozen=True):
    """The canonical text behind a hash, so that a later difference can be worded."""

    hash: str
    text: str


class RunOpened(Struct, frozen=True):
    """A new asking for a task's work. Recorded before its first create.

    `nominal` is the time of the firing that it is for, 0.0 where it is for none. `matrix` are the
    names of the values that its instances see. `afresh`: whatever has completed before, it runs.
    """

    task: str
    run: int
    work: str
    rerun: int
    reason: str
    revision: str
    at: float
    nominal: float = 0.0
    matrix: str = ""
    afresh: bool = False


class RunFinished(Struct, frozen=True):
    """A scheduled task's run is over: every instance that was asked for then has ended."""

    task: str
    run: int
    at: float


class TaskScaled(Struct, frozen=True):
    """How many instances a revision asks for, recorded when that changes."""

    task: str
    instances: int
    at: float


class RunCancelled(Struct, frozen=True):
    """A run, or one instance of it, was ended for a reason of its own: what is unfinished stays so.

    `result` is what that counts as: cancelled, or failed. `asked` is the target that a person
    wanted stopped (TASK, TASK/INSTANCE or job/JOB), empty where no person did. `passing`: it holds
    only as long as its cause does, which is what another task has come to.
    """

    task: str
    run: int
    instance: int | None
    reason: str
    at: float
    result: Result = Result.CANCELLED
    asked: str = ""
    passing: bool = False


class RunsForgotten(Struct, frozen=True):
    """Runs that were over long ago, and that no rule asks about, are known no more.

    `fired` are spans of nominal times, first and last: whatever fires in one of them has fired.
    It takes the place of what was known of that so far.
    """

    task: str
    runs: tuple[int, ...]
    at: float
    fired: tuple[tuple[float, float], ...] = ()


class RunsClosed(Struct, frozen=True):
    """The task was destroyed: none of its runs so far is ever resumed."""

    task: str
    at: float


class RetryGranted(Struct, frozen=True):
    """A failed instance may go on: its attempts up to this number count no more.

    Without an instance it is the run as a whole that was ended and goes on. `reason` is why, where
    it is not that a person asked for it.
    """

    task: str
    run: int
    instance: int | None
    attempt: int
    at: float
    reason: str = ""


class RoomAwaited(Struct, frozen=True):
    """An instance lacks nothing but room on a node since `at`, or with 0.0 not any more."""

    task: str
    run: int
    instance: int
    at: float


class CombinationNumbered(Struct, frozen=True):
    """A combination of a matrix got its instance, which it keeps. `values` is canonical text."""

    task: str
    instance: int
    values: str
    at: float


class ScheduleSeen(Struct, frozen=True):
    """From now on the task fires as this schedule says; what it missed before is not for it.

    `at` is by the wall clock. `rerun` is the number from which a higher one asks for a run. An
    empty schedule: it has none any more.
    """

    task: str
    schedule: str
    at: float
    rerun: int = 0


class FiringPassed(Struct, frozen=True):
    """A firing, by its nominal time, opened no run, and why."""

    task: str
    nominal: float
    reason: str
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
