"""Facts become rows: the relational counterpart of `History.apply`, fact by fact.

Decides how each fact changes the tables, such that loading them equals folding the facts; a
property test holds the two together. Knows nothing of transactions, which are the caller's.
"""

import sqlite3
from functools import singledispatch

from reconciler.ledger import attempts, batch, nodes, pools, seen
from reconciler.ledger.rows import attempt_row, known_run, task_row
from reconciler.ledger.schema import WHOLE_RUN
from reconciler.ledger.words import text
from reconciler.model import fact as facts
from reconciler.model.images import digest_in


@singledispatch
def write(fact: object, connection: sqlite3.Connection) -> None:
    """Bring one fact into the tables.

    Raises:
        TypeError: when it is no fact.
        LedgerError: when it speaks of a run that was never opened.
    """
    del connection
    raise TypeError(f"not a fact: {fact!r}")


@write.register
def _(fact: facts.SpecSeen, connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO specs VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET text = excluded.text",
        (fact.hash, text(fact.text)),
    )


@write.register
def _(fact: facts.RunOpened, connection: sqlite3.Connection) -> None:
    task = task_row(connection, fact.task)
    connection.execute("DELETE FROM runs WHERE task = ? AND number = ?", (task, fact.run))
    connection.execute(
        "INSERT INTO runs (task, number, work, rerun, reason, revision, opened_at, nominal, matrix,"
        " afresh) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            task,
            fact.run,
            fact.work,
            fact.rerun,
            text(fact.reason),
            fact.revision,
            fact.at,
            fact.nominal,
            text(fact.matrix),
            fact.afresh,
        ),
    )
    batch.fired(connection, task, fact.nominal)


@write.register
def _(fact: facts.RunFinished, connection: sqlite3.Connection) -> None:
    batch.finished(connection, fact)


@write.register
def _(fact: facts.TaskScaled, connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE tasks SET instances = ? WHERE id = ?",
        (fact.instances, task_row(connection, fact.task)),
    )


@write.register
def _(fact: facts.RunCancelled, connection: sqlite3.Connection) -> None:
    run = known_run(connection, fact.task, fact.run)
    instance = WHOLE_RUN if fact.instance is None else fact.instance
    connection.execute(
        "REPLACE INTO cancels VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            run,
            instance,
            text(fact.reason),
            fact.at,
            str(fact.result),
            text(fact.asked),
            fact.passing,
        ),
    )


@write.register
def _(fact: facts.RetryGranted, connection: sqlite3.Connection) -> None:
    batch.granted(connection, fact)


@write.register
def _(fact: facts.RoomAwaited, connection: sqlite3.Connection) -> None:
    batch.awaited(connection, fact)


@write.register
def _(fact: facts.CombinationNumbered, connection: sqlite3.Connection) -> None:
    batch.numbered(connection, fact)


@write.register
def _(fact: facts.ScheduleSeen, connection: sqlite3.Connection) -> None:
    batch.scheduled(connection, fact)


@write.register
def _(fact: facts.FiringPassed, connection: sqlite3.Connection) -> None:
    batch.fired(connection, task_row(connection, fact.task), fact.nominal)


@write.register
def _(fact: facts.AttemptExpired, connection: sqlite3.Connection) -> None:
    attempts.expired(connection, fact)


@write.register
def _(fact: facts.RunsForgotten, connection: sqlite3.Connection) -> None:
    batch.forgotten_runs(connection, fact)


@write.register
def _(fact: facts.AttemptsForgotten, connection: sqlite3.Connection) -> None:
    attempts.forgotten(connection, fact)


@write.register
def _(fact: facts.RunsClosed, connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE runs SET closed_at = ? WHERE task = ? AND closed_at IS NULL",
        (fact.at, task_row(connection, fact.task)),
    )


@write.register
def _(fact: facts.ImageResolved, connection: sqlite3.Connection) -> None:
    run = known_run(connection, fact.task, fact.run)
    connection.execute("DELETE FROM images WHERE run = ? AND node = ?", (run, fact.node))
    if fact.reference:
        connection.execute(
            "INSERT INTO images VALUES (?, ?, ?, ?)", (run, fact.node, fact.reference, fact.at)
        )
        connection.execute(
            "UPDATE runs SET digest = ? WHERE id = ? AND digest = ''",
            (digest_in(fact.reference), run),
        )


@write.register
def _(fact: facts.InputsResolved, connection: sqlite3.Connection) -> None:
    where = (known_run(connection, fact.task, fact.run), fact.node, fact.description)
    connection.execute("DELETE FROM inputs WHERE run = ? AND node = ? AND description = ?", where)
    if fact.key:
        told = (*where, fact.key, fact.size, fact.files, fact.at)
        connection.execute("INSERT INTO inputs VALUES (?, ?, ?, ?, ?, ?, ?)", told)


@write.register
def _(fact: facts.AttemptReserved, connection: sqlite3.Connection) -> None:
    attempts.reserved(connection, fact)


