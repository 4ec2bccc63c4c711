"""A folder as a bucket: files are objects, and their paths below it are their names.

Decides how a file comes into being whole, and that no name and no link leads out of the folder:
every folder on the way is opened by itself and without following links. A link to a file inside
is an object; a link to a folder, or out of the bucket, is none. Must not know services.
"""

import errno
import os
import stat
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from reconciler.buckets.bucket import (
    AbsentError,
    BucketError,
    ChangedError,
    DeniedError,
    Entry,
    FullError,
    UnavailableError,
)
from reconciler.buckets.names import PARTIAL, check_name, check_prefix, check_size, is_name
from reconciler.buckets.partial import Partial
from reconciler.model.policy import normal

_PIECE: Final = 1024 * 1024
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_IN_THE_WAY: Final = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY)
# A writer makes folders that somebody who removes the last file of them takes away again.
_TRIES: Final = 20


class FolderBucket:
    """Objects in a folder of this machine, which must exist."""

    def __init__(self, name: str, root: str) -> None:
        self.name = name
        self._root = normal(root)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the objects whose names begin with a prefix, in the order of their names."""
        check_prefix(prefix, self.name)
        with self._put_into_words():
            base = prefix.rpartition("/")[0]
            try:
                at = self._enter(base.split("/") if base else [])
            except (FileNotFoundError, NotADirectoryError):
                self._check_root()
                return
            yield from self._below(at, f"{base}/" if base else "", prefix)

    def look(self, name: str) -> Entry | None:
        """Return what is known of one object, None where there is none."""
        check_name(name, self.name)
        with self._put_into_words():
            try:
                file = self._open(name)
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
        with self._put_into_words():
            try:
                file = os.fdopen(self._open(entry.name), "rb", buffering=0)
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
            with self._put_into_words():
                at = self._make(folders)
                try:
                    partial.open(at)
                finally:
                    os.close(at)
            self._fill(partial, content, name, size)
            with self._put_into_words():
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
        with self._put_into_words():
            *folders, last = name.split("/")
            try:
                at = self._enter(folders)
            except (FileNotFoundError, NotADirectoryError):
                self._check_root()
                return
            try:
                if not stat.S_ISDIR(os.stat(last, dir_fd=at, follow_symlinks=False).st_mode):
                    os.unlink(last, dir_fd=at)
            except FileNotFoundError:
                return
            finally:
                os.close(at)
            self._tidy(folders)

    def close(self) -> None:
        """Give back nothing, for nothing is kept."""

    def _enter(self, folders: Iterable[str]) -> int:
        """Return a folder of the bucket, open, reached through folders alone."""
        at = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                at = _step(at, folder)
        except BaseException:
            os.close(at)
            raise
        return at

    def _make(self, folders: Iterable[str]) -> int:
        """Return a folder of the bucket, open, made where it is not there; never the bucket."""
        at = self._enter(())
        try:
            for folder in folders:
                with suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=at)
                at = _step(at, folder)
        except BaseException:
            os.close(at)
            raise
        return at

    def _tidy(self, folders: Iterable[str]) -> None:
        left = [*folders]
        while left:
            last = left.pop()
            try:
                at = self._enter(left)
            except OSError:
                return
            try:
                os.rmdir(last, dir_fd=at)
            except OSError:
                return
            finally:
                os.close(at)

    def _open(self, name: str, *, links: bool = True) -> int:
        """Return a file of the bucket, open.

        Raises:
            FileNotFoundError: there is none, or what is there is no file of this bucket.
        """
        *folders, last = name.split("/")
        try:
            at = self._enter(folders)
        except NotADirectoryError as error:
            raise FileNotFoundError(errno.ENOENT, "no such file") from error
        try:
            if links and stat.S_ISLNK(os.stat(last, dir_fd=at, follow_symlinks=False).st_mode):
                return self._open_linked(name)
            return _open_file(at, last)
        finally:
            os.close(at)

    def _open_linked(self, name: str) -> int:
        """Return the file that a link leads to, where that is in this bucket."""
        root = os.path.realpath(self._root)
        led = os.path.realpath(f"{root}/{name}")
        inside = led.removeprefix(f"{root}/")
        if inside == led or not is_name(inside):
            raise FileNotFoundError(errno.ENOENT, "a link that leads out of the bucket")
        return self._open(inside, links=False)

    def _below(self, at: int, base: str, prefix: str) -> Iterator[Entry]:
        """Yield the objects of an open folder, and close it."""
        try:
            with os.scandir(at) as found:
                order = sorted((os.fsencode(_sort_name(item)), item) for item in found)
            for _, item in order:
                yield from self._of(item, at, base, prefix)
        finally:
            os.close(at)

    def _of(self, item: "os.DirEntry[str]", at: int, base: str, prefix: str) -> Iterator[Entry]:
        name = base + item.name
        if item.name.startswith(PARTIAL):
            return
        if item.is_dir(follow_symlinks=False):
            if f"{name}/".startswith(prefix) or prefix.startswith(f"{name}/"):
                with suppress(FileNotFoundError):
                    check_name(name, self.name)
                    yield from self._below(_open_folder(at, item.name), f"{name}/", prefix)
        elif name.startswith(prefix):
            with suppress(FileNotFoundError):
                yield self._seen(item, at, name)

    def _seen(self, item: "os.DirEntry[str]", at: int, name: str) -> Entry:
        """Return an object that a folder has, without opening it where it is a plain file."""
        facts = item.stat(follow_symlinks=False)
        if stat.S_ISREG(facts.st_mode):
            check_name(name, self.name)
            return _entry(name, os.stat(item.name, dir_fd=at, follow_symlinks=False))
        if not stat.S_ISLNK(facts.st_mode):
            raise FileNotFoundError(errno.ENOENT, "no file")
        check_name(name, self.name)
        file = self._open_linked(name)
        try:
            return _entry(name, os.fstat(file))
        finally:
            os.close(file)

    def _fill(
        self, partial: Partial, content: Iterable[bytes], name: str, size: int | None
    ) -> None:
        """Put content into a file; what the content itself raises passes as it is."""
        seen = 0
        for piece in content:
            seen += len(piece)
            with self._put_into_words():
                partial.write(piece)
        check_size(seen, size, name, self.name)

    def _place(self, partial: Partial, folders: Sequence[str], last: str) -> os.stat_result:
        for _ in range(_TRIES):
            at = self._make(folders)
            try:
                return partial.place(at, last)
            except FileNotFoundError:
                continue  # whoever removed the last file of the folder removed the folder
            finally:
                os.close(at)
        raise UnavailableError(
            f"bucket {self.name}: {'/'.join(folders)} goes as soon as it is made"
        )

    def _check_version(self, entry: Entry, file: int) -> None:
        if _entry(entry.name, os.fstat(file)).version != entry.version:
            raise ChangedError(f"bucket {self.name}: {entry.name} has changed while it was read")

    def _check_root(self) -> None:
        if not Path(self._root).is_dir():
            raise AbsentError(
                f"bucket {self.name}: there is no folder {self._root}; make it, or mount what"
                " should be there"
            )

    @contextmanager
    def _put_into_words(self) -> Generator[None]:
        try:
            yield
        except BucketError:
            raise
        except OSError as error:
            self._check_root()
            raise self._worded(error) from error

    def _worded(self, error: OSError) -> BucketError:
        said = f"bucket {self.name}, the folder {self._root}: {error.strerror}"
        if error.errno in _FULL:
            return FullError(f"{said}; make room there")
        if error.errno in _DENIED:
            return DeniedError(f"{said}; whoever runs the reconciler needs more rights there")
        if error.errno in _IN_THE_WAY:
            return BucketError(f"{said}: a file is where a folder should be, or the reverse")
        if error.errno == errno.ENAMETOOLONG:
            return BucketError(f"{said}: a file system takes no such name")
        return UnavailableError(said)


def _step(at: int, folder: str) -> int:
    below = _open_folder(at, folder)
    os.close(at)
    return below


def _open_folder(at: int, folder: str) -> int:
    try:
        return os.open(folder, _FOLDER, dir_fd=at)
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link
            raise NotADirectoryError(errno.ENOTDIR, "a link where a folder should be") from error
        raise


def _open_file(at: int, name: str) -> int:
    try:
        file = os.open(name, _FILE, dir_fd=at)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:  # a link, a socket
            raise FileNotFoundError(errno.ENOENT, "no file") from error
        raise
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise FileNotFoundError(errno.ENOENT, "no file")


def _sort_name(item: "os.DirEntry[str]") -> str:
    return f"{item.name}/" if item.is_dir(follow_symlinks=False) else item.name


def _entry(name: str, facts: os.stat_result) -> Entry:
    version = f"{facts.st_ino:x}-{facts.st_size:x}-{facts.st_mtime_ns:x}"
    return Entry(name, facts.st_size, version, facts.st_mtime)
