"""A folder as a bucket: files are objects, and their paths below it are their names.

Decides what of a folder is an object: a link to a file inside is one; a link to a folder, or out
of the bucket, is none. Must not know services.
"""

import os
import stat
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
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

    together = 8
    """Each of them is a file that is open meanwhile."""

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
        with ExitStack() as stack:
            with self.in_words():
                at = stack.enter_context(self.descent.made(folders))
                partial = _begun(stack, at)
            seen = 0
            for piece in content:  # what it raises passes as it is
                seen += len(piece)
                with self.in_words():
                    partial.write(piece)
            check_size(seen, size, name, self.name)
            with self.in_words():
                partial.sync()
                self._place(partial, at, folders, last)
                os.fsync(at)
                return _entry(name, partial.facts())

    def write_all(self, contents: Mapping[str, bytes]) -> Iterator[Entry]:
        """Store small objects; the disk is asked once for the names in each folder."""
        places: dict[str, list[str]] = {}
        for name in contents:
            check_name(name, self.name)
            places.setdefault(name.rpartition("/")[0], []).append(name)
        for folder, names in places.items():
            with self.in_words():
                written = self._write_in(folder.split("/") if folder else [], names, contents)
            yield from written

    def _write_in(
        self, folders: Sequence[str], names: Sequence[str], contents: Mapping[str, bytes]
    ) -> Sequence[Entry]:
        with ExitStack() as stack:
            at = stack.enter_context(self.descent.made(folders))
            partials = {name: _begun(stack, at) for name in names}
            for name, partial in partials.items():
                partial.write(contents[name])
            for partial in partials.values():
                partial.sync()
            for name, partial in partials.items():
                self._place(partial, at, folders, name.rpartition("/")[2])
            os.fsync(at)
            return [_entry(name, partial.facts()) for name, partial in partials.items()]

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

    def _place(self, partial: Partial, at: int, folders: Sequence[str], last: str) -> None:
        """Give a file its name in its own folder, or in one that is made in the place of that."""
        with suppress(FileNotFoundError):
            partial.place(last, at)
            return
        for _ in range(_TRIES):
            with self.descent.made(folders) as another, suppress(FileNotFoundError):
                partial.place(last, another)
                os.fsync(another)
                return
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


def _begun(stack: ExitStack, at: int) -> Partial:
    partial = stack.enter_context(Partial())
    partial.open(at)
    return partial


def _sort_name(item: "os.DirEntry[str]") -> str:
    return f"{item.name}/" if item.is_dir(follow_symlinks=False) else item.name


def _entry(name: str, facts: os.stat_result) -> Entry:
    version = f"{facts.st_ino:x}-{facts.st_size:x}-{facts.st_mtime_ns:x}"
    return Entry(name, facts.st_size, version, facts.st_mtime)
