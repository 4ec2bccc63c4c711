"""The files of a commit, read from a repository's objects when they are needed.

Decides that no link is followed out of the source. Needs no work tree, and holds no file in memory.
What files are for is not known here; submodules are left out.
"""

import hashlib
import subprocess
from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import IO, Final

from reconciler.model.images import Material
from reconciler.sources.contents import ContentFaultError, Kind, Leaf
from reconciler.sources.git.content import listed, tree_of
from reconciler.sources.git.errors import RevisionError
from reconciler.sources.git.repository import Repository
from reconciler.sources.git.tree import FOLDER, LINK, SUBMODULE, Entry

_PIECE: Final = 256 * 1024
_PROGRAM: Final = "100755"
_MOST_LINKS: Final = 40
_LONGEST_LINK: Final = 4096
_MOST_KNOWN: Final = 500_000


class GitContents:
    """The files of a commit, or of a folder in it. `known` are digests by objects' names."""

    def __init__(
        self, repository: Repository, commit: str, folder: str, known: MutableMapping[str, str]
    ) -> None:
        """Remember where; nothing is asked yet."""
        self._repository = repository
        self._commit = commit
        self._folder = folder
        self._known = known

    def attend(self, materials: Collection[Material]) -> None:
        """Do nothing: a commit never changes."""

    def file(self, path: str) -> str:
        """Return the real path of a file."""
        real = self._resolved(path)
        if not real or not self._entries[real].is_file:
            raise ContentFaultError(f"{path} is no regular file")
        return real

    def folder(self, path: str) -> str:
        """Return the real path of a folder, empty for the root."""
        real = self._resolved(path)
        if real and self._entries[real].mode != FOLDER:
            raise ContentFaultError(f"{path} is no folder")
        return real

    def leaves(self, folder: str) -> list[Leaf]:
        """Return what is below a folder."""
        top = self.folder(folder)
        prefix = f"{top}/" if top else ""
        found = {p: e for p, e in self._entries.items() if p.startswith(prefix)}
        targets = self._targets([e.name for e in found.values() if e.mode == LINK])
        return [
            _leaf(path[len(prefix) :], path, entry, targets)
            for path, entry in found.items()
            if entry.mode not in {FOLDER, SUBMODULE}
        ]

    def digests(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Return the digests of files; an object is read once."""
        names = {path: self._entries[path].name for path in paths}
        missing = sorted(set(names.values()) - self._known.keys())
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
            missing = sorted(set(names.values()))
        for name, (_, pieces) in zip(missing, self._objects(missing), strict=True):
            total = hashlib.sha256()
            for piece in pieces:
                total.update(piece)
            self._known[name] = total.hexdigest()
        return {path: self._known[name] for path, name in names.items()}

    def each(self, paths: Sequence[str]) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Yield the size and the bytes of each file."""
        return self._objects([self._entries[path].name for path in paths])

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        try:
            tree = tree_of(self._repository, self._commit, self._folder)
            return listed(self._repository, tree) if tree else {}
        except RevisionError as error:
            raise ContentFaultError(str(error)) from None

    def _objects(self, names: Sequence[str]) -> Iterator[tuple[int, Iterator[bytes]]]:
        if not names:
            return
        try:
            with self._repository.streaming("cat-file", "--batch") as process:
                for name in names:
                    size, pieces = _object(process, name)
                    yield size, pieces
                    for _ in pieces:  # what nobody took
                        pass
                    list(_take(process.stdout, 1))
        except RevisionError as error:
            raise ContentFaultError(str(error)) from None

    def _targets(self, names: Sequence[str]) -> dict[str, str]:
        """Return what links say, by object name."""
        found = {}
        for name, (size, pieces) in zip(names, self._objects(names), strict=True):
            said = b"".join(pieces)
            found[name] = said.decode("utf-8", "surrogateescape") if size < _LONGEST_LINK else ""
        return found

    def _resolved(self, path: str) -> str:
        """Return where a path leads to, empty for the root."""
        waiting, real, links = path.split("/")[::-1], list[str](), 0
        while waiting:
            part = waiting.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if not real:
                    raise ContentFaultError(f"{path} leads out of the source")
                real.pop()
                continue
            real.append(part)
            entry = self._entries.get("/".join(real))
            if entry is None:
                raise ContentFaultError(f"there is no file or folder {path}")
            if entry.mode == LINK:
                links += 1
                target = self._targets([entry.name])[entry.name]
                if links > _MOST_LINKS or not target or target.startswith("/"):
                    raise ContentFaultError(f"{path} leads out of the source")
                real.pop()
                waiting += target.split("/")[::-1]
        return "/".join(real)


def _leaf(path: str, real: str, entry: Entry, targets: Mapping[str, str]) -> Leaf:
    if entry.mode == LINK:
        return Leaf(path, Kind.LINK, "", targets[entry.name])
    return Leaf(path, Kind.PROGRAM if entry.mode == _PROGRAM else Kind.FILE, real)


def _object(process: "subprocess.Popen[bytes]", name: str) -> tuple[int, Iterator[bytes]]:
    if process.stdin is None or process.stdout is None:  # pragma: no cover  # they are pipes
        raise RevisionError("git cannot be talked to")
    process.stdin.write(f"{name}\n".encode())
    process.stdin.flush()
    header = process.stdout.readline().split()
    if len(header) != 3:  # noqa: PLR2004  # name, type, size
        raise RevisionError(f"the object {name} is missing: this clone is not complete")
    size = int(header[2])
    return size, _take(process.stdout, size)


def _take(stream: IO[bytes] | None, size: int) -> Iterator[bytes]:
    while size and stream is not None:
        piece = stream.read(min(size, _PIECE))
        if not piece:
            raise RevisionError("git broke off")
        size -= len(piece)
        yield piece
