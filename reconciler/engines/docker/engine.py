"""One Docker Engine behind the common face: which call is made, and what counts as done.

It decides nothing about what should run, and touches nothing that does not carry our labels.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from docker import APIClient
from docker.errors import APIError, NotFound

from reconciler.engines.dialogue import Command
from reconciler.engines.docker import networks, volumes
from reconciler.engines.docker.attach import Attachment, attach
from reconciler.engines.docker.client import Clients
from reconciler.engines.docker.containers import inspected, listed
from reconciler.engines.docker.create import (
    Words,
    config_of,
    external_volumes,
    own_volumes,
)
from reconciler.engines.docker.events import Events, subscribe
from reconciler.engines.docker.execute import Execution, execute
from reconciler.engines.docker.folders import files_of, open_folder
from reconciler.engines.docker.images import Images
from reconciler.engines.docker.neighbours import Neighbours
from reconciler.engines.docker.output import follow_output, last_output
from reconciler.engines.docker.staging import Stager
from reconciler.engines.docker.usage import usage_of
from reconciler.engines.engine import (
    ConflictError,
    EngineInfo,
    PermanentError,
    TransientError,
)
from reconciler.engines.folders import FolderFile
from reconciler.engines.ownership import claim_name
from reconciler.model.action import CreateRequest
from reconciler.model.claim import Taken
from reconciler.model.desired import Tls
from reconciler.model.identity import (
    LABEL_PROJECT,
    LABEL_SHAPE,
    LABEL_WORK,
)
from reconciler.model.observed import Container, ContainerDetail, Phase, Usage
from reconciler.model.staging import Staging

# Seconds. A start may wait for its turn in the kernel; all else that is slow is wrong.
_INFO: Final = 5
_LIST: Final = 30
_INSPECT: Final = 10
_CREATE: Final = 60
_START: Final = 120
_REMOVE: Final = 60
_SIGNAL: Final = 10

_CONFLICT: Final = 409
_BRIDGE: Final = "bridge"
_BRIEF: Final = 12
_ID: Final = re.compile(r"[0-9a-f]{64}")


class DockerEngine(Images):
    """A Docker Engine, usable from any thread."""

    def __init__(
        self, node: str, endpoint: str, tls: Tls | None = None, ssh_config: str = ""
    ) -> None:
        """Nothing is asked of the engine yet, nor is any file looked at."""
        self.node = node
        super().__init__(Clients(endpoint, tls, ssh_config))
        self._neighbours = Neighbours(self._clients)
        self._stager = Stager(self._clients, self._depot)

    @property
    def address(self) -> str:
        """Return the machine that the endpoint names, this one's own address for a socket here."""
        return self._clients.address

    def info(self) -> EngineInfo:
        """Ask /info, which hangs where the engine is wedged while its ping still answers."""
        found = self._clients.call("ask the engine how it is", _INFO, lambda c: c.info())
        cpus, memory = int(found["NCPU"]), int(found["MemTotal"])
        return EngineInfo(str(found["ServerVersion"]), cpus, memory, networks.fabric_in(found))

    def era(self) -> str:
        """Return the id of the default network; an engine that has none does not let it be told.

        It is made anew whenever the engine starts, unless it finds containers that have run on
        meanwhile (live-restore).
        """

        def ask(client: APIClient) -> str:
            found = client.networks(filters={"type": "builtin"})
            return next((str(one["Id"]) for one in found if one["Name"] == _BRIDGE), "")

        return self._clients.call("ask the engine for its networks", _INFO, ask)[:_BRIEF]

    def list(self, project: str) -> tuple[Container, ...]:
        """Return the project's containers, by one call."""
        label = f"{LABEL_PROJECT}={project}"

        def ask(client: APIClient) -> Any:  # noqa: ANN401  # JSON
            return client.containers(all=True, filters={"label": label})

        entries = self._clients.call(f"list the containers of project {project}", _LIST, ask)
        found = (listed(self.node, entry) for entry in entries)
        return tuple(container for container in found if container is not None)

    def others(self, project: str) -> Taken:
        """Return what is taken by containers that are not the project's."""
        return self._neighbours.taken(project)

    def inspect(self, name: str) -> ContainerDetail | None:
        """Look at one container, under its lock."""
        return self._inspect(name, _INSPECT)

    def create(self, request: CreateRequest) -> str:
        """Make a container and its volumes, or adopt the one that is there."""
        for name, labels in own_volumes(request):
            volumes.ensure_own(self._clients, name, labels)
        for name in external_volumes(request):
            self._require_volume(request, name)
        shared = {p.target: self._depot.find(p).volume for p in request.provisions if p.read_only}
        config = config_of(request, self._words(request), shared)

        def ask(client: APIClient) -> str | None:
            try:
                # Not create_container: it would add the user's proxies to the environment.
                made = client.create_container_from_config(  # type: ignore[no-untyped-call]
                    config, request.name
                )
                return str(made["Id"])
            except APIError as error:
                if error.status_code == _CONFLICT:
                    return None
                raise

        made = self._clients.call(f"create {request.name}", _CREATE, ask)
        return made or self._adopt(request)

    def stage(self, container: str, staging: Staging) -> None:
        """Put files into a created container."""
        found = self._look(container, _START)  # as long as a start under way may take
        detail = None if found is None else inspected(self.node, found)
        if found is None or detail is None:
            raise TransientError(f"could not start {_brief(container)}: the container is gone")
        if detail.container.phase is Phase.CREATED:
            self._stager.put(found, staging)

    def start(self, container: str, *, fenced: bool = False) -> None:
        """Start a created container; with an id and no fence that is a single call."""
        identifier = container
        if fenced or not _ID.fullmatch(container):
            # The look waits out a start under way, so it may take as long as one.
            detail = self._inspect(container, _START)
            if detail is None:
                raise TransientError(f"could not start {_brief(container)}: the container is gone")
            if detail.container.phase is not Phase.CREATED:
                return
            identifier = detail.container.id
        self._clients.call(f"start {_brief(container)}", _START, lambda c: c.start(identifier))

    def signal(self, container: str, signal: str) -> None:
        """Send a signal to a running container."""
        identifier = self._own(container)
        if identifier is None:
            return

        def ask(client: APIClient) -> None:
            try:
                client.kill(identifier, signal)
            except APIError as error:
                if error.status_code != _CONFLICT and not isinstance(error, NotFound):
                    raise

        self._clients.call(f"send {signal} to {_brief(container)}", _SIGNAL, ask)

    def remove(self, container: str) -> None:
        """Remove an ended or never started container with its anonymous volumes."""
        identifier = self._own(container)
        if identifier is None:
            return

        def ask(client: APIClient) -> None:
            try:
                client.remove_container(identifier, v=True)
            except NotFound:
                return

        self._clients.call(f"remove {_brief(container)}", _REMOVE, ask)

    def logs(self, container: str, *, limit: int) -> bytes:
        """Return the end of a container's output."""
        return last_output(self._clients, container, limit)

    def follow(self, container: str, *, tail: int | None = None) -> Iterator[bytes]:
        """Yield a container's output as it comes."""
        return follow_output(self._clients, container, tail)

    def read_folder(self, container: str, folder: str) -> Iterator[FolderFile] | None:
        """Yield the files below a container's folder."""
        identifier = self._own(container)
        wire = open_folder(self._clients, identifier, f"{folder}/.") if identifier else None
        if wire is not None and identifier is not None:
            return files_of(self._clients, identifier, folder, wire)
        if identifier is None or self._look(identifier, _INSPECT) is None:
            raise TransientError(f"could not read {folder} of {_brief(container)}: it is gone")
        return None

    def execute(self, container: str, command: Command) -> Execution:
        """Begin a program in a container that runs."""
        identifier = self._own(container)
        if identifier is None:
            raise TransientError(f"could not execute {command.words[0]}: {container} is gone")
        return execute(self._clients, identifier, command)

    def attach(self, container: str) -> Attachment:
        """Listen to a container's own program, and talk to it."""
        found = self._look(container, _INSPECT)
        if found is None or inspected(self.node, found) is None:
            raise TransientError(f"could not attach to {_brief(container)}: it is gone")
        return attach(self._clients, found)

    def usage(self, container: str) -> Usage | None:
        """Return what a container uses at the moment."""
        return usage_of(self._clients, container)

    def events(self, project: str) -> Events:
        """Subscribe to the project's events."""

        def settle(container: str) -> None:
            self._look(container, _INSPECT)

        return subscribe(self._clients, project, claim_name(project), settle)

    def close(self) -> None:
        """Close all connections but those of open streams."""
        self._clients.close()

    def _look(self, name: str, deadline: int) -> dict[str, Any] | None:
        """Return what an inspection says, whoever's the container is."""

        def ask(client: APIClient) -> dict[str, Any] | None:
            try:
                found: dict[str, Any] = client.inspect_container(name)
            except NotFound:
                return None
            return found

        return self._clients.call(f"look at {_brief(name)}", deadline, ask)

    def _inspect(self, name: str, deadline: int) -> ContainerDetail | None:
        found = self._look(name, deadline)
        return None if found is None else inspected(self.node, found)

    def _own(self, container: str) -> str | None:
        """Return the id of a container of ours; one given by id has been looked at before."""
        if _ID.fullmatch(container):
            return container
        detail = self._inspect(container, _INSPECT)
        return detail.container.id if detail else None

    def _adopt(self, request: CreateRequest) -> str:
        """Return the id of what holds a request's name, if it is what was asked for."""
        failed = f"could not create {request.name}"
        found = self._look(request.name, _INSPECT)
        if found is None:  # a create that failed half-way holds its name for a while
            raise TransientError(f"{failed}: the engine still holds its name")
        detail, labels = inspected(self.node, found), dict(request.labels)
        holder = f"container {found['Id'][:12]} (image {found['Config'].get('Image', '?')})"
        if detail is None:
            raise ConflictError(f"{failed}: its name is held by {holder}, which is not ours")
        there = (detail.container.work, detail.container.shape)
        if there != (labels.get(LABEL_WORK), labels.get(LABEL_SHAPE)):
            raise ConflictError(
                f"{failed}: its name is held by {holder}, which was made from another manifest"
            )
        return detail.container.id

    def _words(self, request: CreateRequest) -> Words:
        """Return what the image would run by itself, where that is to be run by a launcher."""
        if not request.launcher:
            return Words()

        def ask(client: APIClient) -> Words:
            said = client.inspect_image(request.image)["Config"]  # type: ignore[no-untyped-call]
            return Words(tuple(said.get("Entrypoint") or ()), tuple(said.get("Cmd") or ()))

        return self._clients.call(f"look at the image {request.image}", _INSPECT, ask)

    def _require_volume(self, request: CreateRequest, name: str) -> None:
        if volumes.labels_of(self._clients, name) is None:
            raise PermanentError(
                f"could not create {request.name}: there is no volume {name} on the node,"
                " and an external one is not made by us"
            )


def _brief(container: str) -> str:
    return container[:_BRIEF] if _ID.fullmatch(container) else container
