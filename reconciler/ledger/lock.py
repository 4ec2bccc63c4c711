"""One writer per state folder: an advisory lock that dies with its holder.

Decides who may write; what the holder does with it is not known here. The file's content only
says who holds the lock, the lock itself is the kernel's: a crash leaves words behind, no lock.
The file is never removed, for a second file of the same name would be a second lock.
"""

import fcntl
import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import asdict

from reconciler.ledger.errors import LedgerError, LedgerUnwritable

FILE_NAME: Final = "lock"
_TRIES: Final = 6  # a reader that asks who holds it has the lock for a moment
_PAUSE: Final = 0.02
_CONTENT: Final = 4096


class Holder(Struct, frozen=True):
    """Who writes: a process, what it was started for, where, and since when (epoch seconds)."""

    pid: int
    verb: str
    host: str
    since: float

    def __str__(self) -> str:
        """Render as the middle of a sentence."""
        since = datetime.fromtimestamp(self.since, UTC).astimezone()
        return (
            f"`{self.verb}`, process {self.pid} on {self.host}, "
            f"since {since.isoformat(sep=' ', timespec='seconds')}"
        )


class LockHeld(LedgerError):  # noqa: N818 - reads as the sentence it stands for
    """Another process writes. `holder` is None where it has not said yet who it is."""

    def __init__(self, folder: Path, holder: Holder | None) -> None:
        self.holder = holder
        who = str(holder) if holder else "a process that has only just started"
        super().__init__(f"another reconciler holds the state folder {folder}: {who}")


class Lock:
    """The right to write in a state folder, from `take` until `release` or death."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, folder: Path, verb: str) -> Self:
        """Take the lock without waiting for its holder.

        Raises:
            LockHeld: when another process has it, saying which.
            LedgerUnwritable: when the folder does not let us.
        """
        descriptor = _open(folder, os.O_RDWR | os.O_CREAT)
        try:
            _claim(folder, descriptor, verb)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Let others write. More than once does no harm."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
        # Spelled out, for a forked child may still have the file open.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def holder(folder: Path) -> Holder | None:
    """Return who writes in a state folder now, None when nobody does. Creates nothing."""
    if not (folder / FILE_NAME).exists():
        return None
    descriptor = _open(folder, os.O_RDONLY)
    try:
        if _try(descriptor, fcntl.LOCK_SH):
            return None
        return _words(descriptor)
    finally:
        os.close(descriptor)


def _open(folder: Path, flags: int) -> int:
    path = folder / FILE_NAME
    try:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise LedgerUnwritable(f"the lock {path} cannot be opened: {error.strerror}") from error


def _claim(folder: Path, descriptor: int, verb: str) -> None:
    if not _try_patiently(descriptor):
        raise LockHeld(folder, _words(descriptor))
    _say(descriptor, verb)


def _try_patiently(descriptor: int) -> bool:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        if _try(descriptor, fcntl.LOCK_EX):
            return True
    return False


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _say(descriptor: int, verb: str) -> None:
    said = Holder(os.getpid(), verb, os.uname().nodename, time.time())
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(said)).encode(), 0)
    except OSError:
        return  # a full disk: who holds the lock is a courtesy, the lock is what counts


def _words(descriptor: int) -> Holder | None:
    """Return what the holder says of itself, if it says anything that can be understood."""
    try:
        said = json.loads(os.pread(descriptor, _CONTENT, 0))
        return Holder(int(said["pid"]), str(said["verb"]), str(said["host"]), float(said["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
