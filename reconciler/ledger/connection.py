"""Opening the ledger's file: who may, how, and what is refused.

Decides pragmas, access modes and migration. Knows no table but through `schema`. A file that is
not ours, not sound or of a later version is refused before anything is written to it.

Why a reader opens the file for writing and then forbids itself to write: SQLite's own read-only
mode leaves its two side files behind in the folder, and an ordinary connection cleans them up.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from reconciler.ledger import schema
from reconciler.ledger.errors import (
    LedgerForeign,
    LedgerOutdated,
    LedgerTooNew,
    LedgerUnwritable,
    NoLedger,
    corrupt,
    translated,
)

FILE_NAME: Final = "ledger.db"
BUSY_SECONDS: Final = 5.0
# SQLite lets nobody queue: beside a writer that never rests, who asks once may wait for long.
_ASKER_SECONDS: Final = 30.0
_HEADER: Final = 100
_MAGIC: Final = b"SQLite format 3\0"
_JOURNAL_LIMIT: Final = 16 * 1024 * 1024
_CHECKED_ALWAYS: Final = 32 * 1024 * 1024
_Preparation = Callable[[Path, sqlite3.Connection, int], None]


def open_writer(folder: Path) -> sqlite3.Connection:
    """Return the writer's connection, to a ledger made, migrated and checked as needed."""
    path = folder.absolute() / FILE_NAME
    with translated(path):
        refuse_by_header(path)
        _make_private(path)
        suspect = _is_suspect(path)
        connection = _prepared(path, _connect(path, "mode=rw"), _prepare_writer)
        try:
            if suspect:
                _check(path, connection)
            migrate(connection, schema.MIGRATIONS)
        except BaseException:
            connection.close()
            raise
        return connection


def open_appender(folder: Path) -> sqlite3.Connection:
    """Return a connection that may add to a ledger whose writer is another process.

    Raises:
        NoLedger: when there is none.
    """
    path = _existing(folder)
    with translated(path):
        opened = _connect(path, "mode=rw", _ASKER_SECONDS)
        return _prepared(path, opened, _prepare_appender)


def open_reader(folder: Path) -> sqlite3.Connection:
    """Return a connection that cannot write, whether or not a writer is live.

    Raises:
        NoLedger: when there is none.
    """
    path = _existing(folder)
    try:
        with translated(path):
            return _prepared(path, _connect(path, "mode=rw"), _prepare_reader)
    except LedgerUnwritable:
        if os.access(folder, os.W_OK):
            raise
    # On a file system that takes no side files, nobody can be writing: read the bare file.
    with translated(path):
        return _prepared(path, _connect(path, "mode=ro&immutable=1"), _prepare_reader)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Make everything inside durable together, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may already have rolled back by itself.
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let every read inside see the same moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        with suppress(sqlite3.Error):
            connection.execute("COMMIT")


def _existing(folder: Path) -> Path:
    path = folder.absolute() / FILE_NAME
    with translated(path):
        refuse_by_header(path)
        if not path.is_file() or path.stat().st_size == 0:
            raise NoLedger(f"nothing is recorded in {folder}: there is no ledger yet")
    return path


def refuse_by_header(path: Path) -> None:
    """Refuse what its first bytes tell about, without SQLite touching it."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LedgerUnwritable(f"the ledger {path} cannot be read: {error.strerror}") from error
    if not header:
        return  # a creation that was interrupted
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise corrupt(path, "it is not a database")
    _refuse(path, int.from_bytes(header[60:64], "big"), int.from_bytes(header[68:72], "big"))


def _refuse(path: Path, version: int, application: int) -> None:
    if application not in {0, schema.APPLICATION_ID}:
        raise LedgerForeign(f"{path} is another program's database; choose another state folder")
    if version > len(schema.MIGRATIONS):
        raise LedgerTooNew(
            f"the ledger {path} was written by a later version of reconciler (schema {version}, "
            f"this one knows {len(schema.MIGRATIONS)}): upgrade reconciler; it was left as it is"
        )


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise LedgerUnwritable(f"the ledger {path} cannot be made: {error.strerror}") from error


def _connect(path: Path, how: str, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    # Transactions are spelled out. One thread at a time uses a connection, not always the same.
    return sqlite3.connect(
        f"{path.as_uri()}?{how}",
        uri=True,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,
    )


def _prepared(
    path: Path, connection: sqlite3.Connection, prepare: _Preparation
) -> sqlite3.Connection:
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        version = _pragma(connection, "user_version")
        _refuse(path, version, _pragma(connection, "application_id"))
        prepare(path, connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare_writer(path: Path, connection: sqlite3.Connection, version: int) -> None:
    if version == 0 and _count_tables(connection):
        raise LedgerForeign(f"{path} is not a ledger; choose another state folder")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}")


def _prepare_appender(path: Path, connection: sqlite3.Connection, version: int) -> None:
    if version == 0:
        raise NoLedger(f"nothing is recorded in {path.parent}: there is no ledger yet")
    if version < len(schema.MIGRATIONS):
        raise LedgerOutdated(
            f"the ledger {path} was last written by an earlier version of reconciler: "
            "restart the one that is running, or use `apply` once"
        )
    connection.execute("PRAGMA synchronous = FULL")


def _prepare_reader(path: Path, connection: sqlite3.Connection, version: int) -> None:
    _prepare_appender(path, connection, version)
    connection.execute("PRAGMA query_only = ON")


def _is_suspect(path: Path) -> bool:
    """Return whether the whole file is to be looked through, which takes some 4 ms a megabyte.

    A journal that is still there tells of a writer that did not close. A large ledger that was
    closed is trusted; damage in it is found when it is read.
    """
    return path.with_name(path.name + "-wal").exists() or path.stat().st_size < _CHECKED_ALWAYS


def _check(path: Path, connection: sqlite3.Connection) -> None:
    said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if said != "ok":
        raise corrupt(path, said)


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]]) -> None:
    """Carry out the steps that this ledger has not seen, all or none: readers see no half."""
    if _pragma(connection, "user_version") >= len(steps):
        return
    with transaction(connection):
        # Looked at again, now that nobody else can be migrating.
        for step in steps[_pragma(connection, "user_version") :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def is_ledger(connection: sqlite3.Connection) -> bool:
    """Return whether an open database is a ledger, of whatever version."""
    return _pragma(connection, "application_id") == schema.APPLICATION_ID


def _count_tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
