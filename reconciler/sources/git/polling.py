"""Polling a remote for as long as somebody wants to know.

Decides when: each interval, give or take a tenth, so that many sources do not ask at once;
rarer and rarer while the remote fails; at once when nudged. What is asked is not known here.
"""

import random
import threading
from collections.abc import Callable
from typing import Final, Protocol

from reconciler.sources.git.errors import RemoteError

LONGEST: Final = 300.0
_SPREAD: Final = 0.1


class Polled(Protocol):
    """What is polled."""

    def poll(self, *, hinted: bool) -> bool:
        """Return whether there is something new to read; RemoteError when that is not known.

        `hinted`: somebody says that there is.
        """

    def interrupt(self) -> None:
        """End a poll under way, and refuse any to come."""


class GitWatch:
    """A remote being polled, from construction until `stop`."""

    def __init__(
        self,
        polled: Polled,
        interval: float,
        nudge: threading.Event,
        callback: Callable[[], None],
    ) -> None:
        self._polled = polled
        self._interval = interval
        self._nudge = nudge
        self._callback = callback
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="git-watch", daemon=True)
        self._thread.start()

    @property
    def quiet_since(self) -> float:
        """Always: a commit is whole, there is nothing to wait for."""
        return float("-inf")

    def stop(self) -> None:
        """Stop, and wait for a callback under way."""
        self._stopped.set()
        self._polled.interrupt()
        self._nudge.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            hinted = self._nudge.is_set()
            # Before the poll: whoever nudges from now on wants another one.
            self._nudge.clear()
            try:
                new = self._polled.poll(hinted=hinted)
                failures = 0
            except RemoteError:
                new, failures = False, failures + 1
            if new and not self._stopped.is_set():
                self._callback()
            chance = random.uniform(-1, 1)  # noqa: S311  # to spread calls, not to keep secrets
            self._wait(pause(self._interval, failures, chance))

    def _wait(self, seconds: float) -> None:
        # `stop` nudges as well; if that was just cleared, it has been stopped before.
        if not self._stopped.is_set():
            self._nudge.wait(seconds)


def pause(interval: float, failures: int, chance: float) -> float:
    """Return how long to wait after so many failures in a row; `chance` is from -1 to 1."""
    backoff = max(interval, min(interval * 2.0 ** min(failures, 30), LONGEST))
    return backoff * (1 + _SPREAD * chance)
