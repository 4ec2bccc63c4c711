"""A task's past as planning reads it: its runs, their attempts, and what was refused.

Plain records, made and changed by `History.apply` alone.
"""

from collections.abc import Collection, Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.model.data import Resolved, Results, Snapshot
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Result
from reconciler.model.identity import AttemptKey
from reconciler.model.images import digest_in


class Attempt(Struct, frozen=True):
    """One container's record. A time is 0.0 until what it tells of has happened.

    `named` is the task's name at the time, where it has been renamed since: the container's
    name and labels still say it. `count` is how many instances its program was told of, 0 where
    that is not known. `expired`: its logs are gone, for it has been over for long. `era` is the
    engine's in which it was started. `started_at` is when it was first seen to run, and the
    engine's own word once it has ended. `forsaken_at` is when it was given up on, for its node had
    been lost for too long; it may still run. `outputs` is the hash of where its files were to go
    when it was made, `results` what is stored of them, None before that, and `snapshot` what was
    stored while it ran; `discarded_at` is when a person gave up what was not stored yet. `equal` is
    the same for equal work and inputs, where that may be taken over; `origin` is the attempt
    that ran, where this one has taken over what that has come to.
    """

    number: int
    node: str
    shape: str = ""
    reserved_at: float = 0.0
    start_requested_at: float = 0.0
    stop_requested_at: float = 0.0
    stop_reason: str = ""
    stop_result: Result = Result.CANCELLED
    result: Result | None = None
    exit_code: int | None = None
    oom: bool = False
    started_at: float = 0.0
    finished_at: float = 0.0
    ended_at: float = 0.0
    reason: str = ""
    revision: str = ""
    named: str = ""
    count: int = 0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    expired: bool = False
    era: str = ""
    forsaken_at: float = 0.0
    outputs: str = ""
    results: Results | None = None
    snapshot: Snapshot | None = None
    discarded_at: float = 0.0
    equal: str = ""
    origin: AttemptKey | None = None

    @property
    def ended(self) -> bool:
        """Whether its outcome is on record."""
        return self.result is not None

    @property
    def may_go_on(self) -> bool:
        """Whether it is waited for: its outcome is not on record, and it was not given up on."""
        return self.result is None and not self.forsaken_at

    @property
    def counts_as_failure(self) -> bool:
        """Whether it uses up a retry."""
        if self.result is None:
            return bool(self.forsaken_at)
        return self.result in {Result.FAILED, Result.LOST}


class Cancel(Struct, frozen=True):
    """Why a run, or one instance of it, was ended, and what that counts as.

    `asked` is the target that a person wanted stopped, empty where no person did. `passing`: it
    holds only as long as its cause does, which is what another task has come to.
    """

    reason: str
    result: Result = Result.CANCELLED
    at: float = 0.0
    asked: str = ""
    passing: bool = False


class Forgotten(Struct, frozen=True):
    """What counts of an instance's attempts that are not known any more: see AttemptsForgotten."""

    failures: int = 0
    row: int = 0
    last: int = 0


class Kept(Struct, frozen=True):
    """What inputs came to on a node, and when (epoch seconds)."""

    resolved: Resolved
    at: float


class Run(Struct):
    """One asking for a task's work: what was asked, and each instance's attempts in order.

    `nominal` is the time of the firing that it is for, 0.0 for none; `matrix` are the names of the
    values that its instances see; `finished_at` is when a scheduled task's run was over. `cancels`
    are by instance, None for the run as a whole, which went on again at `resumed_at`. `granted` is
    the number up to which an instance's attempts count no more, `forgotten` what still counts of
    those that are gone. `images` and `inputs` are by node, the latter by their description.
    `digest` is its image's, empty as long as none is known. `afresh`: its instances take nothing
    over.
    """

    number: int
    work: str
    rerun: int = 0
    reason: str = ""
    revision: str = ""
    opened_at: float = 0.0
    closed: bool = False
    nominal: float = 0.0
    matrix: str = ""
    finished_at: float = 0.0
    resumed_at: float = 0.0
    afresh: bool = False
    digest: str = ""
    cancels: dict[int | None, Cancel] = field(default_factory=dict)
    granted: dict[int, int] = field(default_factory=dict)
    forgotten: dict[int, Forgotten] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, Kept]] = field(default_factory=dict)
    attempts: dict[int, tuple[Attempt, ...]] = field(default_factory=dict)

    def attempts_of(self, instance: int) -> tuple[Attempt, ...]:
        """Return an instance's attempts, oldest first."""
        return self.attempts.get(instance, ())

    def succeeded(self, instance: int) -> bool:
        """Whether the instance has completed in this run, which is final."""
        return any(a.result is Result.SUCCEEDED for a in self.attempts_of(instance))

    def outdated(self, task: DesiredTask) -> bool:
        """Whether it is of other work than the task asks for now."""
        return self.work != task.work.hash or self.matrix != task.matrix

    def serves(self, task: DesiredTask) -> bool:
        """Whether it is a run of what the task asks for now, rather than of something else."""
        return self.rerun == task.rerun and not self.outdated(task)

    def of_former(self, task: str) -> "Run":
        """Return the same with its attempts known by the task's name so far."""
        attempts = {
            instance: tuple(replace(a, named=a.named or task) for a in known)
            for instance, known in self.attempts.items()
        }
        return replace(self, attempts=attempts)

    @property
    def resolved(self) -> bool:
        """Whether it is known what its image means."""
        return bool(self.digest or self.images)

    def means(self, reference: str) -> bool:
        """Whether an image has the run's digest, as far as one is known."""
        return self.digest in {"", digest_in(reference)}

    def forget(self, instance: int, numbers: Collection[int]) -> None:
        """Know of attempts no more."""
        kept = tuple(a for a in self.attempts.pop(instance, ()) if a.number not in numbers)
        if kept:
            self.attempts[instance] = kept

    def cancel_of(self, instance: int) -> Cancel | None:
        """Return why the instance was ended, by itself or with its run; None where it was not."""
        return self.cancels.get(instance) or self.cancels.get(None)


