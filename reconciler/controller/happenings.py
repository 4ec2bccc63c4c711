"""What the inbox holds: everything that the controller's one thread is told of."""

import threading
from dataclasses import dataclass

from reconciler.engines.engine import EngineError, EngineEvent
from reconciler.model.action import Action
from reconciler.model.observed import Container, ContainerDetail


@dataclass(frozen=True, slots=True)
class Done:
    """What a successful call brought: the container's id, an inspection, or a reference."""

    container: str = ""
    detail: ContainerDetail | None = None
    logs: bytes = b""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """An action has been carried out, or has failed. `seconds` is how long the engine took."""

    action: Action
    outcome: Done | EngineError
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Listed:
    """What a node showed to a list call that began when the board stood at `began`."""

    node: str
    began: int
    containers: tuple[Container, ...]


@dataclass(frozen=True, slots=True)
class Hinted:
    """A node's event stream said something."""

    node: str
    event: EngineEvent


@dataclass(frozen=True, slots=True)
class NodeLost:
    """A node does not answer; nothing is known of it from now on."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerLost:
    """A node's claim is ours, of a ledger that is not there; `recorded` is set when noted."""

    node: str
    recorded: threading.Event


@dataclass(frozen=True, slots=True)
class ClaimLost:
    """A node's claim is not ours any more: not one further change is made."""

    node: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """The source is to be read again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The ledger was written by somebody else: there may be requests."""


@dataclass(frozen=True, slots=True)
class Halt:
    """End the loop and leave the containers."""

    reason: str


Happening = (
    Finished | Listed | Hinted | NodeLost | LedgerLost | ClaimLost | SourceChanged | Asked | Halt
)
