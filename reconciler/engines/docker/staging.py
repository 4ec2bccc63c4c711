"""Files put into a container that was made and not started, as the engine's own copies are.

Nothing is needed of the image, and it works whatever the container may do itself. What is put in
where is decided elsewhere.
"""

import io
import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from docker import APIClient
from docker.errors import NotFound
from docker.utils import decode_json_header
from msgspec import Struct
from msgspec.structs import replace

from reconciler.engines.accounts import GROUP, PASSWD, Identity, Registers
from reconciler.engines.docker.client import Clients, accepted, url_of
from reconciler.engines.docker.depot import Carrier, Depot, missing
from reconciler.engines.engine import PermanentError, TransientError
from reconciler.engines.retelling import owned
from reconciler.engines.staging import (
    ROOT,
    Covered,
    Entry,
    Setting,
    by_place,
    check_target,
    covered,
    entries_of,
    identified,
)
from reconciler.model.data import Provision
from reconciler.model.staging import Account, Staging

_DEADLINE: Final = 30
_IDLE: Final = 600
_FOLDER: Final = 0o755
_STAT: Final = "X-Docker-Container-Path-Stat"
_LARGEST: Final = 2**20
# Folders, links, devices, pipes and sockets, in the engine's own bits.
_NOT_A_FILE: Final = 1 << 31 | 1 << 27 | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19
# What a file has that was put in without a time.
_OUR_TIME: Final = "1970-01-01T00:00:00Z"
_MOST_IMAGES: Final = 100
_NUMBERS: Final = re.compile(r"\d+:\d+")
Json = Mapping[str, Any]


class Stager:
    """Puts files into one engine's containers, from any thread.

    Whom an image knows is kept, and which folders it lacks, for an engine takes longer to read a
    file than to look at ten.
    """

    def __init__(self, clients: Clients, depot: Depot) -> None:
        """Nothing is asked of the engine yet."""
        self._clients = clients
        self._depot = depot
        self._known: dict[str, Registers] = {}
        self._lacking: set[tuple[str, str]] = set()

    def put(self, found: Json, staging: Staging) -> None:
        """Put files into the container of an inspection."""
        clients, container = self._clients, str(found["Id"])
        setting, account = _setting(clients, found), staging.account
        user = str(found["Config"].get("User") or "")
        registers = Registers()
        if account is not None or (user and not _NUMBERS.fullmatch(user)):
            registers = self._registers(container, str(found["Image"]), setting)
        groups = found["HostConfig"].get("GroupAdd") or () if account else ()
        identity = identified(setting, user, groups, registers)
        has_home = _has_home(clients, container, setting, account)
        entries = entries_of(staging, setting, identity, registers, has_home=has_home)
        places = by_place(entries, setting)
        much = self._inputs(found, staging.provisions, setting, identity, places)
        for place, inside in places.items():
            _put(clients, container, setting.name, place, inside)
        for target, carrier in much:
            self._copy(container, setting.name, identity, target, carrier)

    def _inputs(
        self,
        found: Json,
        provisions: Sequence[Provision],
        setting: Setting,
        identity: Identity,
        places: dict[str, list[Entry]],
    ) -> list[tuple[str, Carrier]]:
        """Add little data to what is put in anyhow; return the data that take calls of their own.

        To begin a call takes an engine longer than to write 1 MB.
        """
        much = []
        for provision in provisions:
            carrier = self._depot.find(provision)
            if provision.read_only:
                _check_mounted(found, provision, carrier)
                continue
            check_target(provision.target, setting)
            folder = Entry(provision.target, _FOLDER, identity.uid, identity.gid)
            place, way = next(iter(by_place([folder], setting).items()))
            little = self._depot.little(carrier)
            inside = [] if self._has(found, setting, folder.path) else way
            inside += (_below(folder, one) for one in little or ())
            if inside:
                places.setdefault(place, []).extend(inside)
            if little is None:
                much.append((folder.path, carrier))
        return much

    def _has(self, found: Json, setting: Setting, folder: str) -> bool:
        """Whether a container has a folder; one that its image lacks is not looked for again."""
        lacking = (str(found["Image"]), folder)
        if lacking in self._lacking and not covered(folder, setting):
            return False
        there = _stat(self._clients, str(found["Id"]), folder) is not None
        if not there:
            if len(self._lacking) >= _MOST_IMAGES:
                self._lacking.clear()
            self._lacking.add(lacking)
        return there

    def _copy(
        self, container: str, name: str, identity: Identity, target: str, carrier: Carrier
    ) -> None:
        """Copy data into a container, as its user's own, by way of us: engines have no other."""
        with self._depot.reading(carrier) as content:

            def ask(client: APIClient) -> bool:
                told = owned(content, identity.uid, identity.gid)
                done: bool = client.put_archive(container, target, told)
                return done

            self._clients.call(f"put inputs into {name}", _IDLE, ask)

    def _registers(self, container: str, image: str, setting: Setting) -> Registers:
        """Return whom a container knows, which is whom its image knows unless it has been told."""
        own = covered(PASSWD, setting) or covered(GROUP, setting)
        if image in self._known and not own:
            return self._known[image]
        passwd, group = (_read(self._clients, container, path) for path in (PASSWD, GROUP))
        registers = Registers(passwd.content, group.content)
        if not own and not (passwd.ours or group.ours):
            if len(self._known) >= _MOST_IMAGES:
                self._known.clear()
            self._known[image] = registers
        return registers


