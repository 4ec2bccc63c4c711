"""What is known and what is on record: kept the same, as far as the ledger lets us.

Decides nothing about tasks. What was learned is known at once and recorded with what comes next;
what is intended is known only once it is on record. While the ledger refuses, it is left alone
for a moment. Lines of the event log go the same way, and to whoever listens.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from reconciler.controller.chronicle import said_of
from reconciler.ledger import LedgerUnwritable, LogEntry
from reconciler.model.fact import Fact
from reconciler.model.history import History

Tell = Callable[[LogEntry], None]
# How long to leave a full disk alone before the next try, in seconds.
_PAUSE: Final = 1.0


class Record(Protocol):
    """As much of a ledger as is needed."""

    def load(self) -> History:
        """Return what is on record."""

    def record(self, facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        """Make facts durable, all or none; raises LedgerUnwritable."""


class Scribe:
    """Keeps a history and its ledger."""

    def __init__(self, ledger: Record, now: Callable[[], float]) -> None:
        """Know what is on record."""
        self.ledger = ledger
        self.history = ledger.load()
        self.listeners: list[Tell] = []
        # Why the ledger takes nothing at the moment, and when (epoch seconds) to try again.
        self.error = ""
        self.retry_at = 0.0
        self._now = now
        self._facts: list[Fact] = []
        self._entries: list[LogEntry] = []

    @property
    def owes_facts(self) -> bool:
        """Whether something is known that is not on record yet."""
        return bool(self._facts)

    @property
    def owes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._facts or self._entries)

    def learn(self, facts: Sequence[Fact]) -> None:
        """Know facts from now on."""
        for fact in facts:
            self.history.apply(fact)
            self._facts.append(fact)
            entry = said_of(fact)
            if entry is not None:
                self.tell(entry)

    def tell(self, entry: LogEntry) -> None:
        """Add a line to the event log, and tell the listeners."""
        self._entries.append(entry)
        self._announce(entry)

    def record(self, facts: Sequence[Fact], entries: Sequence[LogEntry]) -> bool:
        """Put all on record that is owed, and these; return whether the ledger took it."""
        new = [*(e for fact in facts if (e := said_of(fact))), *entries]
        try:
            self.ledger.record([*self._facts, *facts], [*self._entries, *new])
        except LedgerUnwritable as error:
            self._refused(str(error))
            return False
        self.error, self.retry_at = "", 0.0
        self._facts, self._entries = [], []
        for fact in facts:
            self.history.apply(fact)
        for entry in new:
            self._announce(entry)
        return True

    def _refused(self, error: str) -> None:
        now = self._now()
        self.retry_at = now + _PAUSE
        if self.error != error:
            self.error = error
            self._announce(LogEntry(at=now, kind="ledger", message=error, level="error"))

    def _announce(self, entry: LogEntry) -> None:
        for listener in self.listeners:
            listener(entry)
