"""What is: the containers that each node shows, and how far that view can be trusted."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from msgspec import Struct, field

from reconciler.model.identity import AttemptKey, InstanceKey


class Phase(StrEnum):
    """A container's life as the engine tells it. Paused and restarting count as running."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"
    REMOVING = "removing"


Healthiness = Literal["", "starting", "healthy", "unhealthy"]


class Container(Struct, frozen=True):
    """One of our containers. `exit_code` is None unless it has ended.

    `values` is the canonical text of what its instance sees of a matrix, empty for nothing.
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
    def live(self) -> bool:
        """Whether its program is running."""
        return self.phase is Phase.RUNNING


class ContainerDetail(Struct, frozen=True):
    """A container with what only an inspection tells. Times in epoch seconds, 0.0 for never.

    `error` is the engine's own sentence about a start that failed.
    """

    container: Container
    started_at: float = 0.0
    finished_at: float = 0.0
    oom: bool = False
    error: str = ""
    ports: tuple[tuple[int, int], ...] = ()


class Usage(Struct, frozen=True):
    """Processor time since the start in seconds, and memory in bytes: of a moment, or at most.

    Zeros where nothing is known.
    """

    cpu_seconds: float = 0.0
    memory: int = 0

    def at_most(self, other: "Usage") -> "Usage":
        """Return the most that either says."""
        return Usage(max(self.cpu_seconds, other.cpu_seconds), max(self.memory, other.memory))


class NodeView(Struct, frozen=True):
    """What one node shows. Where `known` is False, `reason` says why and nothing is concluded.

    `era` is another one after the node's engine has died with what it ran, empty where not known.
    """

    name: str
    known: bool = True
    reason: str = ""
    containers: Mapping[str, Container] = field(default_factory=dict)
    era: str = ""


class Observed(Struct, frozen=True):
    """All nodes as last seen."""

    nodes: Mapping[str, NodeView]
