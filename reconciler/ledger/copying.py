"""A ledger's copies: one made while others write, and one put in the ledger's place.

Decides what a copy has to be before it may replace anything, and that nothing is replaced
before the copy is whole. What was in the ledger's place is kept beside it. A ledger from a copy
knows nothing of what happened since, which is as if it had been lost: it says so of itself.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from reconciler.ledger import connection as connections
from reconciler.ledger import reading, writing
from reconciler.ledger.connection import FILE_NAME, transaction
from reconciler.ledger.errors import (
    LedgerError,
    LedgerForeign,
    LedgerUnwritable,
    NoLedger,
    corrupt,
    translated,
)

_SIDE_FILES: Final = ("-wal", "-shm")
_CHUNK: Final = 1024 * 1024


def back_up(folder: Path, target: Path) -> None:
    """Copy a state folder's ledger, as of one moment, to a file that is not there yet.

    A writer may be at work. The copy is one file, private to its owner, and checked.

    Raises:
        NoLedger: when there is none.
        LedgerUnwritable: when the file exists, or cannot be made.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with closing(connections.open_reader(folder)) as source, translated(target):
            _make(draft)
            with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                _check(target, copy)
        _sync(draft)
        _name(draft, target)
    finally:
        _remove(draft)


def restore(folder: Path, backup: Path, project: str) -> Path | None:
    """Put a copy in the place of a state folder's ledger, whose lock the caller holds.

    Returns where the ledger that was there is kept now, None where there was none.

    Raises:
        LedgerForeign: when the copy is another project's, or no ledger.
        LedgerCorrupt: when it is damaged.
        LedgerTooNew: when a later version of this program wrote it.
        LedgerUnwritable: when disk or permissions do not let us.
    """
    path = folder.absolute() / FILE_NAME
    draft = path.with_name(f".{FILE_NAME}.restored")
    _remove(draft)
    try:
        _copy(backup, draft)
        _examine(backup, draft, project)
        _sync(draft)
        kept = _set_aside(path)
        draft.replace(path)
    except OSError as error:
        raise LedgerUnwritable(f"{path} cannot be replaced: {error.strerror}") from error
    finally:
        _remove(draft)
    return kept


def _examine(backup: Path, draft: Path, project: str) -> None:
    """Refuse what is no sound ledger of the project, and mark it as one that lost its end."""
    connections.refuse_by_header(backup)
    with translated(backup), closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        _check(backup, copy)
        if not connections.is_ledger(copy):
            raise LedgerForeign(f"{backup} is no ledger")
        theirs = reading.meta(copy).get("project", "")
        if theirs != project:
            raise LedgerForeign(f"{backup} is of the project {theirs!r}, not of {project!r}")
        with transaction(copy):
            writing.set_meta(copy, "lost", "1")


def _check(path: Path, copy: sqlite3.Connection) -> None:
    said = str(copy.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if said != "ok":
        raise corrupt(path, said)


def _set_aside(path: Path) -> Path | None:
    """Rename the ledger that is there, with what its journal holds, and return its new name."""
    if not path.exists():
        return None
    with suppress(LedgerError, sqlite3.Error), closing(connections.open_writer(path.parent)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    number = 1
    while (kept := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    path.rename(kept)
    for suffix in _SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(kept.with_name(kept.name + suffix))
    return kept


def _copy(backup: Path, draft: Path) -> None:
    try:
        with backup.open("rb") as source:
            _make(draft)
            with draft.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
    except FileNotFoundError as error:
        raise NoLedger(f"there is no file {backup}") from error
    except OSError as error:
        raise LedgerUnwritable(f"{backup} cannot be copied: {error.strerror}") from error


def _make(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise LedgerUnwritable(f"{path} cannot be made: {error.strerror}") from error


def _name(draft: Path, target: Path) -> None:
    """Give a file its name, unless the name is taken."""
    try:
        os.link(draft, target)
    except FileExistsError as error:
        raise LedgerUnwritable(f"{target} exists: choose another name, or remove it") from error
    except OSError as error:
        raise LedgerUnwritable(f"{target} cannot be made: {error.strerror}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(draft: Path) -> None:
    for suffix in ("", "-journal", *_SIDE_FILES):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
