"""Volumes of ours: those that instances mount, and the one that claims a project.

Creating a volume is a test-and-set on the engine: it answers with the one that is there.
"""

from typing import Any, Final

from docker import APIClient
from docker.errors import NotFound

from reconciler.engines.docker.client import Clients
from reconciler.engines.engine import ConflictError
from reconciler.engines.ownership import is_own_volume
from reconciler.model.identity import LABEL_DATA, LABEL_NONCE, LABEL_PROJECT, data_name

_DEADLINE: Final = 10


def ensure(clients: Clients, name: str, labels: dict[str, str]) -> dict[str, str]:
    """Make a volume unless there is one by that name, and return the labels of what is there."""

    def ask(client: APIClient) -> dict[str, str]:
        return _labels(client.create_volume(name, labels=labels))

    return clients.call(f"create the volume {name}", _DEADLINE, ask)


def ensure_own(clients: Clients, name: str, labels: dict[str, str]) -> None:
    """Make a volume of ours unless it is there already."""
    found = ensure(clients, name, labels)
    if any(found.get(key) != value for key, value in labels.items()):
        raise ConflictError(
            f"the volume {name} is there already and is not this project's;"
            " mount it with `external: true`, or remove it"
        )


def labels_of(clients: Clients, name: str) -> dict[str, str] | None:
    """Return a volume's labels, None where there is no such volume."""

    def ask(client: APIClient) -> dict[str, str] | None:
        try:
            return _labels(client.inspect_volume(name))
        except NotFound:
            return None

    return clients.call(f"look at the volume {name}", _DEADLINE, ask)


def own(clients: Clients, project: str) -> tuple[str, ...]:
    """Return the names of a project's volumes."""

    def ask(client: APIClient) -> dict[str, Any]:
        found: dict[str, Any] = client.volumes(filters={"label": f"{LABEL_PROJECT}={project}"})
        return found

    found = clients.call(f"list the volumes of project {project}", _DEADLINE, ask)
    entries = found.get("Volumes") or ()
    return tuple(sorted(e["Name"] for e in entries if is_own_volume(e["Name"], _labels(e))))


def of_data(clients: Clients, project: str) -> tuple[tuple[str, str], ...]:
    """Return the names of the volumes that hold a project's data, each with its nonce."""

    def ask(client: APIClient) -> dict[str, Any]:
        mine = {"label": [f"{LABEL_PROJECT}={project}", LABEL_DATA, LABEL_NONCE]}
        found: dict[str, Any] = client.volumes(filters=mine)
        return found

    found = clients.call(f"list the data of project {project}", _DEADLINE, ask)
    told = [(e["Name"], _labels(e)) for e in found.get("Volumes") or ()]
    return tuple(
        (name, labels[LABEL_NONCE])
        for name, labels in told
        if name == f"{data_name(project, labels[LABEL_DATA])}.{labels[LABEL_NONCE]}"
    )


def remove(clients: Clients, name: str) -> None:
    """Remove a volume that has been found to be ours. Gone is done."""

    def ask(client: APIClient) -> None:
        try:
            client.remove_volume(name)
        except NotFound:
            return

    clients.call(f"remove the volume {name}", _DEADLINE, ask)


def _labels(entry: dict[str, Any]) -> dict[str, str]:
    return dict(entry.get("Labels") or {})
