"""The manifests of the last valid revisions: what stays in force while a newer one is not.

Decides how many are kept. What makes a revision valid is not known here.
"""

import os
import sqlite3
import zlib
from collections.abc import Mapping
from typing import Final

_KEPT: Final = 5


def keep(
    connection: sqlite3.Connection, revision: str, files: Mapping[str, bytes], at: float
) -> None:
    """Put a revision in force, and let the oldest go."""
    made = connection.execute(
        "INSERT INTO revisions (revision, at) VALUES (?, ?)", (revision, at)
    ).lastrowid
    connection.executemany(
        "INSERT INTO revision_files VALUES (?, ?, ?)",
        ((made, os.fsencode(path), zlib.compress(content)) for path, content in files.items()),
    )
    connection.execute(
        "DELETE FROM revisions WHERE id NOT IN (SELECT id FROM revisions ORDER BY id DESC LIMIT ?)",
        (_KEPT,),
    )


def name_in_force(connection: sqlite3.Connection) -> str | None:
    """Return the name of the revision kept last."""
    newest = _newest(connection)
    return newest[1] if newest else None


def in_force(connection: sqlite3.Connection) -> tuple[str, dict[str, bytes]] | None:
    """Return the revision kept last, with its files."""
    newest = _newest(connection)
    if newest is None:
        return None
    rows = connection.execute(
        "SELECT path, content FROM revision_files WHERE revision = ? ORDER BY path", newest[:1]
    )
    return newest[1], {os.fsdecode(path): zlib.decompress(content) for path, content in rows}


def _newest(connection: sqlite3.Connection) -> tuple[int, str] | None:
    found = connection.execute(
        "SELECT id, revision FROM revisions ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return (int(found[0]), str(found[1])) if found else None