@write.register
def _(fact: facts.StartRequested, connection: sqlite3.Connection) -> None:
    attempts.start_requested(connection, fact)


@write.register
def _(fact: facts.AttemptStarted, connection: sqlite3.Connection) -> None:
    attempts.started(connection, fact)


@write.register
def _(fact: facts.StopRequested, connection: sqlite3.Connection) -> None:
    attempts.stop_requested(connection, fact)


@write.register
def _(fact: facts.AttemptEnded, connection: sqlite3.Connection) -> None:
    attempts.ended(connection, fact)


@write.register
def _(fact: facts.SnapshotAsked, connection: sqlite3.Connection) -> None:
    attempts.snapshot_asked(connection, fact)


@write.register
def _(fact: facts.SnapshotTaken, connection: sqlite3.Connection) -> None:
    attempts.snapshot_taken(connection, fact)


@write.register
def _(fact: facts.ResultsSent, connection: sqlite3.Connection) -> None:
    attempts.results_sent(connection, fact)


@write.register
def _(fact: facts.ResultsDiscarded, connection: sqlite3.Connection) -> None:
    attempts.results_discarded(connection, fact)


@write.register
def _(fact: facts.ResultTakenOver, connection: sqlite3.Connection) -> None:
    attempts.taken_over(connection, fact)


@write.register
def _(fact: facts.ResultsGone, connection: sqlite3.Connection) -> None:
    attempts.results_gone(connection, fact)


@write.register
def _(fact: facts.AttemptForsaken, connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO attempts (run, instance, number, forsaken_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET forsaken_at = excluded.forsaken_at",
        (*attempt_row(connection, fact.attempt), fact.at),
    )


@write.register
def _(fact: facts.NodeFact, connection: sqlite3.Connection) -> None:
    nodes.write(connection, fact)


@write.register
def _(fact: facts.PoolFact, connection: sqlite3.Connection) -> None:
    pools.write(connection, fact)


@write.register
def _(fact: facts.TroubleSeen, connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO troubles VALUES (?, ?, ?, ?, ?) ON CONFLICT (subject) DO UPDATE SET"
        " message = excluded.message, count = excluded.count, retry_at = excluded.retry_at",
        (text(fact.subject), text(fact.message), fact.count, fact.retry_at, fact.at),
    )


@write.register
def _(fact: facts.TroubleCleared, connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM troubles WHERE subject = ?", (text(fact.subject),))


@write.register
def _(fact: facts.Approved, connection: sqlite3.Connection) -> None:
    set_meta(connection, "approved_revision", fact.revision)


@write.register
def _(fact: facts.Destroyed, connection: sqlite3.Connection) -> None:
    set_meta(connection, "destroyed_revision", fact.revision)


@write.register
def _(fact: facts.Relearned, connection: sqlite3.Connection) -> None:
    set_meta(connection, "lost", "" if fact.confirmed else "1")


@write.register
def _(fact: facts.TaskRenamed, connection: sqlite3.Connection) -> None:
    names = {"old": fact.old, "new": fact.task}
    runs = "FROM runs JOIN tasks ON tasks.id = runs.task WHERE tasks.name = :old"
    for statement in (
        "UPDATE moved SET task = :new WHERE task = :old",
        f"REPLACE INTO moved SELECT :old, runs.number, :new {runs}",
        f"UPDATE attempts SET named = :old WHERE named = '' AND run IN (SELECT runs.id {runs})",  # noqa: S608 - ours
        "DELETE FROM tasks WHERE name = :new",
        "UPDATE tasks SET name = :new WHERE name = :old",
        """UPDATE OR REPLACE troubles SET subject = :new || substr(subject, length(:old) + 1)
        WHERE substr(subject, 1, length(:old) + 1) = :old || '/'""",
        "UPDATE OR REPLACE suspensions SET target = 'task/' || :new WHERE target = 'task/' || :old",
    ):
        connection.execute(statement, names)


@write.register
def _(fact: facts.TaskProtected, connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE tasks SET protected = ? WHERE id = ?",
        (fact.protected, task_row(connection, fact.task)),
    )


@write.register
def _(fact: facts.Pinned, connection: sqlite3.Connection) -> None:
    set_meta(connection, "pinned_revision", fact.revision)


@write.register
def _(fact: facts.Suspended, connection: sqlite3.Connection) -> None:
    connection.execute(
        "REPLACE INTO suspensions VALUES (?, ?, ?, ?, ?)",
        (text(fact.target), fact.at, fact.until, text(fact.reason), fact.stop),
    )


@write.register
def _(fact: facts.Resumed, connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM suspensions WHERE target = ?", (text(fact.target),))


@write.register
def _(fact: facts.RevisionSeen, connection: sqlite3.Connection) -> None:
    seen.add(connection, fact)


@write.register
def _(fact: facts.RevisionWorked, connection: sqlite3.Connection) -> None:
    seen.worked(connection, fact)


@write.register
def _(fact: facts.RevisionConverged, connection: sqlite3.Connection) -> None:
    seen.converged(connection, fact)


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Keep one of the few things that there is only one of."""
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
