"""The files of a folder, read from disk when they are needed.

Decides that no link is followed out of the folder, and what a file is recognised by that was read
before. What files are for is not known here.
"""

import hashlib
import os
import posixpath
import stat
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from reconciler.model.images import Material
from reconciler.sources.contents import ContentFaultError, Kind, Leaf
from reconciler.sources.scan import Signature, signature_of

_PIECE: Final = 256 * 1024
_REPOSITORY: Final = ".git"
# What was written to this recently may change once more without another sign of it.
_SETTLING: Final = 0.02


class DiskContents:
    """The files below a root, as they are now."""

    def __init__(self, root: Path) -> None:
        """Remember where; nothing is looked at yet."""
        self._root = root
        self._attended: frozenset[str] = frozenset()
        self._known: dict[str, tuple[Signature, str]] = {}

    def attend(self, materials: Collection[Material]) -> None:
        """Have changes of these noticed from now on."""
        self._attended = frozenset(one.path for one in materials)

    def concerns(self, path: str) -> bool:
        """Return whether what lies at a path is part of what is attended to."""
        if _REPOSITORY in path.split("/"):
            return False
        return any(
            path == one or one in {"", "."} or path.startswith(f"{one}/") for one in self._places()
        )

    def glance(self) -> tuple[tuple[str, object], ...]:
        """Return what differs whenever something that is attended to has changed."""
        return tuple((one, self._glance(one)) for one in sorted(self._attended))

    def _places(self) -> Iterator[str]:
        for one in self._attended:
            yield one
            with suppress(ContentFaultError):
                yield self._resolved(one)

    def _glance(self, path: str) -> object:
        try:
            real = self._resolved(path)
            found = self._stat(real, path)
            if not stat.S_ISDIR(found.st_mode):
                return signature_of(found)
            leaves = sorted(self.leaves(path))
            return [(one, one.real and signature_of(self._stat(one.real, path))) for one in leaves]
        except ContentFaultError as fault:
            return str(fault)

    def file(self, path: str) -> str:
        """Return the real path of a file."""
        real = self._resolved(path)
        if not stat.S_ISREG(self._stat(real, path).st_mode):
            raise ContentFaultError(f"{path} is no regular file")
        return real

    def folder(self, path: str) -> str:
        """Return the real path of a folder."""
        real = self._resolved(path)
        if not stat.S_ISDIR(self._stat(real, path).st_mode):
            raise ContentFaultError(f"{path} is no folder")
        return real

    def leaves(self, folder: str) -> list[Leaf]:
        """Return what is below a folder."""
        top = self.folder(folder)
        found, waiting = list[Leaf](), [""]
        while waiting:
            below = waiting.pop()
            for name, entry in self._entries(posixpath.join(top, below)):
                path = posixpath.join(below, name)
                if stat.S_ISDIR(entry.st_mode) and name != _REPOSITORY:
                    waiting.append(path)
                elif stat.S_ISLNK(entry.st_mode):
                    found.append(Leaf(path, Kind.LINK, "", self._target(posixpath.join(top, path))))
                elif stat.S_ISREG(entry.st_mode):
                    kind = Kind.PROGRAM if entry.st_mode & stat.S_IXUSR else Kind.FILE
                    found.append(Leaf(path, kind, posixpath.join(top, path)))
        return found

    def digests(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Return the digests of files; one that has not been touched is not read again."""
        return {path: self._digest(path) for path in paths}

    def each(self, paths: Sequence[str]) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Yield the size and the bytes of each file."""
        for path in paths:
            with self._opened(path) as file:
                yield os.fstat(file.fileno()).st_size, _pieces(file)

    def _digest(self, path: str) -> str:
        with self._opened(path) as file:
            before = os.fstat(file.fileno())
            known = self._known.get(path)
            if known is not None and known[0] == signature_of(before):
                return known[1]
            total = hashlib.sha256()
            for piece in _pieces(file):
                total.update(piece)
        self._known.pop(path, None)
        if time.time() - before.st_mtime > _SETTLING:
            self._known[path] = (signature_of(before), total.hexdigest())
        return total.hexdigest()

    def _opened(self, path: str) -> BinaryIO:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            return open(os.open(self._root / path, flags), "rb", buffering=0)  # noqa: PTH123
        except OSError as error:
            raise ContentFaultError(f"{path} cannot be read: {error.strerror}") from None

    def _resolved(self, path: str) -> str:
        """Return where a path leads to, relative to the root."""
        root = os.path.realpath(self._root)
        real = os.path.realpath(posixpath.join(root, path))
        if os.path.commonpath((root, real)) != root:
            raise ContentFaultError(f"{path} leads out of the source")
        return os.path.relpath(real, root)

    def _stat(self, real: str, path: str) -> os.stat_result:
        try:
            return os.stat(self._root / real)  # noqa: PTH116  # as above
        except FileNotFoundError:
            raise ContentFaultError(f"there is no file or folder {path}") from None
        except OSError as error:
            raise ContentFaultError(f"{path} cannot be looked at: {error.strerror}") from None

    def _entries(self, folder: str) -> Iterator[tuple[str, os.stat_result]]:
        try:
            with os.scandir(self._root / folder) as entries:
                for entry in entries:
                    yield entry.name, entry.stat(follow_symlinks=False)
        except OSError as error:
            raise ContentFaultError(f"{folder} cannot be read: {error.strerror}") from None

    def _target(self, path: str) -> str:
        try:
            return os.readlink(self._root / path)  # noqa: PTH115  # as text, whatever it says
        except OSError as error:
            raise ContentFaultError(f"{path} cannot be read: {error.strerror}") from None


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
