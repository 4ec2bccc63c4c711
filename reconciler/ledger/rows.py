"""Names and numbers → keys of rows. Tasks and runs that only others tell of are made on the way.

Knows nothing of facts, and nothing of transactions, which are the caller's.
"""

import sqlite3

from reconciler.ledger.errors import LedgerError
from reconciler.model.identity import AttemptKey


def task_row(connection: sqlite3.Connection, name: str) -> int:
    """Return a task's row key. A task that is not known is made."""
    connection.execute("INSERT INTO tasks (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    found = connection.execute("SELECT id FROM tasks WHERE name = ?", (name,)).fetchone()
    return int(found[0])


def run_row(connection: sqlite3.Connection, task: str, number: int) -> int | None:
    """Return a run's row key, None where the run is not on record."""
    found = connection.execute(
        "SELECT runs.id FROM runs JOIN tasks ON tasks.id = runs.task"
        " WHERE tasks.name = ? AND runs.number = ?",
        (task, number),
    ).fetchone()
    return int(found[0]) if found else None


def known_run(connection: sqlite3.Connection, task: str, number: int) -> int:
    """Return the row key of a run that has to be on record.

    Raises:
        LedgerError: when it was never opened.
    """
    found = run_row(connection, task, number)
    if found is None:
        raise LedgerError(f"run {number} of task {task} is not on record")
    return found


def attempt_row(connection: sqlite3.Connection, attempt: AttemptKey) -> tuple[int, int, int]:
    """Return an attempt's row key. A run that only its attempts tell of is made for them."""
    run = run_row(connection, attempt.key.task, attempt.run)
    if run is None:
        made = connection.execute(
            "INSERT INTO runs (task, number) VALUES (?, ?) RETURNING id",
            (task_row(connection, attempt.key.task), attempt.run),
        )
        run = int(made.fetchone()[0])
    return run, attempt.key.instance, attempt.attempt
