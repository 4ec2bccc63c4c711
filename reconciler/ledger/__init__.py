"""What happened: outcomes, the event log, requests and the revision in force, durable.

The only home of sqlite3. What a fact means is the model's affair, what follows from it the
planner's; here it is only kept.
"""

from reconciler.ledger.copying import back_up, restore
from reconciler.ledger.errors import (
    LedgerBusy,
    LedgerCorrupt,
    LedgerError,
    LedgerForeign,
    LedgerFull,
    LedgerOutdated,
    LedgerTooNew,
    LedgerUnwritable,
    NoLedger,
)
from reconciler.ledger.journal import LogEntry
from reconciler.ledger.ledger import Anchor, Ledger
from reconciler.ledger.lock import Holder, Lock, LockHeld, holder
from reconciler.ledger.requests import Answer, Request
from reconciler.ledger.state_folder import (
    StateFolderError,
    default_state_folder,
    prepare_state_folder,
)

__all__ = [
    "Anchor",
    "Answer",
    "Holder",
    "Ledger",
    "LedgerBusy",
    "LedgerCorrupt",
    "LedgerError",
    "LedgerForeign",
    "LedgerFull",
    "LedgerOutdated",
    "LedgerTooNew",
    "LedgerUnwritable",
    "Lock",
    "LockHeld",
    "LogEntry",
    "NoLedger",
    "Request",
    "StateFolderError",
    "back_up",
    "default_state_folder",
    "holder",
    "prepare_state_folder",
    "restore",
]
