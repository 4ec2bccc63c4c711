"""What the inbox holds: everything that the controller's one thread is told of."""

import threading
from collections.abc import Mapping

from msgspec import Struct, field

from reconciler.engines.engine import EngineError, EngineEvent
from reconciler.model.action import Action
from reconciler.model.amounts import Amounts
from reconciler.model.claim import Taken
from reconciler.model.cluster import Fabric, Network
from reconciler.model.data import Resolved, Results
from reconciler.model.hosts import Hosts
from reconciler.model.observed import Container, ContainerDetail, Usage


class Done(Struct, frozen=True):
    """What a successful call brought: the container's id, an inspection, or a reference.

    `usage` is the most that a container which has ended was seen to use. `network` is one that has
    been made, `resolved` what inputs have come to, `results` what is stored of a container's files.
    `secrets` is the keyed account of what a container was told in confidence. `gone` is why results
    cannot be taken over any more.
    """

    container: str = ""
    detail: ContainerDetail | None = None
    logs: bytes = b""
    reference: str = ""
    usage: Usage = Usage()
    network: Network | None = None
    resolved: Resolved | None = None
    results: Results | None = None
    secrets: str = ""
    gone: str = ""


class Finished(Struct, frozen=True):
    """An action has been carried out, or has failed. `seconds` is how long the engine took."""

    action: Action
    outcome: Done | EngineError
    seconds: float = 0.0


class Listed(Struct, frozen=True):
    """What a node showed to a list call that began when the board stood at `began`.

    `era` is the engine's, asked for afterwards: a list of a later one is never taken for this.
    `has` is what the engine says that the node has, `others` what is taken of it by containers that
    are not the project's. `networks` are the project's own, `fabric` with whom they may be shared.
    """

    node: str
    began: int
    containers: tuple[Container, ...]
    era: str = ""
    has: Amounts = Amounts()
    others: Taken = field(default_factory=Taken)
    networks: tuple[Network, ...] = ()
    fabric: Fabric = Fabric()


class Hinted(Struct, frozen=True):
    """A node's event stream said something. It was opened in the engine's `era`, or before."""

    node: str
    event: EngineEvent
    era: str = ""


class NodeLost(Struct, frozen=True):
    """A node does not answer; nothing is known of it from now on."""

    node: str
    reason: str


class LedgerLost(Struct, frozen=True):
    """A node's claim is ours, of a ledger that is not there; `recorded` is set when noted."""

    node: str
    recorded: threading.Event


class ClaimLost(Struct, frozen=True):
    """A node's claim is not ours any more: not one further change is made."""

    node: str
    message: str


class SecretsRead(Struct, frozen=True):
    """What services' secrets are now: their keyed accounts, by task."""

    accounts: Mapping[str, str]


class SourceChanged(Struct, frozen=True):
    """The source is to be read again."""


class SourceTold(Struct, frozen=True):
    """The source has something to say of itself: that its remote is away, or back."""

    level: str
    message: str


class HostsListed(Struct, frozen=True):
    """The operator gives other hosts for nodes."""

    hosts: Hosts


class Asked(Struct, frozen=True):
    """The ledger was written by somebody else: there may be requests."""


class Halt(Struct, frozen=True):
    """End the loop and leave the containers."""

    reason: str


Happening = (
    Finished
    | Listed
    | Hinted
    | NodeLost
    | LedgerLost
    | ClaimLost
    | SecretsRead
    | SourceChanged
    | SourceTold
    | HostsListed
    | Asked
    | Halt
)
