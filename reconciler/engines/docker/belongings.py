"""What an engine keeps of ours besides containers: volumes, claims, networks."""

from collections.abc import Callable, Iterable

from reconciler.engines.docker import networks, volumes
from reconciler.engines.docker.client import Clients
from reconciler.engines.docker.depot import Depot
from reconciler.engines.engine import ConflictError
from reconciler.engines.ownership import claim_labels, claim_name, is_claim, is_own_volume
from reconciler.model.cluster import Network, NetworkRequest
from reconciler.model.data import Stored


class Belongings:
    """The calls on volumes, claims and networks."""

    def __init__(self, clients: Clients) -> None:
        """Ask by way of these."""
        self._clients = clients
        self._depot = Depot(clients)

    def claim(self, project: str, labels: dict[str, str]) -> dict[str, str]:
        """Put up the project's claim unless there is one."""
        marked = claim_labels(project, labels)
        return volumes.ensure(self._clients, claim_name(project), marked)

    def claimed_by(self, project: str) -> dict[str, str] | None:
        """Return the labels of the project's claim."""
        return volumes.labels_of(self._clients, claim_name(project))

    def release(self, project: str) -> None:
        """Take the project's claim down."""
        self._remove_volume(claim_name(project), is_claim)

    def volumes(self, project: str) -> tuple[str, ...]:
        """Return the names of the project's own volumes."""
        return volumes.own(self._clients, project)

    def remove_volume(self, name: str) -> None:
        """Remove a volume of ours with what is in it."""
        self._remove_volume(name, is_own_volume)

    def stored(self, project: str) -> tuple[Stored, ...]:
        """Return the data that are kept for a project."""
        return self._depot.stored(project)

    def store(self, project: str, data: Stored, content: Iterable[bytes]) -> None:
        """Keep data, whole or not at all."""
        self._depot.store(project, data, content)

    def discard(self, project: str, key: str) -> None:
        """Keep data no more."""
        self._depot.discard(project, key)

    def sweep(self, project: str) -> None:
        """Remove what was left behind where data were not stored to the end."""
        self._depot.sweep(project)

    def networks(self, project: str) -> tuple[Network, ...]:
        """Return the project's own networks."""
        return networks.own(self._clients, project)

    def create_network(self, request: NetworkRequest) -> Network:
        """Make a network, or adopt the one that is there."""
        return networks.create(self._clients, request)

    def remove_network(self, name: str) -> None:
        """Remove a network of ours."""
        networks.remove(self._clients, name)

    def _remove_volume(self, name: str, ours: Callable[[str, dict[str, str]], bool]) -> None:
        labels = volumes.labels_of(self._clients, name)
        if labels is None:
            return
        if not ours(name, labels):
            raise ConflictError(f"the volume {name} is not ours, so it stays")
        volumes.remove(self._clients, name)
