"""What should be: one revision's tasks, compiled from its manifests."""

from bisect import bisect_left
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Final

from msgspec import Struct, field

from reconciler.model.amounts import Amounts
from reconciler.model.data import Bucket, Outputs
from reconciler.model.hashing import Fingerprint
from reconciler.model.identity import InstanceKey
from reconciler.model.policy import Maximum
from reconciler.model.pool import DesiredPool
from reconciler.model.position import Position
from reconciler.model.spec import InstanceSpec, Pairs

EVENLY: Final = "node"
"""Of `spread`: over the nodes."""
FILLED: Final = "none"
"""Of `spread`: over nothing, so that nodes are filled one after the other."""


class Restart(StrEnum):
    """Which exits qualify for another attempt."""

    NEVER = "never"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


class Backoff(Struct, frozen=True):
    """The wait before a retry: initial * factor ** n up to max seconds, spread by jitter."""

    initial: float = 1.0
    factor: float = 2.0
    max: float = 300.0
    jitter: float = 0.1


class Retry(Struct, frozen=True):
    """How many further attempts there are in a run, for an instance and for all; None: no bound.

    After an exit code of `never` there is none. Where a batch instance has no bound of its own,
    it is for the exit codes of `again` alone.
    """

    per_instance: int | None = 0
    backoff: Backoff = field(default_factory=Backoff)
    total: int | None = None
    again: tuple[int, ...] = ()
    never: tuple[int, ...] = ()


class Condition(StrEnum):
    """How a task must have ended for those that depend on it."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    ANY = "any"


class Dependency(Struct, frozen=True):
    """A task that must have ended first, and how."""

    task: str
    condition: Condition = Condition.SUCCESS


class Overlap(StrEnum):
    """What becomes of a firing while an earlier run is unfinished."""

    FORBID = "forbid"
    ALLOW = "allow"
    REPLACE = "replace"


class Schedule(Struct, frozen=True):
    """When runs open: five fields of crontab(5), in a time zone of the IANA database."""

    cron: str
    timezone: str = "UTC"
    overlap: Overlap = Overlap.FORBID


class OnChange(StrEnum):
    """What changed work does to instances that run."""

    REPLACE = "replace"
    FINISH = "finish"


class OnScale(StrEnum):
    """What another number of instances does to those that completed and saw the old one."""

    KEEP = "keep"
    RERUN = "rerun"


class DesiredTask(Struct, frozen=True, kw_only=True):
    """One task, ready to be compared with what runs.

    `instances` are the ids asked for, ascending. `where` maps a spec field, dotted as in a
    manifest's container (`image`, `env.SAMPLES`, `resources.memory`) or a task's own field
    (`instances`, `rerun`), to the place that supplied its value; `at` is the task itself.
    `blocked` is the sentence on why nothing of it may be started, empty where it may. `prepares`
    is the pool whose slots it prepares, empty of all that manifests ask for. `suspend`
    says whose manifest suspends it, `task` or `job NAME`, empty where none does. `protected`: its
    instances stay when its manifest goes. `renamed_from` is its former name. `spread` is over what
    instances are spread: `EVENLY`, `FILLED`, or the name of a label of nodes. `outputs` are the
    files that are kept of each instance. `cache`: results of equal work that has completed are
    taken over.

    Lengths of time are in seconds, 0.0 or None where nothing is said. `combinations` are a
    matrix's, in the order of `instances`, each as the variables that its instance sees.
    `min_succeeded` is None where all have to succeed.
    """

    name: str
    at: Position
    instances: tuple[int, ...]
    spec: InstanceSpec
    work: Fingerprint
    shape: Fingerprint
    job: str = ""
    profile: str = ""
    labels: Pairs = ()
    restart: Restart = Restart.NEVER
    retry: Retry = field(default_factory=Retry)
    parallelism: int | None = None
    combinations: tuple[Pairs, ...] = ()
    min_succeeded: int | None = None
    timeout: float = 0.0
    queue_timeout: float = 0.0
    depends_on: tuple[Dependency, ...] = ()
    schedule: Schedule | None = None
    gang: bool = False
    spread: str = EVENLY
    replaced: bool = False
    on_change: OnChange = OnChange.REPLACE
    on_scale: OnScale = OnScale.KEEP
    priority: int = 0
    progress: tuple[str, ...] = ()
    ttl: float | None = None
    max_unavailable: int = 1
    max_surge: int = 0
    rerun: int = 0
    outputs: Outputs | None = None
    cache: bool = False
    blocked: str = ""
    prepares: str = ""
    suspend: str = ""
    protected: bool = False
    renamed_from: str = ""
    where: Mapping[str, Position] = field(default_factory=dict)

    @property
    def service(self) -> bool:
        """Whether instances are to run for ever rather than to complete."""
        return self.restart is Restart.ALWAYS

    @property
    def master(self) -> int | None:
        """The instance whose outcome is the task's, where they work as one."""
        return self.instances[0] if self.spec.cluster and self.instances else None

    def place_of(self, path: str) -> Position:
        """Return where a field stands: its own place, else its parent's, else the task's."""
        while path:
            if path in self.where:
                return self.where[path]
            path = path.rpartition(".")[0]
        return self.at

    @property
    def matrix(self) -> str:
        """The names of the values that instances see, sorted; empty without a matrix."""
        first = self.combinations[0] if self.combinations else ()
        return ",".join(sorted(name for name, _ in first))

    def values_of(self, instance: int) -> Pairs:
        """Return what an instance that is asked for sees of the matrix; nothing without one."""
        if not self.combinations:
            return ()
        at = bisect_left(self.instances, instance)
        found = at < len(self.instances) and self.instances[at] == instance
        return self.combinations[at] if found else ()

    def keys(self) -> list[InstanceKey]:
        """Return the identities asked for, ascending."""
        return [InstanceKey(self.name, number) for number in self.instances]


