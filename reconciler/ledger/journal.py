"""The event log: what the reconciler did, decided and met, for people to read.

Decides how many entries are kept. No decision of the program rests on it.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from reconciler.ledger.words import text

KEPT: Final = 100_000
_COLUMNS: Final = "at, kind, level, message, task, instance, run, attempt, node, cause, id"


class LogEntry(Struct, frozen=True, kw_only=True):
    """One line of the event log. `id` ascends and is given by the ledger; 0 before that.

    `cause` is what a machine wants to know beyond the message, as JSON knows values.
    """

    at: float
    kind: str
    message: str
    level: str = "info"
    task: str = ""
    instance: int | None = None
    run: int | None = None
    attempt: int | None = None
    node: str = ""
    cause: Mapping[str, object] | None = None
    id: int = 0


def append(connection: sqlite3.Connection, entries: Iterable[LogEntry], kept: int) -> None:
    """Add entries and let the oldest go."""
    connection.executemany(
        "INSERT INTO events (at, kind, level, message, task, instance, run, attempt, node, cause)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        map(_row, entries),
    )
    connection.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", (kept,))


def entries_after(
    connection: sqlite3.Connection, after_id: int, limit: int, task: str | None
) -> list[LogEntry]:
    """Return the oldest entries behind `after_id`, ascending."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM events WHERE id > :after AND {_of_task(task)}"  # noqa: S608 - ours
        " ORDER BY id LIMIT :limit",
        {"after": after_id, "task": task, "limit": limit},
    )
    return [_entry(*row) for row in rows]


def newest_entries(connection: sqlite3.Connection, limit: int, task: str | None) -> list[LogEntry]:
    """Return the newest entries, ascending."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM events WHERE {_of_task(task)}"  # noqa: S608 - ours
        " ORDER BY id DESC LIMIT :limit",
        {"task": task, "limit": limit},
    )
    return [_entry(*row) for row in rows][::-1]


def _of_task(task: str | None) -> str:
    # Two statements, for only this way can SQLite use the index.
    return "TRUE" if task is None else "task = :task"


def _row(entry: LogEntry) -> tuple[object, ...]:
    return (
        entry.at,
        entry.kind,
        entry.level,
        text(entry.message),
        text(entry.task),
        entry.instance,
        entry.run,
        entry.attempt,
        text(entry.node),
        None if entry.cause is None else json.dumps(dict(entry.cause), default=str),
    )


def _entry(  # noqa: PLR0913 - one for each column
    at: float,
    kind: str,
    level: str,
    message: str,
    task: str,
    instance: int | None,
    run: int | None,
    attempt: int | None,
    node: str,
    cause: str | None,
    row: int,
) -> LogEntry:
    return LogEntry(
        id=row,
        at=at,
        kind=kind,
        level=level,
        message=message,
        task=task,
        instance=instance,
        run=run,
        attempt=attempt,
        node=node,
        cause=None if cause is None else json.loads(cause),
    )
