"""A file that is being written, and is seen under its name only when it is whole.

Decides how it stays out of sight: it has no name at all where the file system can do that, so
that nothing is left of it after a crash, else a hidden one. Must not know buckets.
"""

import errno
import os
import secrets
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from reconciler.buckets.names import PARTIAL

_MODE: Final = 0o666
_NAMELESS: Final = os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC
_HIDDEN: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UNABLE: Final = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT)


class Partial:
    """A file on its way into a folder; gone at the end of the block if it has not been placed."""

    def __init__(self) -> None:
        self._file = -1
        self._at = -1
        self._hidden = ""

    def open(self, at: int) -> None:
        """Begin a file in an open folder, which stays open as long as this is used."""
        self._at = at
        try:
            self._file = os.open(".", _NAMELESS, _MODE, dir_fd=at)
        except OSError as error:
            if error.errno not in _UNABLE:
                raise
            self._hidden = _hidden()
            self._file = os.open(self._hidden, _HIDDEN, _MODE, dir_fd=at)

    def write(self, piece: bytes) -> None:
        """Append a piece."""
        left = memoryview(piece)
        while left:
            left = left[os.write(self._file, left) :]

    def sync(self) -> None:
        """Have all of it on the disk."""
        os.fsync(self._file)

    def place(self, name: str, at: int) -> None:
        """Give the file its name in an open folder, in place of what has it.

        The name lasts once the folder is on the disk.

        Raises:
            FileNotFoundError: the folder has been removed; it can be placed in another.
        """
        if self._hidden:
            os.rename(self._hidden, name, src_dir_fd=self._at, dst_dir_fd=at)
            self._hidden = ""
        elif not self._named(name, at):
            self._replace(name, at)

    def facts(self) -> os.stat_result:
        """Return what the system knows of it."""
        return os.fstat(self._file)

    def _named(self, name: str, at: int) -> bool:
        """Give it a name, unless something has that already; return whether it is given."""
        try:
            os.link(f"/proc/self/fd/{self._file}", name, dst_dir_fd=at, follow_symlinks=True)
        except FileExistsError:
            return False
        return True

    def _replace(self, name: str, at: int) -> None:
        hidden = _hidden()
        self._named(hidden, at)
        try:
            os.rename(hidden, name, src_dir_fd=at, dst_dir_fd=at)
        except BaseException:
            with suppress(OSError):
                os.unlink(hidden, dir_fd=at)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._hidden:
            with suppress(OSError):
                os.unlink(self._hidden, dir_fd=self._at)
        if self._file >= 0:
            os.close(self._file)


def _hidden() -> str:
    return PARTIAL + secrets.token_hex(8)
