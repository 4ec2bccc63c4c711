"""A project's containers as anybody sees them who looks at the engine, and hands to meddle."""

import io
import json
import tarfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound

from tests.support.engines import IMAGE, SOCKET
from tests.support.process import PATIENCE, eventually

Json = dict[str, Any]
LABEL = "io.reconciler."
# What an engine tells of that changes nothing.
_HARMLESS = ("exec_", "attach", "top", "health_status")


class Outside:
    """One project on an engine. `close` removes what the project made, only that."""

    def __init__(self, project: str, url: str = SOCKET) -> None:
        self.project = project
        self.url = url
        self.client = APIClient(base_url=url, version="1.41", timeout=60)
        self._by_hand: list[str] = []
        self._volumes: list[str] = []
        self._tags: list[str] = []

    # --- looking -----------------------------------------------------------------------------

    def containers(self, task: str = "", **filters: str) -> list[Json]:
        """Return the entries of the list call, ordered by name; `status="running"` narrows."""
        labels = [f"{LABEL}project={self.project}"]
        labels += [f"{LABEL}task={task}"] if task else []
        found: list[Json] = self.client.containers(all=True, filters={"label": labels, **filters})
        return sorted(found, key=lambda entry: str(entry["Names"][0]))

    def ids(self, task: str = "") -> dict[str, str]:
        """Return name → id of all containers."""
        return {entry["Names"][0].lstrip("/"): entry["Id"] for entry in self.containers(task)}

    def running(self, task: str = "") -> dict[str, str]:
        """Return name → id of the containers that run."""
        found = self.containers(task, status="running")
        return {entry["Names"][0].lstrip("/"): entry["Id"] for entry in found}

    def await_running(self, name: str) -> None:
        """Wait until a container of this name runs."""
        eventually(lambda: name in self.running(), f"{name} runs")

    def name(self, task: str, instance: int = 0, run: int = 1, attempt: int = 1) -> str:
        return f"{self.project}.{task}.{run}.{instance}.{attempt}"

    def inspect(self, name: str) -> Json | None:
        try:
            found: Json = self.client.inspect_container(name)
        except NotFound:
            return None
        return found

    def logs(self, name: str) -> str:
        said: bytes = self.client.logs(name)
        return said.decode()

    def env(self, name: str) -> dict[str, str]:
        """Return the variables that a container was given."""
        found = self.client.inspect_container(name)["Config"]["Env"]
        return dict(entry.split("=", 1) for entry in found)

    def volumes(self) -> dict[str, dict[str, str]]:
        """Return name → labels of the volumes that carry the project's label."""
        mine = {"label": f"{LABEL}project={self.project}"}
        found = self.client.volumes(filters=mine)["Volumes"] or ()
        return {volume["Name"]: volume["Labels"] for volume in found}

    def networks(self) -> list[str]:
        """Return the names of the networks that carry the project's label."""
        mine = {"label": f"{LABEL}project={self.project}"}
        return sorted(str(network["Name"]) for network in self.client.networks(filters=mine))

    def volumes_of(self, *names: str) -> list[str]:
        """Return the volumes that are mounted in these containers, those without a name too."""
        mounts = [m for name in names for m in self.client.inspect_container(name)["Mounts"]]
        return [mount["Name"] for mount in mounts if mount["Type"] == "volume"]

    def file(self, name: str, path: str) -> bytes:
        """Return what a file of a container holds."""
        packed, _ = self.client.get_archive(name, path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(packed))) as tar:
            found = tar.extractfile(tar.getmembers()[0])
            assert found is not None
            return found.read()

    def images(self) -> list[str]:
        """Return the names of images that were made of the project's source."""
        found = self.client.images(f"reconciler/{self.project}")
        return sorted(tag for one in found for tag in one["RepoTags"])

    def image(self, name: str) -> str:
        """Return all that is told of an image, and of how it was made."""
        found = self.client.inspect_image(name)  # type: ignore[no-untyped-call]
        history = self.client.history(name)  # type: ignore[no-untyped-call]
        return json.dumps([found, history], ensure_ascii=False)

    @contextmanager
    def watched(self) -> Iterator["Record"]:
        """Record all that the engine tells of the project for the length of a block."""
        record = Record(self.client, self.project, self.url)
        try:
            record.settle()
            yield record
        finally:
            record.close()

    # --- meddling ----------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        self.client.kill(name)

    def remove(self, name: str) -> None:
        self.client.remove_container(name, force=True)

    def execute(self, name: str, *command: str) -> None:
        """Run a program inside a container."""
        made = self.client.exec_create(name, [*command])
        self.client.exec_start(made["Id"])

    def run_foreign(
        self, name: str, labels: dict[str, str] | None = None, *, port: int = 0, memory: int = 0
    ) -> str:
        """Start somebody else's container, perhaps with a port of the node, or so many bytes."""
        bindings: dict[int | str, int] | None = {80: port} if port else None
        made: str = self.client.create_container(
            IMAGE, ["sleep", "600"], name=name, labels=labels or {}, ports=[80] if port else None,
            host_config=self.client.create_host_config(
                init=True, mem_limit=memory or None, port_bindings=bindings
            ),
        )["Id"]  # fmt: skip
        self._by_hand.append(made)
        self.client.start(made)
        return made

    def make_volume(self, name: str, labels: dict[str, str] | None = None) -> None:
        self.client.create_volume(name, labels=labels)
        self._volumes.append(name)

    def tag(self, tag: str = "") -> str:
        """Give the test image another name, which goes away with the project."""
        name = f"{self.project}-image:{tag or uuid.uuid4().hex[:8]}"
        repository, _, version = name.partition(":")
        self.client.tag(IMAGE, repository, version)
        self._tags.append(name)
        return name

    def untag(self, name: str) -> None:
        with suppress(ImageNotFound):
            self.client.remove_image(name, noprune=True)

    def forget(self, registry: str) -> None:
        """Remove the project's containers, and the images of a registry that is about to go."""
        for name in self.ids():
            self.remove(name)
        for image in [*self.images(), *self._known_by(registry)]:
            self.untag(image)

    def _known_by(self, registry: str) -> Iterator[str]:
        for image in self.client.images():
            names = (*(image["RepoTags"] or ()), *(image["RepoDigests"] or ()))
            yield from (name for name in names if name.startswith(f"{registry}/"))

    def close(self) -> None:
        made = [entry["Id"] for entry in self.containers()]
        for container in [*made, *self._by_hand]:
            eventually(partial(self._removed, container), f"{container} to be gone")
        for volume in [*self.volumes(), *self._volumes]:
            with suppress(NotFound):
                self.client.remove_volume(volume)
        for network in self.networks():
            with suppress(NotFound):
                self.client.remove_network(network)
        for tag in [*self._tags, *self.images()]:
            self.untag(tag)
        self.client.close()

    def _removed(self, container: str) -> bool:
        """Remove a container; return whether it is gone, and not being removed by another."""
        try:
            self.client.remove_container(container, v=True, force=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            return False
        return True


class Record:
    """The engine's event stream, read by a thread; only what changes something of a project."""

    def __init__(self, client: APIClient, project: str, url: str) -> None:
        self._client = client
        self._project = project
        self._mark = f"mark.{uuid.uuid4().hex}"
        self._events: list[Json] = []
        self._marks = 0
        self._changed = threading.Condition()
        self._own = APIClient(base_url=url, version="1.41", timeout=3600)
        self._stream = self._own.events(decode=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def told(self) -> list[tuple[str, str]]:
        """Return (action, name) of all so far, in order."""
        self.settle()
        return self.so_far

    @property
    def so_far(self) -> list[tuple[str, str]]:
        """Return as much of that as has come by now."""
        return [(e["Action"], _name(e["Actor"])) for e in list(self._events)]

    def of(self, *actions: str) -> list[str]:
        """Return the names that these actions happened to, in order."""
        return [name for action, name in self.told if action in actions]

    def settle(self) -> None:
        """Wait until everything up to now has been told: by an event of our own."""
        before = self._marks
        self._client.create_volume(self._mark)
        self._client.remove_volume(self._mark)
        with self._changed:
            assert self._changed.wait_for(lambda: self._marks > before, PATIENCE), "no event came"

    def close(self) -> None:
        self._stream.close()
        self._thread.join(PATIENCE)
        self._own.close()

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            for event in self._stream:
                self._take(event)

    def _take(self, event: Json) -> None:
        actor = event["Actor"]
        with self._changed:
            if actor["ID"] == self._mark:
                self._marks += event["Action"] == "destroy"
                self._changed.notify_all()
            elif self._concerns(actor) and not event["Action"].startswith(_HARMLESS):
                self._events.append(event)

    def _concerns(self, actor: Json) -> bool:
        ours = actor["Attributes"].get(f"{LABEL}project") == self._project
        return ours or self._project in actor["ID"]


def _name(actor: Json) -> str:
    """Return what a person calls it: volumes have no name attribute, their id is their name."""
    return str(actor["Attributes"].get("name", actor["ID"]))
