"""The files of a container's folder, as the engine's own archive of it brings them.

Memory stays flat, however large they are. The engine keeps the container locked as long as an
archive of it is open. Links are left out, but those that are second names of a file: the archive
has its content once, so they are asked for by themselves.
"""

import tarfile
from collections.abc import Iterator
from typing import Final

from reconciler.engines.docker.client import Clients
from reconciler.engines.docker.pieces import Pieces
from reconciler.engines.docker.wire import Wire
from reconciler.engines.engine import TransientError
from reconciler.engines.folders import FolderFile

_DEADLINE: Final = 60
_PIECE: Final = 256 * 1024


def open_folder(clients: Clients, container: str, folder: str) -> Wire | None:
    """Open the archive of a folder, or of a file; None where there is none."""
    doing = f"read {folder} of {container[:12]}"
    path, params = f"/containers/{container}/archive", {"path": folder}
    return clients.stream(doing, path, params, deadline=_DEADLINE, idle=_DEADLINE)


def files_of(clients: Clients, container: str, folder: str, wire: Wire) -> Iterator[FolderFile]:
    """Yield the files of an open archive, then those that are other names of one of them.

    Raises:
        TransientError: it was cut off, or changed while it was read.
    """
    named_again: list[str] = []
    try:
        for member, source in _members(wire):
            if member.islnk():
                named_again.append(_relative(member))
            elif member.isreg():
                yield _file(_relative(member), member, source)
    finally:
        wire.close()
    for path in named_again:
        yield from _other_name(clients, container, f"{folder.rstrip('/')}/{path}", path)


def _other_name(clients: Clients, container: str, full: str, path: str) -> Iterator[FolderFile]:
    wire = open_folder(clients, container, full)
    if wire is None:  # gone since
        return
    try:
        for member, source in _members(wire):
            if member.isreg():
                yield _file(path, member, source)
    finally:
        wire.close()


def _members(wire: Wire) -> Iterator[tuple[tarfile.TarInfo, Pieces]]:
    """Yield what an archive holds, and where its content is read: `tarfile` would copy it twice."""
    source = Pieces(wire.chunks())
    try:
        with tarfile.open(fileobj=source, mode="r:") as archive:
            while (member := archive.next()) is not None:
                yield member, source
                archive.members.clear()  # type: ignore[attr-defined]  # it keeps all that it has seen
    except tarfile.TarError as error:
        raise TransientError(f"what the engine gave of a folder was cut off: {error}") from error


def _relative(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./")


def _file(path: str, member: tarfile.TarInfo, source: Pieces) -> FolderFile:
    return FolderFile(path, member.size, float(member.mtime), _pieces(member, source))


def _pieces(member: tarfile.TarInfo, source: Pieces) -> Iterator[bytes]:
    left = member.size
    while left:
        piece = source.read(min(left, _PIECE))
        if not piece:
            raise TransientError(f"{member.name} was cut off while it was read")
        left -= len(piece)
        yield piece
