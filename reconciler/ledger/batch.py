"""What batch adds to the record: firings, further tries, combinations, what is forgotten of runs.

The counterpart of what `History.apply` does with the same facts.
"""

import sqlite3

from reconciler.ledger.rows import known_run, task_row
from reconciler.ledger.schema import WHOLE_RUN
from reconciler.ledger.words import text
from reconciler.model import fact as facts


def granted(connection: sqlite3.Connection, fact: facts.RetryGranted) -> None:
    """Let an instance, or a run as a whole, go on."""
    run = known_run(connection, fact.task, fact.run)
    instance = WHOLE_RUN if fact.instance is None else fact.instance
    connection.execute("DELETE FROM cancels WHERE run = ? AND instance = ?", (run, instance))
    connection.execute("DELETE FROM forgotten WHERE run = ? AND instance = ?", (run, instance))
    connection.execute("UPDATE runs SET finished_at = 0.0 WHERE id = ?", (run,))
    row = (run, instance, fact.attempt, fact.at)
    connection.execute("REPLACE INTO grants VALUES (?, ?, ?, ?)", row)


def awaited(connection: sqlite3.Connection, fact: facts.RoomAwaited) -> None:
    """Keep since when an instance has waited for room, as long as it does."""
    key = (task_row(connection, fact.task), fact.instance, fact.run)
    if fact.at:
        connection.execute("REPLACE INTO waits VALUES (?, ?, ?, ?)", (*key, fact.at))
    else:
        connection.execute("DELETE FROM waits WHERE (task, instance, run) = (?, ?, ?)", key)


def numbered(connection: sqlite3.Connection, fact: facts.CombinationNumbered) -> None:
    """Keep the instance that a combination of a matrix has."""
    row = (task_row(connection, fact.task), text(fact.values), fact.instance, fact.at)
    connection.execute("REPLACE INTO combinations VALUES (?, ?, ?, ?)", row)


def scheduled(connection: sqlite3.Connection, fact: facts.ScheduleSeen) -> None:
    """Keep the schedule that counts from now on."""
    connection.execute(
        "UPDATE tasks SET schedule = ?, schedule_since = ?, schedule_rerun = ? WHERE id = ?",
        (text(fact.schedule), fact.at, fact.rerun, task_row(connection, fact.task)),
    )


def fired(connection: sqlite3.Connection, task: int, nominal: float) -> None:
    """Keep the nominal time of the firing that was dealt with last."""
    if nominal:
        connection.execute("UPDATE tasks SET fired = ? WHERE id = ?", (nominal, task))


def finished(connection: sqlite3.Connection, fact: facts.RunFinished) -> None:
    """Keep when a scheduled task's run was over."""
    run = known_run(connection, fact.task, fact.run)
    connection.execute("UPDATE runs SET finished_at = ? WHERE id = ?", (fact.at, run))


def forgotten_runs(connection: sqlite3.Connection, fact: facts.RunsForgotten) -> None:
    """Let runs go with all that is theirs, and keep which firings they were for."""
    task = task_row(connection, fact.task)
    runs = [(task, number) for number in fact.runs]
    connection.executemany("DELETE FROM runs WHERE task = ? AND number = ?", runs)
    connection.execute("DELETE FROM fired WHERE task = ?", (task,))
    spans = [(task, *span) for span in fact.fired]
    connection.executemany("INSERT INTO fired (task, first, last) VALUES (?, ?, ?)", spans)
