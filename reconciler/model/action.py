"""What is to be done, by one engine call each, and why."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

from reconciler.model.claim import Claim
from reconciler.model.cluster import Membership, NetworkRequest
from reconciler.model.confidence import Confidence, Disclosed, RegistryLogin, Sealed
from reconciler.model.data import Fetching, Provision, Taking, Upload
from reconciler.model.fact import Fact
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.images import Archive, Build
from reconciler.model.milestone import Reached
from reconciler.model.pool import PoolView
from reconciler.model.position import NOWHERE, Position
from reconciler.model.spec import InstanceSpec, Pairs
from reconciler.model.staging import Staging


class Verb(StrEnum):
    """The engine calls that a plan is made of.

    PULL makes an image present and says what it is, FETCH the data of inputs; STOP sends the stop
    signal, KILL ends what outlived its grace; COLLECT reads an ended container's outcome and logs
    and changes nothing. NETWORK makes the private network of a run, DISSOLVE removes it. UPLOAD
    stores what an ended container has left to be kept, SNAPSHOT what a running one has written so
    far. REUSE gives an attempt that does not run what an equal one has come to.
    """

    PULL = "pull"
    FETCH = "fetch"
    NETWORK = "network"
    CREATE = "create"
    START = "start"
    STOP = "stop"
    KILL = "kill"
    COLLECT = "collect"
    REMOVE = "remove"
    DISSOLVE = "dissolve"
    UPLOAD = "upload"
    SNAPSHOT = "snapshot"
    REUSE = "reuse"


CARRYING: Final = frozenset({Verb.FETCH, Verb.UPLOAD, Verb.SNAPSHOT, Verb.REUSE})
"""The calls that carry data, each for as long as that takes."""

LARGE: Final = 16 * 2**20
"""What is copied before a start takes longer than the start if it has more bytes than this."""


class Cause(Struct, frozen=True):
    """Why: a sentence, and where a field differs its name, old and new value and place."""

    reason: str
    field: str = ""
    old: str = ""
    new: str = ""
    at: Position = NOWHERE
    revision: str = ""


class CreateRequest(Struct, frozen=True, kw_only=True):
    """A container to be made: `image` is resolved, `env` complete, `labels` ours.

    `launcher` are the words that run what the container would run otherwise, given to them.
    `confidence` are the secrets that it gets; those that are variables are `disclosed` where the
    call is made, and nowhere before. `scratch` are folders that are volumes without a name: they
    are there to write to before the start though the root is read-only, and go with the container.
    `provisions` are the data that it gets; those that are shared are mounted.
    """

    project: str
    attempt: AttemptKey
    image: str
    env: Pairs
    labels: Pairs
    spec: InstanceSpec
    membership: Membership | None = None
    launcher: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    confidence: Confidence | None = None
    disclosed: Disclosed = Disclosed()
    provisions: tuple[Provision, ...] = ()

    @property
    def name(self) -> str:
        """The container's name, which reserves the attempt on the engine."""
        return self.attempt.container_name(self.project)


class Action(Struct, frozen=True, kw_only=True):
    """One engine call on one node.

    `subject` names what is acted on: a container name, `image:NODE:REFERENCE TERMS` for a pull,
    `network:NODE:NAME` for a network, `inputs:NODE:DESCRIPTION` for data that are `fetching`,
    `snapshot:CONTAINER` for what is stored in passing. `attempt` is None where the subject is no
    container, nor one's snapshot; `run` and `task` say for whom
    it is, `sharers` what other runs of tasks have been waiting for the same. `container` is the
    engine's id where known. `fenced` starts look first, for a start may already be under way.
    `reference` is the image with the digest that it has to have, where more than is written.
    `origin` is what the image is made of, where that is not for a registry to say, `login` how the
    registry is asked, with the encrypted files that it needs in `sealed`.
    `staging` is what is put into the container before its start, None for nothing.
    `upload` is what is stored of a container's files, and `forgoing` why that is given up. `taking`
    is what an attempt has of another one, in place of a container.
    `priority` is its task's: of what waits to be done for instances that are to start, the higher
    goes first.
    """

    verb: Verb
    node: str
    subject: str
    task: str
    run: int
    cause: Cause
    attempt: AttemptKey | None = None
    container: str = ""
    image: str = ""
    reference: str = ""
    pull: str = "missing"
    origin: Archive | Build | None = None
    login: RegistryLogin | None = None
    sealed: Sealed = ()
    signal: str = ""
    fenced: bool = False
    request: CreateRequest | None = None
    network: NetworkRequest | None = None
    fetching: Fetching | None = None
    staging: Staging | None = None
    upload: Upload | None = None
    forgoing: str = ""
    taking: Taking | None = None
    priority: int = 0
    sharers: tuple[tuple[str, int], ...] = ()

    @property
    def carries(self) -> bool:
        """Whether it carries data, which may take long: so may a start that is given copies."""
        provisions = self.staging.provisions if self.staging else ()
        copied = sum(one.size for one in provisions if not one.read_only)
        return self.verb in CARRYING or copied > LARGE

    @property
    def key(self) -> InstanceKey | None:
        """The instance concerned, if it is one."""
        return self.attempt.key if self.attempt else None