def _check_mounted(found: Json, provision: Provision, carrier: Carrier) -> None:
    """See that what a container has mounted are the data: an engine makes up what is not there."""
    there = {mount["Destination"]: mount.get("Name") for mount in found["Mounts"]}
    if there.get(provision.target) != carrier.volume:
        raise missing(provision)


def _below(folder: Entry, one: Entry) -> Entry:
    """Return a file of some data where it is to be, as its folder's owner's."""
    return replace(
        one, path=f"{folder.path.rstrip('/')}/{one.path}", uid=folder.uid, gid=folder.gid
    )


class _File(Struct, frozen=True):
    """A file's content, and whether it may be one that was put in before."""

    content: bytes = b""
    ours: bool = False


def _setting(clients: Clients, found: Json) -> Setting:
    mounts = tuple(
        Covered(mount["Destination"], mount["Type"], read_only=not mount["RW"])
        for mount in found["Mounts"]
    )
    name, host = str(found["Name"]).removeprefix("/"), found["HostConfig"]
    apart = host.get("UsernsMode") == "host" and _maps_users(clients)
    return Setting(name, bool(host.get("ReadonlyRootfs")), mounts, apart)


def _maps_users(clients: Clients) -> bool:
    """Whether the engine takes users of containers for others on the node."""
    found = clients.call("ask the engine how it is", _DEADLINE, lambda client: client.info())
    return any(str(one).startswith("name=userns") for one in found.get("SecurityOptions") or ())


def _has_home(clients: Clients, container: str, setting: Setting, account: Account | None) -> bool:
    """Whether there is a home, or what is mounted there is to hold one."""
    if account is None or covered(account.folder, setting):
        return True
    return _stat(clients, container, account.folder) is not None


def _read(clients: Clients, container: str, path: str) -> _File:
    """Return a file, of which a link is followed; an empty one where there is none."""
    stat = _stat(clients, container, path)
    target = (stat and stat["linkTarget"]) or path
    stat = _stat(clients, container, target) if target != path else stat
    if stat is None or stat["mode"] & _NOT_A_FILE:
        return _File()
    if stat["size"] > _LARGEST:
        raise PermanentError(f"{path} of the image has more than {_LARGEST} bytes")

    def ask(client: APIClient) -> bytes:
        return b"".join(client.get_archive(container, target)[0])

    found = clients.call(f"read {path} of {container[:12]}", _DEADLINE, ask)
    return _File(_only_file(found), stat["mtime"] == _OUR_TIME)


def _stat(clients: Clients, container: str, path: str) -> Json | None:
    """Return what the engine says of a path, without what it holds; None where it is not there."""

    def ask(client: APIClient) -> Json | None:
        url = url_of(client, f"/containers/{container}/archive")
        answer = client.head(url, params={"path": path}, timeout=_DEADLINE)
        try:
            accepted(answer)
        except NotFound:
            return None
        try:
            stat: Json = decode_json_header(answer.headers[_STAT])
        except (KeyError, ValueError) as error:
            raise ConnectionError("the answer was cut off") from error
        return stat

    return clients.call(f"look at {path} of {container[:12]}", _DEADLINE, ask)


def _only_file(archive: bytes) -> bytes:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as members:
            first = members.next()
            inside = members.extractfile(first) if first and first.isreg() else None
            return inside.read() if inside else b""
    except tarfile.TarError as error:
        raise TransientError(f"what the engine gave of a file was cut off: {error}") from error


def _put(clients: Clients, container: str, name: str, place: str, entries: Sequence[Entry]) -> None:
    packed = _packed(entries, place)

    def ask(client: APIClient) -> bool:
        done: bool = client.put_archive(container, place, packed)
        return done

    clients.call(f"put files into {name}", _DEADLINE, ask)


def _packed(entries: Iterable[Entry], place: str) -> bytes:
    """Return a tar of entries with paths as they are below a place."""
    buffer, above = io.BytesIO(), place if place == ROOT else f"{place}/"
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            archive.addfile(_header(entry, above), io.BytesIO(entry.content or b""))
    return buffer.getvalue()


def _header(entry: Entry, above: str) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path.removeprefix(above))
    header.mode, header.uid, header.gid = entry.mode, entry.uid, entry.gid
    header.mtime = entry.modified
    if entry.content is None:
        header.type = tarfile.DIRTYPE
    else:
        header.size = len(entry.content)
    return header
