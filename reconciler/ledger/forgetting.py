"""Dropping every record of tasks, as a person asks for it.

Knows nothing of transactions, which are the caller's.
"""

import sqlite3
from collections.abc import Collection

from reconciler.model.identity import task_of


def forget(connection: sqlite3.Connection, tasks: Collection[str]) -> None:
    """Drop runs, attempts, logs, log entries, troubles and suspensions of tasks."""
    names = [(name,) for name in tasks]
    connection.executemany("DELETE FROM tasks WHERE name = ?", names)
    connection.executemany("DELETE FROM events WHERE task = ?", names)
    connection.executemany("DELETE FROM moved WHERE task = ?", names)
    connection.executemany("DELETE FROM suspensions WHERE target = 'task/' || ?", names)
    subjects = connection.execute("SELECT subject FROM troubles").fetchall()
    connection.executemany(
        "DELETE FROM troubles WHERE subject = ?",
        [row for row in subjects if task_of(row[0]) in tasks],
    )
