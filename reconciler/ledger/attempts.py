"""What the record of one attempt is made of, from its reservation until it is forgotten.

The counterpart of what `History.apply` does with the same facts.
"""

import sqlite3
import zlib
from typing import Final

import msgspec
from msgspec.structs import replace

from reconciler.ledger.rows import attempt_row, known_run, run_row
from reconciler.ledger.words import text
from reconciler.model import fact as facts
from reconciler.model.data import Results, Snapshot
from reconciler.model.fact import Result
from reconciler.model.identity import AttemptKey

LOG_TAIL: Final = 256 * 1024
LOGS_KEPT: Final = 10_000
_FAST: Final = 1  # zlib's level: a pass that ends a hundred instances must not wait for logs


def reserved(connection: sqlite3.Connection, fact: facts.AttemptReserved) -> None:
    """Begin an attempt's record."""
    # REPLACE, not an upsert: a reservation starts the record afresh.
    connection.execute(
        "REPLACE INTO attempts"
        " (run, instance, number, node, shape, revision, reserved_at, count, outputs,"
        " equal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *attempt_row(connection, fact.attempt),
            fact.node,
            fact.shape,
            fact.revision,
            fact.at,
            fact.count,
            fact.outputs,
            fact.equal,
        ),
    )


def start_requested(connection: sqlite3.Connection, fact: facts.StartRequested) -> None:
    """Keep that an attempt may run from now on."""
    connection.execute(
        "INSERT INTO attempts (run, instance, number, start_requested_at, era, equal)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " start_requested_at = excluded.start_requested_at, era = excluded.era,"
        " equal = excluded.equal",
        (*attempt_row(connection, fact.attempt), fact.at, fact.era, fact.equal),
    )


def started(connection: sqlite3.Connection, fact: facts.AttemptStarted) -> None:
    """Keep when an attempt was first seen to run."""
    connection.execute(
        "INSERT INTO attempts (run, instance, number, started_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET started_at = excluded.started_at",
        (*attempt_row(connection, fact.attempt), fact.at),
    )


def stop_requested(connection: sqlite3.Connection, fact: facts.StopRequested) -> None:
    """Keep that an attempt is to end, and why."""
    connection.execute(
        "INSERT INTO attempts (run, instance, number, stop_requested_at, stop_reason,"
        " stop_result) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " stop_requested_at = excluded.stop_requested_at, stop_reason = excluded.stop_reason,"
        " stop_result = excluded.stop_result",
        (*attempt_row(connection, fact.attempt), fact.at, text(fact.reason), str(fact.result)),
    )


def ended(connection: sqlite3.Connection, fact: facts.AttemptEnded) -> None:
    """Keep an attempt's outcome, and the end of what it printed."""
    key = attempt_row(connection, fact.attempt)
    connection.execute(
        "INSERT INTO attempts (run, instance, number, node, result, exit_code, oom, started_at,"
        " finished_at, ended_at, reason, cpu_seconds, peak_memory)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET node = excluded.node, result = excluded.result,"
        " exit_code = excluded.exit_code, oom = excluded.oom, started_at = excluded.started_at,"
        " finished_at = excluded.finished_at, ended_at = excluded.ended_at,"
        " reason = excluded.reason, cpu_seconds = excluded.cpu_seconds,"
        " peak_memory = excluded.peak_memory",
        (
            *key,
            fact.node,
            str(fact.result),
            fact.exit_code,
            fact.oom,
            fact.started_at,
            fact.finished_at,
            fact.at,
            text(fact.reason),
            fact.cpu_seconds,
            fact.peak_memory,
        ),
    )
    if fact.logs:
        connection.execute(
            "REPLACE INTO logs (run, instance, number, tail) VALUES (?, ?, ?, ?)",
            (*key, zlib.compress(fact.logs[-LOG_TAIL:], _FAST)),
        )
        connection.execute(
            "DELETE FROM logs WHERE id <= (SELECT max(id) FROM logs) - ?", (LOGS_KEPT,)
        )


def expired(connection: sqlite3.Connection, fact: facts.AttemptExpired) -> None:
    """Let an attempt's logs go."""
    key = attempt_row(connection, fact.attempt)
    connection.execute("DELETE FROM logs WHERE (run, instance, number) = (?, ?, ?)", key)
    connection.execute(
        "INSERT INTO attempts (run, instance, number, expired) VALUES (?, ?, ?, 1)"
        " ON CONFLICT DO UPDATE SET expired = 1",
        key,
    )


