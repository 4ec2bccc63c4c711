"""Where requests of other processes come in, and where their answers go out.

Decides only when it looks and when it answers: once what follows from a request is on record.
"""

from typing import NamedTuple

from reconciler.ledger import Ledger, LedgerError, Request


class _Answer(NamedTuple):
    """What is to be answered, to which request."""

    request: int
    ok: bool
    message: str


class Desk:
    """A ledger's requests. A ledger that cannot be used now is tried again later."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._version: int | None = None
        self._answers: list[_Answer] = []

    def fresh(self) -> list[Request]:
        """Return what has been asked and not been judged, oldest first; nothing where nobody wrote.

        Raises:
            LedgerError: when it cannot be read now; `look_again` makes sure that nothing is missed.
        """
        version = self._ledger.data_version()
        if version == self._version:
            return []
        self._version = version
        judged = {answer.request for answer in self._answers}
        return [r for r in self._ledger.pending_requests() if r.id not in judged]

    def look_again(self) -> None:
        """Look the next time, whether or not somebody has written."""
        self._version = None

    def kept(self, request: Request) -> list[str]:
        """Return the revisions that a request may go back to."""
        return self._ledger.kept_revisions() if request.verb == "pin" else []

    def judged(self, request: Request, *, ok: bool, message: str) -> None:
        """Keep what is to be answered."""
        self._answers.append(_Answer(request.id, ok, message))

    def answer(self) -> None:
        """Answer what has been judged."""
        try:
            for number, ok, message in self._answers:
                self._ledger.answer(number, ok=ok, message=message)
        except LedgerError:
            return
        self._answers.clear()