class DesiredJob(Struct, frozen=True, kw_only=True):
    """What a job asks of its tasks together.

    `deadline` is how long it may take from the start of its first instance, in seconds, 0.0 for
    as long as it takes. `cancel`: a task that fails has the others stopped.
    """

    name: str
    at: Position
    deadline: float = 0.0
    cancel: bool = False


class HoldLimits(Struct, frozen=True):
    """What a person is to allow: that which is more than both, a share and a number."""

    share: float = 0.5
    instances: int = 5


LOCAL_ENDPOINT: Final = "unix:///var/run/docker.sock"
"""What no endpoint stands for."""


class Tls(Struct, frozen=True):
    """Files with which an engine is asked through TLS; those that are not given are empty."""

    ca: str = ""
    cert: str = ""
    key: str = ""


class NodeSpec(Struct, frozen=True):
    """Where instances may run: one Docker Engine.

    `capacity` is what the node has, `reserve` the part of it that is kept free. `timeout` is how
    long it may be silent until what ran there is replaced elsewhere, in seconds. `drain_grace` is
    how long batch instances may run on while it is emptied, in seconds, None for to their end.
    `leaving`: no manifest asks for it any more.
    """

    name: str
    endpoint: str
    labels: Pairs = ()
    tls: Tls = Tls()
    capacity: Amounts = Amounts()
    reserve: Amounts = Amounts()
    timeout: float = 120.0
    cordon: bool = False
    drain: bool = False
    drain_grace: float | None = None
    leaving: bool = False

    def same_way(self, other: "NodeSpec") -> bool:
        """Whether another description of the node leads to the same engine, in the same way."""
        return (self.endpoint or LOCAL_ENDPOINT, self.tls) == (
            other.endpoint or LOCAL_ENDPOINT,
            other.tls,
        )


class Desired(Struct, frozen=True, kw_only=True, dict=True):
    """Everything that one revision asks for.

    `revision` names the source's content. `prunable` is False where the source was empty:
    then nothing is torn down for being absent from it. `sealed` are the encrypted files of the
    source, by path. `locks` are digests by images as written, `lock_places` where
    they stand.
    """

    project: str
    revision: str
    tasks: Mapping[str, DesiredTask]
    nodes: Mapping[str, NodeSpec]
    jobs: Mapping[str, DesiredJob] = field(default_factory=dict)
    pools: Mapping[str, DesiredPool] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    sealed: Mapping[str, bytes] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    lock_places: Mapping[str, Position] = field(default_factory=dict)
    prunable: bool = True
    hold: HoldLimits = field(default_factory=HoldLimits)
    quota: Maximum = field(default_factory=Maximum)

    @cached_property
    def dependents(self) -> Mapping[str, tuple[str, ...]]:
        """The tasks that wait for a task, by its name; found once."""
        found: dict[str, list[str]] = {}
        for task in self.tasks.values():
            for dependency in task.depends_on:
                found.setdefault(dependency.task, []).append(task.name)
        return {name: tuple(waiting) for name, waiting in found.items()}

    @cached_property
    def members(self) -> Mapping[str, tuple[str, ...]]:
        """The tasks of each job that asks something of them together; found once."""
        found: dict[str, list[str]] = {
            n: [] for n, j in self.jobs.items() if j.deadline or j.cancel
        }
        for task in self.tasks.values() if found else ():
            if task.job in found:
                found[task.job].append(task.name)
        return {name: tuple(tasks) for name, tasks in found.items()}

    def followers(self, name: str) -> tuple[str, ...]:
        """Return the tasks for which it matters what a task comes to, itself perhaps included."""
        task, waiting = self.tasks.get(name), self.dependents.get(name, ())
        job = self.jobs.get(task.job) if task else None
        return (*waiting, *self.members[job.name]) if job and job.cancel else waiting
