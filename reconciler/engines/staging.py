"""What staging comes to in one container: which entries with which owners, and put in where.

Pure, and the same for every engine. It must not know how a container is looked at or written to.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from msgspec import Struct

from reconciler.engines.accounts import (
    GROUP,
    PASSWD,
    Identity,
    Registers,
    identity_of,
    with_entries,
)
from reconciler.engines.engine import PermanentError
from reconciler.model.staging import Account, Staging

ROOT: Final = "/"
_PRIVATE: Final = 0o700
_ANYBODYS: Final = 0o1777
_BY_OTHERS: Final = 0o004
_READABLE: Final = 0o644
_REFUSED: Final = 126


class Covered(Struct, frozen=True):
    """A folder in which a container sees something else than its root."""

    target: str
    kind: Literal["bind", "volume", "tmpfs"]
    read_only: bool = False


class Setting(Struct, frozen=True):
    """What of a container says where files may go.

    `apart`: its engine takes users of containers for others on the node, though not this one's. So
    what is given to the container's user belongs to somebody else when it gets there.
    """

    name: str
    read_only_root: bool
    mounts: tuple[Covered, ...]
    apart: bool = False


class Entry(Struct, frozen=True):
    """A file or, without content, a folder, with its owner's numbers.

    `modified` is in epoch seconds, 0 for what has no time of its own.
    """

    path: str
    mode: int
    uid: int
    gid: int
    content: bytes | None = None
    modified: int = 0


def identified(
    setting: Setting, user: str, groups: Iterable[str], registers: Registers
) -> Identity:
    """Return who a container runs as.

    Raises:
        PermanentError: its image does not know a name.
    """
    try:
        return identity_of(user, groups, registers)
    except PermanentError as error:
        raise PermanentError(f"could not start {setting.name}: {error}", error.exit_code) from error


def entries_of(
    staging: Staging, setting: Setting, identity: Identity, registers: Registers, *, has_home: bool
) -> list[Entry]:
    """Return all that is to be put in, of which what is there already is left out."""
    account = staging.account
    made = _account(account, identity, registers) if account else []
    if account and account.entries and identity.uid and not has_home:
        mode = _ANYBODYS if setting.apart else _PRIVATE
        made.append(Entry(account.folder, mode, identity.uid, identity.gid))
    for file in staging.files:
        uid, gid = (identity.uid, identity.gid) if file.owner == "user" else (0, 0)
        made.append(Entry(file.path, file.mode, uid, gid, file.content))
    return made


def by_place(entries: Sequence[Entry], setting: Setting) -> dict[str, list[Entry]]:
    """Return the entries by the folder by way of which they are put in.

    That is the root or, where the root is read-only, the volume that they are in.

    Raises:
        PermanentError: something lies where nothing can be put.
    """
    places: dict[str, list[Entry]] = {}
    for entry in entries:
        over = _over(entry.path, setting.mounts)
        why = _why_not(over, setting) or _why_unread(entry, setting)
        if why:
            told = f"could not put {entry.path} into {setting.name}: {why}"
            raise PermanentError(told, _REFUSED)
        place = over.target if over and setting.read_only_root else ROOT
        places.setdefault(place, []).append(entry)
    return places


def check_target(target: str, setting: Setting) -> None:
    """See that data can be put into a folder.

    Raises:
        PermanentError: nothing can be put there.
    """
    if why := _why_not(_over(target, setting.mounts), setting):
        told = f"could not put inputs into {target} of {setting.name}: {why}"
        raise PermanentError(told, _REFUSED)


def covered(path: str, setting: Setting) -> bool:
    """Whether something is mounted at a path, or above it."""
    return _over(path, setting.mounts) is not None


def _account(account: Account, identity: Identity, registers: Registers) -> list[Entry]:
    if not account.entries or identity.uid == 0:  # every image has its own root
        return []
    made = []
    told = with_entries(registers, identity, account)
    if told.passwd != registers.passwd:
        made.append(Entry(PASSWD, _READABLE, 0, 0, told.passwd))
    if told.group != registers.group:
        made.append(Entry(GROUP, _READABLE, 0, 0, told.group))
    return made


def _why_unread(entry: Entry, setting: Setting) -> str:
    if not setting.apart or entry.content is None or entry.mode & _BY_OTHERS:
        return ""
    return (
        "the engine maps users, so with security.userns: host no file can be given to its user"
        " alone; use userns: default"
    )


def _why_not(over: Covered | None, setting: Setting) -> str:
    if over is None:
        return (
            "its root is read-only; set security.readOnlyRoot to false, or mount a volume there"
            if setting.read_only_root
            else ""
        )
    if over.kind == "volume":
        read_only = f"the volume at {over.target} is mounted read-only; mount it for writing"
        return read_only if over.read_only else ""
    if over.kind == "tmpfs":
        return f"the tmpfs at {over.target} is empty whenever a program starts; name another path"
    return (
        f"at {over.target} a folder of the node is mounted, which is left alone; name another path"
    )


def _over(path: str, mounts: Sequence[Covered]) -> Covered | None:
    """Return the innermost mount that a path is in."""
    found = [one for one in mounts if _within(path, one.target)]
    return max(found, key=lambda one: len(one.target), default=None)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
