"""Which files of a folder are read, and what keeps us from some of them.

Decides what is looked at: YAML and JSON files in any layout and what age has encrypted, nothing
hidden, nothing outside, nothing that a .reconcilerignore passes over. Opens no other file. A scan
is a value: two equal ones mean that nothing changed in between.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

from msgspec import Struct, field

from reconciler.model.images import LOCK_FILE
from reconciler.sources.ignore import IGNORE_FILE, MAX_BYTES, Ignored, IgnoreFaultError

SUFFIXES: Final = (".yaml", ".yml", ".json", ".age")
_MANIFESTS: Final = (".yaml", ".yml", ".json")
MAX_FILES: Final = 20_000
MAX_FOLDERS: Final = 50_000

Signature = tuple[int, int, int, int, int]
"""Device, inode, size and the two times in ns that tell of a changed content."""


class Found(Struct, frozen=True):
    """A manifest's real place, and what its content was recognised by."""

    real: str
    signature: Signature


class Scan(Struct):
    """The manifests under a root by relative path, and a sentence for each thing not seen.

    `ignoring` are the files that say what is passed over.
    """

    files: dict[str, Found] = field(default_factory=dict)
    ignoring: dict[str, Signature] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def scan(root: Path) -> Scan:
    """Look through a folder. The root may be a link, for whoever names it means its target."""
    return _Walk(os.path.realpath(root)).scan()


def is_manifest(name: str) -> bool:
    """Return whether a file of this name is read as a manifest.

    Editors' temporary files are not: they are hidden, or end otherwise.
    """
    return not is_hidden(name) and name.endswith(_MANIFESTS)


def is_read(name: str) -> bool:
    """Return whether a file of this name is read at all."""
    return not is_hidden(name) and (name.endswith(SUFFIXES) or name == LOCK_FILE)


def belongs(path: str) -> bool:
    """Return whether a file at a path of the source is read: the lock is at its root."""
    return path.endswith(SUFFIXES) or path == LOCK_FILE


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this name is passed over."""
    return name.startswith((".", "#"))


def is_visible(path: PurePath) -> bool:
    """Return whether no part of a relative path is hidden."""
    return not any(is_hidden(part) for part in path.parts)


def signature_of(found: os.stat_result) -> Signature:
    """Return what a content is recognised by without reading it."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class _Walk:
    """One look through a tree. Links come last, so that a file is known by its real place."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._result = Scan()
        self._links: list[tuple[str, str]] = []
        self._seen: set[str] = set()
        self._folders = 0
        self._ignored = Ignored()

    def scan(self) -> Scan:
        self._folder(self._root, "")
        while self._links:
            links, self._links = sorted(self._links), []
            for path, real in links:
                self._link(path, real)
        return self._result

    def _folder(self, top: str, prefix: str) -> None:
        waiting = [(top, prefix)]
        while waiting:
            real, path = waiting.pop()
            if real in self._seen or self._too_many():
                continue
            self._seen.add(real)
            entries = list(self._entries(real, path))
            for entry in entries:
                if entry.name == IGNORE_FILE:
                    self._learn(path, entry.path)
            for entry in entries:
                below = f"{path}/{entry.name}" if path else entry.name
                if not is_hidden(entry.name) and self._is_folder(entry, below):
                    waiting.append((entry.path, below))

    def _is_folder(self, entry: os.DirEntry[str], path: str) -> bool:
        """Return whether to go into an entry; take it, or put it aside, where it is none."""
        try:
            folder = entry.is_dir(follow_symlinks=False)
            if self._ignored.covers(path, folder=folder):
                return False
            if entry.is_symlink():
                self._links.append((path, entry.path))
                return False
            if folder:
                return True
        except OSError as error:
            self._problem(f"{path} cannot be looked at: {error.strerror}")
            return False
        if belongs(path):
            self._file(path, entry.path)
        return False

    def _entries(self, real: str, path: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(real) as entries:
                for entry in entries:
                    if entry.name == IGNORE_FILE or not is_hidden(entry.name):
                        yield entry
        except OSError as error:
            what = f"the folder {path}" if path else f"the source {real}"
            self._problem(f"{what} cannot be read: {error.strerror}")

    def _learn(self, folder: str, path: str) -> None:
        """Take in what a folder passes over. Where that is not known, nothing is complete."""
        name = f"{folder}/{IGNORE_FILE}".lstrip("/")
        try:
            self._result.ignoring[name], content = _content(path, name)
            self._ignored.learn(folder, content)
        except IgnoreFaultError as fault:
            self._problem(str(fault))
        except OSError as error:
            self._problem(f"{name} cannot be read: {error.strerror}")

    def _link(self, path: str, link: str) -> None:
        real = os.path.realpath(link)
        if self._ignored.covers(path, folder=Path(real).is_dir()):
            return
        if os.path.commonpath((self._root, real)) != self._root:
            if belongs(path) or Path(real).is_dir():
                self._problem(f"{path} is a link out of the source and is not followed")
        elif Path(real).is_dir():
            self._folder(real, path)
        elif belongs(path):
            self._file(path, real)

    def _file(self, path: str, real: str) -> None:
        if real in self._seen:
            return
        self._seen.add(real)
        try:
            found = os.lstat(real)
        except OSError as error:
            self._problem(f"{path} cannot be read: {error.strerror}")
            return
        if not stat.S_ISREG(found.st_mode):
            self._problem(f"{path} is no regular file and is not read")
        elif len(self._result.files) >= MAX_FILES:
            self._problem(f"the source has more than {MAX_FILES} manifests; name a smaller folder")
        else:
            self._result.files[path] = Found(real, signature_of(found))

    def _too_many(self) -> bool:
        self._folders += 1
        if self._folders > MAX_FOLDERS:
            self._problem(f"the source has more than {MAX_FOLDERS} folders; name a smaller one")
        return self._folders > MAX_FOLDERS

    def _problem(self, sentence: str) -> None:
        if sentence not in self._result.problems:
            self._result.problems.append(sentence)


def _content(path: str, name: str) -> tuple[Signature, bytes]:
    # Neither a pipe nor a link may hold us up, or lead us out.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - from a descriptor
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise IgnoreFaultError(f"{name} is no regular file and is not read")
        return signature_of(found), file.read(MAX_BYTES + 1)
