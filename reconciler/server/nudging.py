"""From hints to nudges: many hints, few nudges, one at a time for each source.

Decides when a source is nudged: at once where it was quiet, and while it is busy or has just
been nudged once more afterwards, whatever came meanwhile. A source that takes its time, or
fails, holds up no other.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from reconciler.server.hinted import Hinted

# The least time from a nudge's end to the next one, in seconds.
PAUSE_SECONDS: Final = 1.0
# How long a nudge under way is waited for at the end, in seconds.
_FAREWELL_SECONDS: Final = 5.0


class Nudging:
    """One thread for each source that may be nudged."""

    def __init__(
        self,
        sources: Sequence[Hinted],
        fault: Callable[[BaseException], None],
        pause: float = PAUSE_SECONDS,
    ) -> None:
        """Be ready to nudge; `fault` hears of what a nudge raises."""
        self._fault = fault
        self._pause = pause
        self._closed = threading.Event()
        self._asked = {source.name: threading.Event() for source in sources}
        self._threads = [
            threading.Thread(target=self._keep, args=(one,), name=f"nudge-{one.name}", daemon=True)
            for one in sources
        ]

    def ask(self, name: str) -> None:
        """Have a source nudged soon; returns at once, from any thread."""
        self._asked[name].set()

    def start(self) -> None:
        """Begin to nudge."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Nudge no more, and wait a while for what is under way."""
        self._closed.set()
        for asked in self._asked.values():
            asked.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_FAREWELL_SECONDS)

    def _keep(self, source: Hinted) -> None:
        asked = self._asked[source.name]
        while True:
            asked.wait()
            if self._closed.is_set():
                return
            asked.clear()
            try:
                source.nudge()
            except Exception as error:  # noqa: BLE001  # the next hint is heard nevertheless
                self._fault(error)
            self._closed.wait(self._pause)
