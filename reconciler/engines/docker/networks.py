"""Private networks of ours on one engine.

A container gets an address of our choice only in a network whose addresses were given when it was
made, and which ones are free is best known to the engine. So a network is made twice: first for the
engine to choose, then as chosen, with a label that says so. Decides nothing about who is in it.
"""

from typing import Any, Final

from docker import APIClient
from docker.errors import NotFound
from docker.types import IPAMConfig, IPAMPool

from reconciler.engines.docker.client import Clients
from reconciler.engines.engine import ConflictError, TransientError
from reconciler.engines.ownership import network_of
from reconciler.model.cluster import Fabric, Network, NetworkRequest
from reconciler.model.identity import LABEL_PROJECT, LABEL_SUBNET

_DEADLINE: Final = 30
_OVERLAY: Final = "overlay"
Json = dict[str, Any]


def fabric_in(info: Json) -> Fabric:
    """Return what an engine's own account of itself says of the swarm that it is in.

    All its members name the same managers, and no other does.
    """
    swarm = info.get("Swarm") or {}
    if swarm.get("LocalNodeState") != "active":
        return Fabric()
    managers = sorted(str(one.get("NodeID", "")) for one in swarm.get("RemoteManagers") or ())
    return Fabric(" ".join(managers), bool(swarm.get("ControlAvailable")))


def own(clients: Clients, project: str) -> tuple[Network, ...]:
    """Return a project's networks."""

    def ask(client: APIClient) -> Any:  # noqa: ANN401  # JSON
        return client.networks(filters={"label": f"{LABEL_PROJECT}={project}"})

    entries = clients.call(f"list the networks of project {project}", _DEADLINE, ask)
    found = (_ours(entry) for entry in entries)
    return tuple(sorted((one for one in found if one), key=lambda one: one.name))


def create(clients: Clients, request: NetworkRequest) -> Network:
    """Make a network, or adopt the one that is there."""
    there = _look(clients, request.name)
    if there is None:
        _make(clients, request, "")
        there = _look(clients, request.name)
    known = _ours(there) if there else None
    if there is None or known is None:
        message = f"the network {request.name} is there already and is not ours"
        raise ConflictError(message)
    if known.subnet:
        return known
    subnet = _subnet(there)
    if not subnet:
        raise TransientError(f"the engine has not given the network {request.name} any addresses")
    _remove(clients, request.name, str(there["Id"]))
    _make(clients, request, subnet)
    return Network(known.name, known.task, known.run, subnet, request.reaches)


def remove(clients: Clients, name: str) -> None:
    """Remove a network, after a look at whose it is."""
    there = _look(clients, name)
    if there is None:
        return
    if _ours(there) is None:
        raise ConflictError(f"the network {name} is not ours, so it stays")
    _remove(clients, name, str(there["Id"]))


def _make(clients: Clients, request: NetworkRequest, subnet: str) -> None:
    labels = dict(request.labels) | ({LABEL_SUBNET: subnet} if subnet else {})
    pools = [IPAMPool(subnet=subnet)] if subnet else []

    def ask(client: APIClient) -> None:
        client.create_network(
            request.name,
            driver=_OVERLAY if request.reaches else "bridge",
            ipam=IPAMConfig(pool_configs=pools),
            check_duplicate=True,
            internal=not request.outbound or not subnet,  # a closed one is made and removed sooner
            labels=labels,
            attachable=request.reaches,
        )

    clients.call(f"create the network {request.name}", _DEADLINE, ask)


def _remove(clients: Clients, name: str, identifier: str) -> None:
    def ask(client: APIClient) -> None:
        try:
            client.remove_network(identifier)
        except NotFound:
            return

    clients.call(f"remove the network {name}", _DEADLINE, ask)


def _look(clients: Clients, name: str) -> Json | None:
    def ask(client: APIClient) -> Json | None:
        found = client.networks(names=[name])
        return next((one for one in found if one["Name"] == name), None)

    return clients.call(f"look at the network {name}", _DEADLINE, ask)


def _ours(entry: Json) -> Network | None:
    labels = dict(entry.get("Labels") or {})
    return network_of(str(entry["Name"]), labels, reaches=entry.get("Driver") == _OVERLAY)


def _subnet(entry: Json) -> str:
    configured = (entry.get("IPAM") or {}).get("Config") or ()
    return next((str(one["Subnet"]) for one in configured if one.get("Subnet")), "")
