"""The way down into a folder, without ever leaving it.

Every folder on the way is opened by itself, from the one above it and without following links, so
that no name leads out, whoever turns folders into links meanwhile. Must not know objects.
"""

import errno
import os
import stat
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from reconciler.buckets.names import is_name

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Descent:
    """A folder that one goes down from. What is returned open, the caller closes."""

    def __init__(self, root: str) -> None:
        self.root = root

    @property
    def there(self) -> bool:
        """Whether there is such a folder."""
        return Path(self.root).is_dir()

    def enter(self, folders: Iterable[str]) -> int:
        """Return a folder below, open.

        Raises:
            FileNotFoundError: there is none.
            NotADirectoryError: a file or a link is in its place.
        """
        return self._down(folders, make=False)

    def make(self, folders: Iterable[str]) -> int:
        """Return a folder below, open, made where it is not there; never the root itself.

        Raises:
            NotADirectoryError: a file or a link is in its place.
        """
        return self._down(folders, make=True)

    @contextmanager
    def made(self, folders: Iterable[str]) -> Generator[int]:
        """Have a folder open for a block, as `make`."""
        at = self.make(folders)
        try:
            yield at
        finally:
            os.close(at)

    def open(self, name: str, *, links: bool = True) -> int:
        """Return a file below, open for reading; its own name may be a link to a file inside.

        Raises:
            FileNotFoundError: there is none, or what is there is no file of this folder.
        """
        *folders, last = name.split("/")
        try:
            at = self.enter(folders)
        except NotADirectoryError as error:
            raise FileNotFoundError(errno.ENOENT, "no such file") from error
        try:
            if links and stat.S_ISLNK(os.stat(last, dir_fd=at, follow_symlinks=False).st_mode):
                return self.open_linked(name)
            return _open_file(at, last)
        finally:
            os.close(at)

    def open_linked(self, name: str) -> int:
        """Return the file that a link leads to, where that is inside.

        Raises:
            FileNotFoundError: it leads out, in a circle or nowhere.
        """
        root = os.path.realpath(self.root)
        led = os.path.realpath(f"{root}/{name}")
        inside = led.removeprefix(f"{root}/")
        if inside == led or not is_name(inside):
            raise FileNotFoundError(errno.ENOENT, "a link that leads out of the folder")
        return self.open(inside, links=False)

    def remove(self, name: str) -> None:
        """Remove a file or a link, and the folders that are empty without it; gone is done."""
        *folders, last = name.split("/")
        with suppress(FileNotFoundError, NotADirectoryError):
            at = self.enter(folders)
            try:
                if stat.S_ISDIR(os.stat(last, dir_fd=at, follow_symlinks=False).st_mode):
                    return
                os.unlink(last, dir_fd=at)
            finally:
                os.close(at)
            self._tidy(folders)

    def _tidy(self, folders: Sequence[str]) -> None:
        left = [*folders]
        with suppress(OSError):  # not empty, or gone
            while left:
                last = left.pop()
                at = self.enter(left)
                try:
                    os.rmdir(last, dir_fd=at)
                finally:
                    os.close(at)

    def _down(self, folders: Iterable[str], *, make: bool) -> int:
        at = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=at)
                below = open_folder(at, folder)
                os.close(at)
                at = below
        except BaseException:
            os.close(at)
            raise
        return at


def open_folder(at: int, folder: str) -> int:
    """Return a folder of an open folder, open.

    Raises:
        NotADirectoryError: a file or a link is in its place.
    """
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