class TaskHistory(Struct):
    """A task's runs by number. `instances` is how many were asked for last, None at first.

    `protected`: its instances stay when its manifest goes. `combinations` gives each combination
    of its matrix the instance that it keeps. `schedule` is the one that counts since
    `schedule_since` (by the wall clock), when `rerun` was `schedule_rerun`; `fired` is the nominal
    time of the firing that was dealt with last. `unfinished` are the numbers of the runs that are
    not finished, of which a schedule leaves few among many. `fired_before` are spans of nominal
    times: whatever fires in them has fired, though its run is not known any more. `awaiting` says,
    by run and instance, since when one has lacked nothing but room on a node.
    """

    name: str
    instances: int | None = None
    protected: bool = False
    runs: dict[int, Run] = field(default_factory=dict)
    combinations: dict[str, int] = field(default_factory=dict)
    schedule: str = ""
    schedule_since: float = 0.0
    schedule_rerun: int = 0
    fired: float = 0.0
    awaiting: dict[tuple[int, int], float] = field(default_factory=dict)
    unfinished: set[int] = field(default_factory=set)
    fired_before: tuple[tuple[float, float], ...] = ()

    def run_for(self, task: DesiredTask) -> Run | None:
        """Return the open run of what the task asks for, the newest if there are several."""
        for number in sorted(self.runs, reverse=True):
            run = self.runs[number]
            if run.serves(task) and not run.closed:
                return run
        return None

    def present(self, task: DesiredTask) -> Run | None:
        """Return the run that stands for what the task asks for now, over or not.

        Of a scheduled task it is the newest, until there is one of changed work.
        """
        if task.schedule is None:
            return self.run_for(task)
        newest = self.latest()
        return newest if newest and not (newest.closed or newest.outdated(task)) else None

    def waits_since(self, task: DesiredTask) -> float | None:
        """Return when the oldest run was opened that may still want something, None for none."""
        if task.schedule is not None:
            return min((self.runs[number].opened_at for number in self.unfinished), default=None)
        run = self.run_for(task)
        return run.opened_at if run else None

    def renamed(self, name: str) -> "TaskHistory":
        """Return the same under another name; this one is left as it is."""
        runs = {number: run.of_former(self.name) for number, run in self.runs.items()}
        return replace(self, name=name, runs=runs, unfinished={*self.unfinished})

    def open(self, run: Run) -> None:
        """Know of another run."""
        self.runs[run.number] = run
        self.unfinished.add(run.number)

    def finish(self, number: int, at: float) -> None:
        """Know that a run is over since a time, or, 0.0, that it goes on after all."""
        self.runs[number].finished_at = at
        if at:
            self.unfinished.discard(number)
        else:
            self.unfinished.add(number)

    def forget(self, numbers: Iterable[int]) -> None:
        """Know of runs no more."""
        for number in numbers:
            self.runs.pop(number, None)
            self.unfinished.discard(number)

    def latest(self) -> Run | None:
        """Return the run opened last, closed or not."""
        return self.runs[max(self.runs)] if self.runs else None


class Trouble(Struct, frozen=True):
    """A refusal that stands: see `TroubleSeen`."""

    message: str
    count: int
    retry_at: float
    since: float
