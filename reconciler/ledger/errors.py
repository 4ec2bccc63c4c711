"""How the ledger fails, and what a person does about it.

Decides which class a failure of SQLite belongs to and words it. Knows nothing of what was being
written. Whatever is a `LedgerUnwritable` passes by itself: nothing on record is lost, the same
call may be tried again on the same ledger once the cause has ended.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NEARLY_FULL: Final = 256 * 1024
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_ENVIRONMENT: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_PROTOCOL,
    }
)


class LedgerError(Exception):
    """Something is wrong with the ledger or its folder; the message says what to do."""


class NoLedger(LedgerError):  # noqa: N818 - it is an answer as much as an error
    """Nothing has been recorded in this state folder yet."""


class LedgerTooNew(LedgerError):  # noqa: N818 - reads as the sentence it stands for
    """A later version of this program wrote it; it is left exactly as it is."""


class LedgerOutdated(LedgerError):  # noqa: N818 - as above
    """An earlier version of this program wrote it, and whoever writes next brings it up to date."""


class LedgerForeign(LedgerError):  # noqa: N818
    """It belongs to another project, or to another program."""


class LedgerCorrupt(LedgerError):  # noqa: N818
    """Its content cannot be trusted."""


class LedgerUnwritable(LedgerError):  # noqa: N818
    """For now nothing can be recorded. It may be tried again."""


class LedgerFull(LedgerUnwritable):
    """The disk has no room left, or does not do what it is asked."""


class LedgerBusy(LedgerUnwritable):
    """Another process keeps it locked."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite raises about the ledger at `path` into a LedgerError.

    Misuse of the sqlite3 module is a bug of ours and passes through unchanged.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        raise _classify(error, path) from error
    except OverflowError as error:
        raise LedgerError(f"a number is too large for the ledger {path}: {error}") from error


def _classify(error: sqlite3.Error, path: Path) -> LedgerError:
    # The low byte is the failure's kind; the rest tells where inside SQLite it arose.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if kind in _CORRUPT:
        return corrupt(path, str(error))
    if kind in _BUSY:
        return LedgerBusy(f"another process keeps the ledger {path} locked; try again")
    if kind == sqlite3.SQLITE_FULL or (kind in _ENVIRONMENT and _disk_is_full(path)):
        return LedgerFull(
            f"no room left on the disk of the ledger {path}: nothing recorded so far is lost; "
            "free some space and it goes on"
        )
    if kind == sqlite3.SQLITE_IOERR:
        return LedgerFull(
            f"the disk of the ledger {path} reports an error ({error}): nothing recorded so far "
            "is known to be lost; check the disk and its quota"
        )
    if kind in _ENVIRONMENT:
        return LedgerUnwritable(
            f"the ledger {path} cannot be opened or written ({error}): "
            "check the permissions of its folder and whether the file system is read-only"
        )
    return LedgerError(f"the ledger {path} refused: {error}")


def corrupt(path: Path, detail: str) -> LedgerCorrupt:
    """Return the error for content that cannot be trusted."""
    return LedgerCorrupt(
        f"the ledger {path} is damaged ({detail}): restore it from a backup, or move it away and "
        "let the reconciler re-learn from Docker what still runs"
    )


def _disk_is_full(path: Path) -> bool:
    """Return whether hardly anything can be written, which SQLite words in many ways."""
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _NEARLY_FULL
