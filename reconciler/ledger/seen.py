"""The revisions that the source has shown, valid or not, in the order seen.

Decides how a revision that is seen again is told from one that comes back: the newest one is
still the same, any other begins anew. The counterpart of what `History.apply` does with the
same facts.
"""

import sqlite3

from reconciler.ledger.words import text
from reconciler.model import fact as facts
from reconciler.model.revision import REMEMBERED, Revision

_WORKED = """UPDATE seen SET created = created + ?, replaced = replaced + ?,
    torn_down = torn_down + ?"""
_NEWEST = "id = (SELECT max(id) FROM seen WHERE revision = ?)"


def add(connection: sqlite3.Connection, fact: facts.RevisionSeen) -> None:
    """Remember a revision, and let the oldest go."""
    name, problem = text(fact.revision), text(fact.problem)
    newest = connection.execute(
        "SELECT id, revision, valid FROM seen ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if newest is None or newest[1] != name:
        connection.execute(
            "INSERT INTO seen (revision, at, valid, problem, author, subject)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (name, fact.at, fact.valid, problem, text(fact.author), text(fact.subject)),
        )
        connection.execute(
            "DELETE FROM seen WHERE id <= (SELECT max(id) FROM seen) - ?", (REMEMBERED,)
        )
    elif bool(newest[2]) != fact.valid:
        connection.execute(
            "UPDATE seen SET valid = ?, problem = ? WHERE id = ?",
            (fact.valid, problem, newest[0]),
        )


def worked(connection: sqlite3.Connection, fact: facts.RevisionWorked) -> None:
    """Add to what has been done for a revision."""
    connection.execute(
        f"{_WORKED} WHERE {_NEWEST}",
        (fact.created, fact.replaced, fact.torn_down, text(fact.revision)),
    )


def converged(connection: sqlite3.Connection, fact: facts.RevisionConverged) -> None:
    """Note when everything was as the revision asks for it, the first time."""
    connection.execute(
        f"UPDATE seen SET converged_at = ? WHERE converged_at = 0.0 AND {_NEWEST}",  # noqa: S608 - ours
        (fact.at, text(fact.revision)),
    )


def load(connection: sqlite3.Connection) -> list[Revision]:
    """Return what is remembered, the oldest first."""
    return [
        Revision(name, at, bool(valid), *rest)
        for name, at, valid, *rest in connection.execute(
            "SELECT revision, at, valid, problem, author, subject, created, replaced, torn_down,"
            " converged_at FROM seen ORDER BY id"
        )
    ]
