"""What is on record of pools and their slots: one row each.

The counterpart of what `model.pool.note` does with the same facts.
"""

import sqlite3

import msgspec

from reconciler.ledger.words import text
from reconciler.model.amounts import Amounts
from reconciler.model.fact import (
    PolicyApplied,
    PoolFact,
    PoolShrunk,
    SlotClosed,
    SlotClosing,
    SlotOpened,
    SlotReady,
    SlotUsed,
)
from reconciler.model.pool import PoolRecord, PoolRecords, PoolSlot

_SLOT = "number, node, form, room, opened_at, ready_at, busy, used, since, closing"


def write(connection: sqlite3.Connection, fact: PoolFact) -> None:
    """Bring a fact about a pool into its rows."""
    pool = text(fact.pool)
    connection.execute("INSERT OR IGNORE INTO pools VALUES (?, 0, '', 0.0)", (pool,))
    match fact:
        case SlotOpened():
            _open(connection, fact)
        case SlotReady():
            _change(connection, fact, "ready_at = ?, since = ?", fact.at, fact.at)
        case SlotUsed():
            _change(connection, fact, "busy = ?, used = 1, since = ?", fact.busy, fact.at)
        case SlotClosing():
            _change(connection, fact, "closing = ?", text(fact.reason))
        case SlotClosed():
            known = (pool, fact.slot)
            connection.execute("DELETE FROM slots WHERE pool = ? AND number = ?", known)
        case PolicyApplied():
            said = (text(fact.policy), pool)
            connection.execute("UPDATE pools SET policy = ? WHERE name = ?", said)
        case PoolShrunk():
            connection.execute("UPDATE pools SET shrunk_at = ? WHERE name = ?", (fact.at, pool))


def _open(connection: sqlite3.Connection, fact: SlotOpened) -> None:
    room = msgspec.json.encode(fact.room).decode()
    connection.execute(
        "REPLACE INTO slots VALUES (?, ?, ?, ?, ?, ?, 0.0, 0, 0, ?, '')",
        (text(fact.pool), fact.slot, text(fact.node), fact.form, room, fact.at, fact.at),
    )
    connection.execute(
        "UPDATE pools SET next = max(next, ?) WHERE name = ?", (fact.slot + 1, text(fact.pool))
    )


def _change(
    connection: sqlite3.Connection,
    fact: SlotReady | SlotUsed | SlotClosing,
    assignments: str,
    *values: float | str,
) -> None:
    connection.execute(
        f"UPDATE slots SET {assignments} WHERE pool = ? AND number = ?",  # noqa: S608 - ours
        (*values, text(fact.pool), fact.slot),
    )


def load(connection: sqlite3.Connection) -> PoolRecords:
    """Return what is on record of every pool."""
    records = {
        name: PoolRecord(*record)
        for name, *record in connection.execute("SELECT name, next, policy, shrunk_at FROM pools")
    }
    for pool, *row in connection.execute(f"SELECT pool, {_SLOT} FROM slots"):  # noqa: S608 - ours
        number, node, form, room, opened_at, ready_at, busy, used, since, closing = row
        records[pool].slots[number] = PoolSlot(
            number,
            node,
            form,
            msgspec.json.decode(room, type=Amounts),
            opened_at,
            ready_at,
            bool(busy),
            bool(used),
            since,
            closing,
        )
    return records