def forgotten(connection: sqlite3.Connection, fact: facts.AttemptsForgotten) -> None:
    """Let attempts go with their logs, and keep what counts of them."""
    run = known_run(connection, fact.task, fact.run)
    gone = [(run, fact.instance, number) for number in fact.attempts]
    for table in ("attempts", "logs"):
        connection.executemany(
            f"DELETE FROM {table} WHERE run = ? AND instance = ? AND number = ?",  # noqa: S608 - ours
            gone,
        )
    counts = (fact.failures, fact.row, fact.last)
    connection.execute("DELETE FROM forgotten WHERE run = ? AND instance = ?", (run, fact.instance))
    if any(counts):
        row = (run, fact.instance, *counts)
        connection.execute("INSERT INTO forgotten VALUES (?, ?, ?, ?, ?)", row)


def snapshot_asked(connection: sqlite3.Connection, fact: facts.SnapshotAsked) -> None:
    """Keep that a person wants an attempt's files stored now."""
    key = attempt_row(connection, fact.attempt)
    before = _snapshot(connection, key)
    _put_snapshot(connection, key, replace(before, asked_at=fact.at))


def snapshot_taken(connection: sqlite3.Connection, fact: facts.SnapshotTaken) -> None:
    """Keep what was stored of an attempt's files while it ran."""
    key = attempt_row(connection, fact.attempt)
    asked = _snapshot(connection, key).asked_at
    _put_snapshot(connection, key, Snapshot(fact.at, fact.files, fact.bytes, asked))


def results_sent(connection: sqlite3.Connection, fact: facts.ResultsSent) -> None:
    """Keep what is stored of an attempt's files."""
    connection.execute(
        "INSERT INTO attempts (run, instance, number, results) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET results = excluded.results",
        (*attempt_row(connection, fact.attempt), text(as_text(fact.results))),
    )


def results_discarded(connection: sqlite3.Connection, fact: facts.ResultsDiscarded) -> None:
    """Keep that what is not stored of an attempt's files is given up."""
    connection.execute(
        "INSERT INTO attempts (run, instance, number, discarded_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET discarded_at = excluded.discarded_at",
        (*attempt_row(connection, fact.attempt), fact.at),
    )


def taken_over(connection: sqlite3.Connection, fact: facts.ResultTakenOver) -> None:
    """Keep that an attempt has succeeded by what another one has come to."""
    connection.execute(
        "REPLACE INTO attempts (run, instance, number, node, revision, reserved_at, result,"
        " ended_at, reason, count, outputs, results, equal, origin)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *attempt_row(connection, fact.attempt),
            fact.node,
            fact.revision,
            fact.at,
            str(Result.SUCCEEDED),
            fact.at,
            f"taken over from {fact.origin}",
            fact.count,
            fact.outputs,
            text(as_text(fact.results)) if fact.results else None,
            fact.equal,
            as_text(fact.origin),
        ),
    )


def results_gone(connection: sqlite3.Connection, fact: facts.ResultsGone) -> None:
    """Keep that nothing can be taken over from an attempt any more."""
    attempt = fact.attempt
    connection.execute(
        "UPDATE attempts SET equal = '' WHERE run = ? AND instance = ? AND number = ?",
        (run_row(connection, attempt.key.task, attempt.run), attempt.key.instance, attempt.attempt),
    )


def _snapshot(connection: sqlite3.Connection, key: tuple[int, int, int]) -> Snapshot:
    found = connection.execute(
        "SELECT snapshot FROM attempts WHERE run = ? AND instance = ? AND number = ?", key
    ).fetchone()
    return (snapshot_in(found[0]) if found else None) or Snapshot()


def _put_snapshot(
    connection: sqlite3.Connection, key: tuple[int, int, int], snapshot: Snapshot
) -> None:
    connection.execute(
        "INSERT INTO attempts (run, instance, number, snapshot) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET snapshot = excluded.snapshot",
        (*key, as_text(snapshot)),
    )


def as_text(kept: Results | Snapshot | AttemptKey) -> str:
    """Return what is kept as one value."""
    return msgspec.json.encode(kept).decode()


def results_in(said: str | None) -> Results | None:
    """Return what is stored of an attempt's files, None for nothing."""
    return msgspec.json.decode(said, type=Results) if said else None


def origin_in(said: str | None) -> AttemptKey | None:
    """Return the attempt that has run, None where it is this one."""
    return msgspec.json.decode(said, type=AttemptKey) if said else None


def snapshot_in(said: str | None) -> Snapshot | None:
    """Return what was stored while it ran, None for nothing."""
    return msgspec.json.decode(said, type=Snapshot) if said else None
