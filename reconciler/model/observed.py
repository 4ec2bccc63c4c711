"""What is: the containers that each node shows, and how far that view can be trusted."""

from collections.abc import Collection, Iterable, Iterator, Mapping, ValuesView
from enum import StrEnum
from typing import Literal

from msgspec import Struct, field

from reconciler.model.amounts import Amounts
from reconciler.model.claim import Claim, Taken
from reconciler.model.cluster import Fabric, Network
from reconciler.model.confinement import Confinement
from reconciler.model.identity import AttemptKey, InstanceKey


class Phase(StrEnum):
    """A container's life as the engine tells it. Paused and restarting count as running."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"
    REMOVING = "removing"


Healthiness = Literal["", "starting", "healthy", "unhealthy"]


class Published(Struct, frozen=True, order=True):
    """A container's port, and the node's that leads there."""

    container: int
    host: int
    protocol: str = "tcp"


class Container(Struct, frozen=True):
    """One of our containers. `exit_code` is None unless it has ended.

    `values` is the canonical text of what its instance sees of a matrix, empty for nothing.
    `claim` is what it takes of its node until it has ended. `ports` are told by lists and
    inspections, so a start alone brings none. `secrets` is a keyed account of the secrets that it
    was made with; `outdated` names those of them that have changed, and is worked out in a pass.
    """

    id: str
    name: str
    node: str
    attempt_key: AttemptKey
    work: str
    shape: str
    phase: Phase
    health: Healthiness = ""
    exit_code: int | None = None
    image_id: str = ""
    job: str = ""
    revision: str = ""
    values: str = ""
    claim: Claim = Claim()
    ports: tuple[Published, ...] = ()
    secrets: str = ""
    outdated: tuple[str, ...] = ()

    @property
    def key(self) -> InstanceKey:
        """The instance that it stands for."""
        return self.attempt_key.key

    @property
    def run(self) -> int:
        """The run that it belongs to."""
        return self.attempt_key.run

    @property
    def attempt(self) -> int:
        """Its attempt number within the run."""
        return self.attempt_key.attempt

    @property
    def occupies(self) -> bool:
        """Whether it takes its share of the node: it runs, or is made and may be started."""
        return self.phase in {Phase.RUNNING, Phase.CREATED}

    @property
    def live(self) -> bool:
        """Whether its program is running."""
        return self.phase is Phase.RUNNING


class ContainerDetail(Struct, frozen=True):
    """A container with what only an inspection tells. Times in epoch seconds, 0.0 for never.

    `error` is the engine's own sentence about a start that failed. `confinement` is None where
    nothing is known of it.
    """

    container: Container
    started_at: float = 0.0
    finished_at: float = 0.0
    oom: bool = False
    error: str = ""
    confinement: Confinement | None = None


class Usage(Struct, frozen=True):
    """Processor time since the start in seconds, and memory in bytes: of a moment, or at most.

    Zeros where nothing is known.
    """

    cpu_seconds: float = 0.0
    memory: int = 0

    def at_most(self, other: "Usage") -> "Usage":
        """Return the most that either says."""
        return Usage(max(self.cpu_seconds, other.cpu_seconds), max(self.memory, other.memory))


class Containers(Mapping[str, Container]):
    """A node's containers by id. `live` is how many of them run, `taken` what they take.

    They are kept grouped by task, by the name that their labels say, so that a pass for one task
    costs what that task has, whatever else there is. Who changes it is its only writer.
    """

    __slots__ = ("_by_id", "_by_task", "_names", "live", "taken")

    def __init__(self, containers: Iterable[Container] = ()) -> None:
        self._by_id: dict[str, Container] = {}
        self._by_task: dict[str, dict[str, Container]] = {}
        self._names: dict[str, str] = {}
        self.live = 0
        self.taken = Taken()
        for container in containers:
            self.put(container)

    def put(self, container: Container) -> None:
        """Have a container as it is given, in place of what had its id."""
        self.drop(container.id)
        self._by_id[container.id] = container
        self._by_task.setdefault(container.key.task, {})[container.id] = container
        self._names[container.name] = container.id
        self.live += container.live
        if container.occupies:
            self.taken.add(container.claim)

    def drop(self, container: str) -> None:
        """Have a container no more, by its id."""
        gone = self._by_id.pop(container, None)
        if gone is None:
            return
        group = self._by_task[gone.key.task]
        del group[container]
        if not group:
            del self._by_task[gone.key.task]
        if self._names.get(gone.name) == container:
            del self._names[gone.name]
        self.live -= gone.live
        if gone.occupies:
            self.taken.give_back(gone.claim)

    def tasks(self) -> Collection[str]:
        """Return the names of the tasks that there are containers of."""
        return self._by_task.keys()

    def of(self, task: str) -> Collection[Container]:
        """Return a task's containers."""
        return self._by_task.get(task, {}).values()

    def named(self, name: str) -> Container | None:
        """Return the container of a name, the one heard of last."""
        known = self._names.get(name)
        return self._by_id[known] if known is not None else None

    def values(self) -> ValuesView[Container]:
        """Return all containers."""
        return self._by_id.values()

    def __getitem__(self, container: str) -> Container:
        return self._by_id[container]

    def __contains__(self, container: object) -> bool:
        return container in self._by_id

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)


class NodeView(Struct, frozen=True):
    """What one node shows. Where `known` is False, `reason` says why and nothing is concluded.

    `has` is what its engine says that the node has, `others` what is taken of it by containers that
    are not the project's.
    `era` is another one after the node's engine has died with what it ran, empty where not known.
    `asked`: it has answered, or failed to, since this process began or last doubted it.
    `networks` are the project's own by name; `fabric` says with whom it may share some.
    """

    name: str
    known: bool = True
    reason: str = ""
    containers: Containers = field(default_factory=Containers)
    era: str = ""
    has: Amounts = Amounts()
    asked: bool = True
    others: Taken = field(default_factory=Taken)
    networks: Mapping[str, Network] = field(default_factory=dict)
    fabric: Fabric = Fabric()


class Observed(Struct, frozen=True):
    """All nodes as last seen.

    `secrets` are keyed accounts of what the secrets of services are now, by task; of a task that is
    not there nothing is known.
    """

    nodes: Mapping[str, NodeView]
    secrets: Mapping[str, str] = field(default_factory=dict)
