"""Requests: what one process asks of the process that writes, and its answers.

Decides how they are kept, not what a verb means. Any process may ask; only the writer answers.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct

from reconciler.ledger.words import text

_KEPT: Final = 1_000


class Request(Struct, frozen=True):
    """Something asked for and not yet answered. Arguments are as JSON knows values."""

    id: int
    at: float
    verb: str
    arguments: Mapping[str, object]


class Answer(NamedTuple):
    """What became of a request."""

    ok: bool
    message: str


def ask(
    connection: sqlite3.Connection, verb: str, arguments: Mapping[str, object], at: float
) -> int:
    """Add a request and return its id."""
    made = connection.execute(
        "INSERT INTO requests (at, verb, arguments) VALUES (?, ?, ?)",
        (at, verb, json.dumps(dict(arguments))),
    )
    return int(made.lastrowid or 0)


def pending(connection: sqlite3.Connection) -> list[Request]:
    """Return the unanswered requests, oldest first."""
    rows = connection.execute(
        "SELECT id, at, verb, arguments FROM requests WHERE answered_at IS NULL ORDER BY id"
    )
    return [Request(row, at, verb, json.loads(said)) for row, at, verb, said in rows]


def answer(connection: sqlite3.Connection, request: int, said: Answer, at: float) -> None:
    """Answer a request, the first time for good, and let long answered ones go."""
    connection.execute(
        "UPDATE requests SET answered_at = ?, ok = ?, message = ?"
        " WHERE id = ? AND answered_at IS NULL",
        (at, said.ok, text(said.message), request),
    )
    connection.execute(
        "DELETE FROM requests WHERE answered_at IS NOT NULL AND id <= ?", (request - _KEPT,)
    )


def answer_of(connection: sqlite3.Connection, request: int) -> Answer | None:
    """Return a request's answer, None while there is none."""
    found = connection.execute(
        "SELECT ok, message FROM requests WHERE id = ? AND answered_at IS NOT NULL", (request,)
    ).fetchone()
    return Answer(bool(found[0]), found[1]) if found else None