class InstanceState(StrEnum):
    """An instance's state as users see it."""

    PENDING = "Pending"
    PREPARING = "Preparing"
    RUNNING = "Running"
    COLLECTING = "Collecting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    UNKNOWN = "Unknown"


class TaskState(StrEnum):
    """A task's state as users see it."""

    PENDING = "Pending"
    BLOCKED = "Blocked"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    SUSPENDED = "Suspended"


class Verdict(Struct, frozen=True):
    """What the planner thinks of one instance, and in a sentence why.

    `settled` means that nothing more is to be done now: running as wanted, or terminal.
    `ready` means running and, where a health check is declared, healthy. `left_alone` means
    that something would be done, which a saved plan that is being carried out does not hold.
    `suspended`: it would go on, were it not suspended. `protected`: it would be torn down.
    `after` names the task of which it waits to see what it comes to, or waited in vain. `awaited`
    is the subject of the call that it waits for, where that is not its own.
    """

    key: InstanceKey
    state: InstanceState
    reason: str
    run: int = 0
    attempt: int = 0
    node: str = ""
    container: str = ""
    settled: bool = False
    ready: bool = False
    blocked: bool = False
    left_alone: bool = False
    suspended: bool = False
    protected: bool = False
    after: str = ""
    awaited: str = ""

    @property
    def in_vain(self) -> bool:
        """Whether it was ended for what another task has come to."""
        return self.state is InstanceState.CANCELLED and bool(self.after)


class Hold(Struct, frozen=True):
    """Something large that waits for a person: what, how much of how much, and why."""

    kind: str
    count: int
    total: int
    tasks: tuple[str, ...]
    message: str


class Plan(Struct, frozen=True, kw_only=True):
    """What to record first, then what to do, and what is left as it is and why.

    `facts` are to be durable before any of `actions` is carried out. `wakes` says for each task
    that waits for time alone when (epoch seconds) planning it again could say something new.
    `halts` says for each task whose rollout does not go on why.
    `crowded` are the tasks of which an instance lacks nothing but room on a node.
    `queued` counts, of each task that was planned, the instances that lack nothing but a slot;
    `pools` is how it stands with each pool but the `quiet` ones, which are as they were.
    `reached` is what planned tasks have come to, None for nothing yet, where others look at it.
    """

    facts: tuple[Fact, ...] = ()
    actions: tuple[Action, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    holds: tuple[Hold, ...] = ()
    wakes: Mapping[str, float] = field(default_factory=dict)
    halts: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, Reached | None] = field(default_factory=dict)
    crowded: frozenset[str] = frozenset()
    queued: Mapping[str, int] = field(default_factory=dict)
    pools: tuple[PoolView, ...] = ()
    quiet: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to record and nothing to do."""
        return not self.facts and not self.actions


class Underway(Struct, frozen=True):
    """Calls on their way: nothing else is decided for these instances and subjects.

    `beginning` are the instances of which a call is to make or start a container: they take a
    place under parallelism, unlike one whose outcome is being read. `signalled` holds the ids of
    containers that this process has sent their stop signal. `coming` is what those containers
    take, by node, that are being made. `queued` counts by task the instances that lacked nothing
    but a slot when they were planned last.
    """

    instances: frozenset[InstanceKey] = field(default_factory=frozenset)
    beginning: frozenset[InstanceKey] = field(default_factory=frozenset)
    subjects: frozenset[str] = field(default_factory=frozenset)
    signalled: frozenset[str] = field(default_factory=frozenset)
    coming: Mapping[str, Sequence[Claim]] = field(default_factory=dict)
    queued: Mapping[str, int] = field(default_factory=dict)
