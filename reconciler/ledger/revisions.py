"""The manifests of the last valid revisions: to stay in force, to go back to.

Decides how many are kept, and that a file which does not change is kept once: each content is
valid from one revision until another. What makes a revision valid is not known here.
"""

import os
import sqlite3
import zlib
from collections.abc import Mapping
from typing import Final

from reconciler.ledger.words import text
from reconciler.ledger.writing import set_meta
from reconciler.model.shared import differing

KEPT: Final = 20
_IN_FORCE: Final = "revision_in_force"
_OF_REVISION: Final = "since <= :row AND (until IS NULL OR until > :row)"


def keep(
    connection: sqlite3.Connection,
    revision: str,
    files: Mapping[str, bytes],
    at: float,
    before: Mapping[str, bytes],
) -> None:
    """Keep a revision, and let the oldest go. `before` is the one that was kept last."""
    row = int(
        connection.execute(
            "INSERT INTO revisions (revision, at) VALUES (?, ?)", (text(revision), at)
        ).lastrowid
        or 0
    )
    others = sorted(differing(before, files))
    changed = [path for path in others if path in files]
    gone = [path for path in others if path in before]
    connection.executemany(
        "UPDATE contents SET until = ? WHERE path = ? AND until IS NULL",
        ((row, os.fsencode(path)) for path in gone),
    )
    connection.executemany(
        "INSERT INTO contents (path, since, content) VALUES (?, ?, ?)",
        ((os.fsencode(path), row, zlib.compress(files[path])) for path in changed),
    )
    _let_go(connection)


def put_in_force(connection: sqlite3.Connection, revision: str) -> bool:
    """Say which of the kept revisions is in force; return whether it is kept."""
    row = _row(connection, revision)
    if row is not None:
        set_meta(connection, _IN_FORCE, str(row))
    return row is not None


def names(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the kept revisions, the newest first, each once."""
    rows = connection.execute("SELECT revision FROM revisions ORDER BY id DESC")
    return list(dict.fromkeys(name for (name,) in rows))


def newest(connection: sqlite3.Connection) -> str | None:
    """Return the name of the revision kept last."""
    return next(iter(names(connection)), None)


def in_force(connection: sqlite3.Connection) -> str | None:
    """Return the name of the revision in force: the one kept last unless another was chosen."""
    found = connection.execute(
        "SELECT revision FROM revisions ORDER BY id = (SELECT CAST(value AS INTEGER) FROM meta"
        " WHERE key = ?) DESC, id DESC LIMIT 1",
        (_IN_FORCE,),
    ).fetchone()
    return str(found[0]) if found else None


def files_of(connection: sqlite3.Connection, revision: str) -> dict[str, bytes] | None:
    """Return the files of a kept revision, None where it is not kept."""
    row = _row(connection, revision)
    if row is None:
        return None
    rows = connection.execute(
        f"SELECT path, content FROM contents WHERE {_OF_REVISION} ORDER BY path",  # noqa: S608 - ours
        {"row": row},
    )
    return {os.fsdecode(path): zlib.decompress(content) for path, content in rows}


def _row(connection: sqlite3.Connection, revision: str) -> int | None:
    found = connection.execute(
        "SELECT max(id) FROM revisions WHERE revision = ?", (text(revision),)
    ).fetchone()
    return None if found[0] is None else int(found[0])


def _let_go(connection: sqlite3.Connection) -> None:
    """Forget the oldest revisions, but not one that is in force or pinned."""
    gone = connection.execute(
        "DELETE FROM revisions WHERE id NOT IN (SELECT id FROM revisions ORDER BY id DESC LIMIT ?)"
        " AND CAST(id AS TEXT) NOT IN (SELECT value FROM meta WHERE key = ?)"
        " AND revision NOT IN (SELECT value FROM meta WHERE key = 'pinned_revision')",
        (KEPT, _IN_FORCE),
    ).rowcount
    if gone:
        connection.execute(
            "DELETE FROM contents WHERE until IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM revisions WHERE id >= since AND id < until)"
        )
