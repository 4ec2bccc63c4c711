"""Data that an engine keeps for instances, each in a volume with its carrier.

A carrier is a container that is made of nothing and never started. It has the data's volume, so
that they can be written and read without an agent, and nobody else's cleaning takes them away. It
is called by another name until the data are whole: the name says that they are.
"""

import io
import secrets
import tarfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from docker import APIClient
from docker.errors import APIError, NotFound
from msgspec import Struct

from reconciler.engines.docker import volumes
from reconciler.engines.docker.client import Clients
from reconciler.engines.engine import DataMissingError, EngineError, TransientError
from reconciler.engines.staging import Entry
from reconciler.engines.unpacking import unpacked
from reconciler.model.data import Provision, Stored
from reconciler.model.identity import (
    LABEL_BYTES,
    LABEL_DATA,
    LABEL_FILES,
    LABEL_NONCE,
    LABEL_PROJECT,
    data_name,
)

INSIDE: Final = "/data"
"""Where a carrier has the data."""

# Of nothing but a folder, for no image of anybody's is to be kept for the sake of data.
_REPOSITORY, _TAG = "reconciler-carrier", "1"
IMAGE: Final = f"{_REPOSITORY}:{_TAG}"
_DEADLINE: Final = 30
_IDLE: Final = 600
_CONFLICT: Final = 409
_TRIES: Final = 3
# What is kept at hand: so many bytes in so many files, of so many carriers.
_LITTLE, _FEW, _MOST_AT_HAND = 2**20, 500, 16
Json = Mapping[str, Any]
T = TypeVar("T")


class Carrier(Struct, frozen=True):
    """A carrier as a list shows it. `key` is empty of one whose data are not whole."""

    id: str
    key: str
    nonce: str
    volume: str
    stored: Stored


