"""A folder as a bucket: files are objects, and their paths below it are their names.

Decides what of a folder is an object: a link to a file inside is one; a link to a folder, or out
of the bucket, is none. Must not know services.
"""

import os
import stat
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from reconciler.buckets.bucket import (
    AbsentError,
    BucketError,
    ChangedError,
    Entry,
    UnavailableError,
    UnfitNameError,
)
from reconciler.buckets.descent import Descent, open_folder
from reconciler.buckets.failures import of_system
from reconciler.buckets.names import PARTIAL, check_name, check_prefix, check_size
from reconciler.buckets.partial import Partial
from reconciler.model.policy import normal

_PIECE: Final = 1024 * 1024
# A writer makes folders that somebody who removes the last file of them takes away again.
_TRIES: Final = 20

Unfit = list[UnfitNameError]


class FolderBucket:
    """Objects in a folder of this machine, which must exist."""

    def __init__(self, name: str, root: str) -> None:
        self.name = name
        self.descent = Descent(normal(root))

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the objects whose names begin with a prefix, in the order of their names."""
        check_prefix(prefix, self.name)
        with self.in_words():
            base = prefix.rpartition("/")[0]
            try:
                at = self.descent.enter(base.split("/") if base else [])
            except (FileNotFoundError, NotADirectoryError):
                self._check_root()
                return
            unfit: Unfit = []
            yield from self._below(at, f"{base}/" if base else "", prefix, unfit)
            if unfit:
                raise unfit[0]

    def look(self, name: str) -> Entry | None:
        """Return what is known of one object, None where there is none."""
        check_name(name, self.name)
        with self.in_words():
            try:
                file = self.descent.open(name)
            except FileNotFoundError:
                self._check_root()
                return None
            try:
                return _entry(name, os.fstat(file))
            finally:
                os.close(file)

    def read(self, entry: Entry, start: int = 0) -> Iterator[bytes]:
        """Yield an object's content from a byte on."""
        check_name(entry.name, self.name)
        with self.in_words():
            try:
                file = os.fdopen(self.descent.open(entry.name), "rb", buffering=0)
            except FileNotFoundError:
                self._check_root()
                raise AbsentError(f"bucket {self.name}: {entry.name} is gone") from None
            with file:
                self._check_version(entry, file.fileno())
                file.seek(start)
                while piece := file.read(_PIECE):
                    yield piece
                self._check_version(entry, file.fileno())

    def write(self, name: str, content: Iterable[bytes], size: int | None = None) -> Entry:
        """Store an object whole, or not at all."""
        check_name(name, self.name)
        *folders, last = name.split("/")
        with Partial() as partial:
            with self.in_words():
                partial.open(self.descent.make(folders))
            seen = 0
            for piece in content:  # what it raises passes as it is
                seen += len(piece)
                with self.in_words():
                    partial.write(piece)
            check_size(seen, size, name, self.name)
            with self.in_words():
                return _entry(name, self._place(partial, folders, last))

    def copy(self, source: str, target: str) -> Entry:
        """Store an object once more under another name."""
        entry = self.look(source)
        if entry is None:
            raise AbsentError(f"bucket {self.name} has no {source}")
        return self.write(target, self.read(entry), entry.size)

    def remove(self, name: str) -> None:
        """Remove an object, and the folders that are empty without it."""
        check_name(name, self.name)
        with self.in_words():
            self.descent.remove(name)
        self._check_root()

    def close(self) -> None:
        """Give back nothing, for nothing is kept."""

    @contextmanager
    def in_words(self) -> Generator[None]:
        """Turn what the system says into what buckets say, for the length of a block."""
        try:
            yield
        except BucketError:
            raise
        except OSError as error:
            self._check_root()
            raise of_system(error, f"bucket {self.name}, the folder {self.descent.root}") from error

    def _place(self, partial: Partial, folders: Sequence[str], last: str) -> os.stat_result:
        partial.sync()
        with suppress(FileNotFoundError):
            return partial.place(last)
        for _ in range(_TRIES):
            with self.descent.made(folders) as at, suppress(FileNotFoundError):
                return partial.place(last, at)
        raise UnavailableError(
            f"bucket {self.name}: {'/'.join(folders)} goes as soon as it is made"
        )

    def _below(self, at: int, base: str, prefix: str, unfit: Unfit) -> Iterator[Entry]:
        """Yield the objects of an open folder, and close it; note what has no name for one."""
        try:
            with os.scandir(at) as found:
                order = sorted((os.fsencode(_sort_name(item)), item) for item in found)
            for _, item in order:
                try:
                    yield from self._of(item, at, base, prefix, unfit)
                except UnfitNameError as error:
                    unfit.append(error)
        finally:
            os.close(at)

    def _of(
        self,
        item: "os.DirEntry[str]",
        at: int,
        base: str,
        prefix: str,
        unfit: Unfit,
    ) -> Iterator[Entry]:
        name = base + item.name
        if item.name.startswith(PARTIAL):
            return
        if item.is_dir(follow_symlinks=False):
            if f"{name}/".startswith(prefix) or prefix.startswith(f"{name}/"):
                with suppress(FileNotFoundError, NotADirectoryError):
                    check_name(name, self.name)
                    yield from self._below(open_folder(at, item.name), f"{name}/", prefix, unfit)
        elif name.startswith(prefix):
            with suppress(FileNotFoundError):
                yield self._seen(at, item.name, name)

    def _seen(self, at: int, last: str, name: str) -> Entry:
        """Return an object that a folder has, without opening it where it is a plain file."""
        facts = os.stat(last, dir_fd=at, follow_symlinks=False)
        if not stat.S_ISREG(facts.st_mode) and not stat.S_ISLNK(facts.st_mode):
            raise FileNotFoundError
        check_name(name, self.name)
        if stat.S_ISREG(facts.st_mode):
            return _entry(name, facts)
        file = self.descent.open_linked(name)
        try:
            return _entry(name, os.fstat(file))
        finally:
            os.close(file)

    def _check_version(self, entry: Entry, file: int) -> None:
        if _entry(entry.name, os.fstat(file)).version != entry.version:
            raise ChangedError(f"bucket {self.name}: {entry.name} has changed while it was read")

    def _check_root(self) -> None:
        if not self.descent.there:
            raise AbsentError(
                f"bucket {self.name}: there is no folder {self.descent.root}; make it, or mount"
                " what should be there"
            )


def _sort_name(item: "os.DirEntry[str]") -> str:
    return f"{item.name}/" if item.is_dir(follow_symlinks=False) else item.name


def _entry(name: str, facts: os.stat_result) -> Entry:
    version = f"{facts.st_ino:x}-{facts.st_size:x}-{facts.st_mtime_ns:x}"
    return Entry(name, facts.st_size, version, facts.st_mtime)
