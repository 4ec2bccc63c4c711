"""What is on record of nodes: one row each.

The counterpart of what `model.node.note` does with the same facts.
"""

import sqlite3

from reconciler.ledger.words import text
from reconciler.model import fact as facts
from reconciler.model.fact import NodeFact
from reconciler.model.node import NodeRecord, NodeRecords, note

_COLUMNS = "lost_at, reason, ordered, draining_at, drained_at, spec, grace"


def write(connection: sqlite3.Connection, fact: NodeFact) -> None:
    """Bring a fact about a node into its row."""
    if isinstance(fact, facts.NodeForgotten):
        connection.execute("DELETE FROM nodes WHERE name = ?", (text(fact.node),))
        return
    found = load(connection, fact.node)
    note(fact, found)
    record = found[fact.node]
    connection.execute(
        "REPLACE INTO nodes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            text(fact.node),
            record.lost_at,
            text(record.reason),
            record.order,
            record.draining_at,
            record.drained_at,
            text(record.spec),
            record.grace,
        ),
    )


def load(connection: sqlite3.Connection, name: str | None = None) -> NodeRecords:
    """Return what is on record of every node, or of one."""
    where, known = (" WHERE name = ?", (text(name),)) if name is not None else ("", ())
    rows = connection.execute(f"SELECT name, {_COLUMNS} FROM nodes{where}", known)  # noqa: S608 - ours
    return {name: NodeRecord(*record) for name, *record in rows}
