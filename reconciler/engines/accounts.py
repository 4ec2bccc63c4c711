"""Who a container runs as, and the lines that give its numbers names.

Pure, over the text of the container's own /etc/passwd and /etc/group, which may hold anything.
It must not know how they are read or written.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from reconciler.engines.engine import PermanentError
from reconciler.model.staging import Account

PASSWD: Final = "/etc/passwd"  # noqa: S105  # a file's name
GROUP: Final = "/etc/group"
_REFUSED: Final = 126
_LONGEST_NUMBER: Final = 10
_PASSWD_FIELDS: Final = 4
_GROUP_FIELDS: Final = 3


class Identity(Struct, frozen=True):
    """The numbers of a user and of the group; `groups` are the supplementary ones."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()


class Registers(Struct, frozen=True):
    """The text of a container's /etc/passwd and /etc/group; empty where there is none."""

    passwd: bytes = b""
    group: bytes = b""


def identity_of(user: str, groups: Iterable[str], found: Registers) -> Identity:
    """Return who `user` is: `UID` or `NAME`, either with `:GID` or `:NAME`; root if empty.

    Looked up as the engine does when it starts a program: a number without an entry is a user of
    group 0.

    Raises:
        PermanentError: the image does not know a name.
    """
    who, _, primary = user.partition(":")
    uid, gid = (_user(found, who) or (_numbered("user", who), 0)) if who else (0, 0)
    if primary:
        gid = _group(found, primary)
    return Identity(uid, gid, tuple(dict.fromkeys(_group(found, name) for name in groups)))


def with_entries(found: Registers, identity: Identity, account: Account) -> Registers:
    """Return what is there, and after it a line for each number that has none."""
    users = {fields[2]: fields[0] for fields in _lines(found.passwd, _PASSWD_FIELDS)}
    name, lines = users.get(str(identity.uid), ""), []
    if not name:
        name = _free(account.called, set(users.values()))
        numbers = f"{identity.uid}:{identity.gid}"
        lines = [f"{name}:x:{numbers}:{name}:{account.folder}:/bin/sh"]
    return Registers(
        _appended(found.passwd, lines),
        _appended(found.group, _group_lines(found, identity, name)),
    )


def _group_lines(found: Registers, identity: Identity, user: str) -> list[str]:
    there = {fields[2]: fields[0] for fields in _lines(found.group, _GROUP_FIELDS)}
    made = []
    for gid in dict.fromkeys((identity.gid, *identity.groups)):
        if str(gid) in there:
            continue
        wanted, member = (user, "") if gid == identity.gid else (f"group{gid}", user)
        there[str(gid)] = _free(wanted, set(there.values()))
        made.append(f"{there[str(gid)]}:x:{gid}:{member}")
    return made


def _appended(text: bytes, lines: list[str]) -> bytes:
    gap = b"\n" if lines and text and not text.endswith(b"\n") else b""
    return text + gap + "".join(f"{line}\n" for line in lines).encode()


def _free(name: str, taken: set[str]) -> str:
    """Return the name or, where the image has it for another number, one that is like it."""
    found, number = name, 1
    while found in taken:
        found, number = f"{name}{number}", number + 1
    return found


def _user(found: Registers, who: str) -> tuple[int, int] | None:
    for fields in _lines(found.passwd, _PASSWD_FIELDS):
        uid, gid = _number(fields[2]), _number(fields[3])
        if who in {fields[0], fields[2]} and uid is not None and gid is not None:
            return uid, gid
    return None


def _group(found: Registers, who: str) -> int:
    for fields in _lines(found.group, _GROUP_FIELDS):
        gid = _number(fields[2])
        if who in {fields[0], fields[2]} and gid is not None:
            return gid
    return _numbered("group", who)


def _numbered(kind: str, who: str) -> int:
    number = _number(who)
    if number is None:
        raise PermanentError(f"the image does not know the {kind} {who}", _REFUSED)
    return number


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain else None


def _lines(text: bytes, fewest: int) -> Iterator[list[str]]:
    for line in text.decode(errors="replace").split("\n"):
        fields = line.split(":")
        if len(fields) >= fewest:
            yield fields