class Depot:
    """One engine's data, for use from any thread."""

    def __init__(self, clients: Clients) -> None:
        """Nothing is asked of the engine yet."""
        self._clients = clients
        self._filling: set[str] = set()
        self._reading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._small: dict[str, tuple[Entry, ...]] = {}
        self._lock = threading.Lock()

    def stored(self, project: str) -> tuple[Stored, ...]:
        """Return what is whole."""
        return tuple(c.stored for c in _carriers(self._list({}), project) if c.key)

    def find(self, provision: Provision) -> Carrier:
        """Return the carrier of data that are whole.

        Raises:
            DataMissingError: there is none.
        """
        for carrier in self._carriers(provision.project):
            if carrier.key == provision.key:
                return carrier
        raise missing(provision)

    def store(self, project: str, data: Stored, content: Iterable[bytes]) -> None:
        """Keep data, unless somebody else was first."""
        nonce = secrets.token_hex(8)
        self._filling.add(nonce)
        try:
            self.sweep(project)
            name = data_name(project, data.key)
            carrier = self._make(f"{name}.filling-{nonce}", project, data, nonce)
            try:
                self._fill(carrier, name, content)
                whole = self._name(carrier, name)
            except BaseException:
                self._drop_quietly(carrier, project, nonce)
                raise
            if not whole:
                self._drop_quietly(carrier, project, nonce)
        finally:
            self._filling.discard(nonce)

    def discard(self, project: str, key: str) -> None:
        """Keep data no more."""
        for carrier in _carriers(self._list({}), project):
            if carrier.key == key:
                if carrier.stored.used:
                    raise TransientError(f"could not discard the data {key}: a container has them")
                self._remove_container(carrier.id)
                volumes.remove(self._clients, carrier.volume)

    def sweep(self, project: str) -> None:
        """Remove what was left behind by those that were cut off."""
        for carrier in self._carriers(project):
            if not carrier.key and carrier.nonce not in self._filling:
                self._remove_container(carrier.id)
        needed = {carrier.volume for carrier in self._carriers(project)}
        for name, nonce in volumes.of_data(self._clients, project):
            if name not in needed and nonce not in self._filling:
                with suppress(EngineError):  # whoever still has it mounted keeps it for now
                    volumes.remove(self._clients, name)

    @contextmanager
    def reading(self, carrier: Carrier) -> Iterator[Iterable[bytes]]:
        """Give the data as a tar. One after the other, as an engine has it of one container."""
        with self._turn(carrier):
            yield self._read(carrier, _pieces)

    def little(self, carrier: Carrier) -> tuple[Entry, ...] | None:
        """Return what there is of little data, as root's own; None where it is much.

        Kept in memory: reading them costs an engine more than they are worth.
        """
        if carrier.stored.size > _LITTLE or carrier.stored.files > _FEW:
            return None
        with self._turn(carrier):
            if carrier.nonce not in self._small:
                content = self._read(carrier, b"".join)
                if len(self._small) >= _MOST_AT_HAND:
                    self._small.clear()
                self._small[carrier.nonce] = unpacked(content)
            return self._small[carrier.nonce]

    def _turn(self, carrier: Carrier) -> threading.Lock:
        with self._lock:
            return self._reading[carrier.nonce]

    def _read(self, carrier: Carrier, taken: Callable[[Iterable[bytes]], T]) -> T:
        def ask(client: APIClient) -> T:
            content, _ = client.get_archive(carrier.id, f"{INSIDE}/.", chunk_size=2**20)
            return taken(content)

        return self._clients.call(f"read the data {carrier.key}", _IDLE, ask)

    # --- carriers --------------------------------------------------------------------------

    def _list(self, filters: Mapping[str, object]) -> list[Json]:
        def ask(client: APIClient) -> list[Json]:
            found: list[Json] = client.containers(all=True, filters=dict(filters))
            return found

        return self._clients.call("list the containers that have data", _DEADLINE, ask)

    def _carriers(self, project: str) -> list[Carrier]:
        mine = {"label": [f"{LABEL_PROJECT}={project}", LABEL_DATA]}
        return list(_carriers(self._list(mine), project))

    def _make(self, name: str, project: str, data: Stored, nonce: str) -> str:
        labels = {LABEL_PROJECT: project, LABEL_DATA: data.key, LABEL_NONCE: nonce}
        told = labels | {LABEL_BYTES: str(data.size), LABEL_FILES: str(data.files)}
        mount = {
            "Type": "volume",
            "Source": f"{data_name(project, data.key)}.{nonce}",
            "Target": INSIDE,
            "VolumeOptions": {"NoCopy": True, "Labels": labels},
        }
        config = {
            "Image": IMAGE,
            "Cmd": ["-"],
            "Labels": told,
            "HostConfig": {"NetworkMode": "none", "Mounts": [mount]},
        }

        def ask(client: APIClient) -> str:
            for _ in range(_TRIES):  # somebody else may remove it in between
                with suppress(NotFound):
                    made = client.create_container_from_config(  # type: ignore[no-untyped-call]
                        config, name
                    )
                    return str(made["Id"])
                client.import_image_from_data(_nothing(), repository=_REPOSITORY, tag=_TAG)
            raise TransientError(f"could not make room for the data {data.key}")

        return self._clients.call(f"make room for the data {data.key}", _DEADLINE, ask)

    def _fill(self, carrier: str, name: str, content: Iterable[bytes]) -> None:
        broken: list[BaseException] = []

        def told() -> Iterator[bytes]:
            try:
                yield from content
            except BaseException as error:
                broken.append(error)
                raise

        def ask(client: APIClient) -> bool:
            done: bool = client.put_archive(carrier, INSIDE, told())
            return done

        try:
            self._clients.call(f"store the data {name}", _IDLE, ask)
        except EngineError:
            if broken:  # it is not the engine that has failed
                raise broken[0] from None
            raise

    def _name(self, carrier: str, name: str) -> bool:
        """Give a carrier its name; return whether nobody else has it."""

        def ask(client: APIClient) -> bool:
            try:
                client.rename(carrier, name)
            except APIError as error:
                if error.status_code == _CONFLICT:
                    return False
                raise
            return True

        return self._clients.call(f"name the data {name}", _DEADLINE, ask)

    def _drop_quietly(self, carrier: str, project: str, nonce: str) -> None:
        """Remove a carrier with its volume; what stays is swept by the next one."""
        with suppress(EngineError):
            self._remove_container(carrier)
            for name, other in volumes.of_data(self._clients, project):
                if other == nonce:
                    volumes.remove(self._clients, name)

    def _remove_container(self, identifier: str) -> None:
        def ask(client: APIClient) -> None:
            with suppress(NotFound):
                client.remove_container(identifier)

        self._clients.call(f"remove the carrier {identifier[:12]}", _DEADLINE, ask)


def missing(provision: Provision) -> DataMissingError:
    """Return the error for data that are not there."""
    return DataMissingError(
        f"the data {provision.key} for {provision.target} are not on the node any more",
        provision.key,
    )


def _is_carrier(entry: Json) -> bool:
    return LABEL_NONCE in (entry["Labels"] or {}) and LABEL_DATA in entry["Labels"]


def _carriers(entries: Sequence[Json], project: str) -> Iterator[Carrier]:
    others = (entry for entry in entries if not _is_carrier(entry))
    taken = {mount.get("Name") for entry in others for mount in entry["Mounts"]}
    for entry in entries:
        labels, names = entry["Labels"] or {}, entry["Names"] or ()
        if not _is_carrier(entry) or labels.get(LABEL_PROJECT) != project:
            continue
        key, nonce = labels[LABEL_DATA], labels[LABEL_NONCE]
        name = data_name(project, key)
        volume = next((m["Name"] for m in entry["Mounts"] if m["Destination"] == INSIDE), "")
        whole = f"/{name}" in names
        if volume != f"{name}.{nonce}" or not (whole or f"/{name}.filling-{nonce}" in names):
            continue  # labels are easily copied
        size, files = (_number(labels.get(one, "")) for one in (LABEL_BYTES, LABEL_FILES))
        since = float(entry.get("Created") or 0)
        stored = Stored(key, size, files, since, volume in taken)
        yield Carrier(entry["Id"], key if whole else "", nonce, volume, stored)


def _pieces(content: Iterable[bytes]) -> Iterable[bytes]:
    return content


def _number(said: str) -> int:
    return int(said) if said.isdecimal() else 0


def _nothing() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo(INSIDE.lstrip("/"))
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
    return buffer.getvalue()
