"""What should be: one revision's tasks, compiled from its manifests."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from reconciler.model.hashing import Fingerprint
from reconciler.model.identity import InstanceKey
from reconciler.model.position import Position
from reconciler.model.spec import InstanceSpec, Pairs


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
    """How many further attempts an instance has in a run; None is unlimited."""

    per_instance: int | None = 0
    backoff: Backoff = field(default_factory=Backoff)


class DesiredTask(Struct, frozen=True, kw_only=True):
    """One task, ready to be compared with what runs.

    `instances` are the ids asked for, ascending. `where` maps a spec field, dotted as in a
    manifest's container (`image`, `env.SAMPLES`, `resources.memory`) or a task's own field
    (`instances`, `rerun`), to the place that supplied its value; `at` is the task itself.
    `blocked` is the sentence on why nothing of it may be started, empty where it may. `suspend`
    says whose manifest suspends it, `task` or `job NAME`, empty where none does. `protected`: its
    instances stay when its manifest goes. `renamed_from` is its former name.
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
    max_unavailable: int = 1
    rerun: int = 0
    blocked: str = ""
    suspend: str = ""
    protected: bool = False
    renamed_from: str = ""
    where: Mapping[str, Position] = field(default_factory=dict)

    @property
    def service(self) -> bool:
        """Whether instances are to run for ever rather than to complete."""
        return self.restart is Restart.ALWAYS

    def place_of(self, path: str) -> Position:
        """Return where a field stands: its own place, else its parent's, else the task's."""
        while path:
            if path in self.where:
                return self.where[path]
            path = path.rpartition(".")[0]
        return self.at

    def keys(self) -> list[InstanceKey]:
        """Return the identities asked for, ascending."""
        return [InstanceKey(self.name, number) for number in self.instances]


class HoldLimits(Struct, frozen=True):
    """What a person is to allow: that which is more than both, a share and a number."""

    share: float = 0.5
    instances: int = 5


class NodeSpec(Struct, frozen=True):
    """Where instances may run: one Docker Engine."""

    name: str
    endpoint: str
    labels: Pairs = ()


class Desired(Struct, frozen=True, kw_only=True):
    """Everything that one revision asks for.

    `revision` names the source's content. `prunable` is False where the source was empty:
    then nothing is torn down for being absent from it.
    """

    project: str
    revision: str
    tasks: Mapping[str, DesiredTask]
    nodes: Mapping[str, NodeSpec]
    prunable: bool = True
    hold: HoldLimits = field(default_factory=HoldLimits)
