"""Instances that work as one: the private network of a run, and who is who in it.

The network of a run has a name of its own, so that several runs are side by side. Addresses are
counted down from the network's last one, for engines give out their own from the first one up.
Must not know engines, nor what is put into containers.
"""

import hashlib
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Final

from msgspec import Struct

from reconciler.model.spec import Cluster, Pairs

# What engines take for themselves: the network's own name, its gateway, and a few for each node.
_TAKEN: Final = 16
# Of a network's name.
_LONGEST: Final = 63
_DIGEST: Final = 12


class Peer(Struct, frozen=True):
    """An instance as the others reach it, and how many processes it is to be given."""

    name: str
    address: str
    slots: int = 1


class Network(Struct, frozen=True):
    """A private network of ours as an engine shows it.

    `task` and `run` are as its labels say. `subnet` is empty of one that is half made. `reaches`:
    instances on other nodes of the same fabric can be in it.
    """

    name: str
    task: str
    run: int
    subnet: str = ""
    reaches: bool = False


class NetworkRequest(Struct, frozen=True, kw_only=True):
    """A network to be made. `outbound`: what is in it reaches the world outside, too."""

    name: str
    labels: Pairs
    outbound: bool
    reaches: bool


class Membership(Struct, frozen=True):
    """How an instance is in a network: its place among all that are, the first being the master."""

    network: Network
    rank: int
    peers: tuple[Peer, ...]

    @property
    def address(self) -> str:
        """The instance's own address."""
        return self.peers[self.rank].address


class Fabric(Struct, frozen=True):
    """What joins engines: networks may span those of the same `id`, empty for none.

    Only a `manager` makes such networks.
    """

    id: str = ""
    manager: bool = False


class TooSmallError(ValueError):
    """A network has too few addresses. The message is a sentence for people."""


def network_name(project: str, task: str, run: int) -> str:
    """Return the name of the network of a task's run: PROJECT_TASK_RUN.

    What spans engines is named as DNS names a host: without dots, and no longer than that. What
    would be longer is cut, and made unique by a digest.
    """
    name = f"{project}_{task}_{run}"
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(f"{project}/{task}".encode()).hexdigest()[:_DIGEST]
    kept = f"{project}_{task}"[: _LONGEST - _DIGEST - len(f"__{run}")]
    return f"{kept}_{digest}_{run}"


def peer_name(task: str, instance: int) -> str:
    """Return by which name an instance is known to the others: TASK-INSTANCE."""
    return f"{task}-{instance}"


def peers_of(
    task: str, instances: Sequence[int], cluster: Cluster, subnet: str
) -> tuple[Peer, ...]:
    """Return all instances in order, the master first.

    Raises:
        TooSmallError: when the subnet has no addresses for all.
    """
    network = ip_network(subnet)
    if network.num_addresses < len(instances) + _TAKEN:
        message = f"the network {subnet} has no addresses for {len(instances)} instances"
        raise TooSmallError(message)
    last = network.broadcast_address - 1
    return tuple(
        Peer(peer_name(task, instance), str(last - rank), cluster.slots)
        for rank, instance in enumerate(instances)
    )
