"""A thread that sees whether secrets of services have changed, and tells the inbox.

It reads them now and then, and at once where another revision is in force. What it puts down is a
keyed account, never a value. Decides nothing.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from reconciler.controller.disclosing import Disclosing
from reconciler.controller.happenings import Happening, SecretsRead
from reconciler.engines.engine import EngineError
from reconciler.model.desired import Desired

# How often secrets are read that nobody says anything of, in seconds.
_EVERY: Final = 10.0
_PACE: Final = 0.5


class Confidants:
    """Keeps an eye on secrets until `close`."""

    def __init__(
        self,
        disclosing: Disclosing,
        desired: Callable[[], Desired],
        put: Callable[[Happening], None],
    ) -> None:
        """Read nothing yet; `desired` is the revision in force, asked for in any thread."""
        self._disclosing = disclosing
        self._desired = desired
        self._put = put
        self._closed = threading.Event()
        self._told: Mapping[str, str] = {}

    def begin(self) -> None:
        """Read once before anything is planned, then go on in a thread."""
        first = self._desired()
        self._read(first)
        threading.Thread(target=self._watch, args=(first,), name="secrets", daemon=True).start()

    def close(self) -> None:
        """Read nothing more."""
        self._closed.set()

    def _watch(self, last: Desired) -> None:
        waited = 0.0
        while not self._closed.wait(_PACE):
            now, waited = self._desired(), waited + _PACE
            if waited >= _EVERY or now.revision != last.revision:
                self._read(now)
                last, waited = now, 0.0

    def _read(self, desired: Desired) -> None:
        with suppress(EngineError):  # without the state folder's secret, nothing is known
            found = self._disclosing.accounts(desired)
            if found != self._told and not self._closed.is_set():
                self._told = found
                self._put(SecretsRead(found))
