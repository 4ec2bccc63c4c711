"""Watching one file: from changed content to one call, once it holds still.

Decides when a file has changed and is written to no more. What is in it is not known here.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from reconciler.sources.scan import Signature, signature_of

LOOK: Final = 1.0


class FileWatch:
    """A file being watched, from construction until `stop`; it may go and come back."""

    def __init__(self, path: Path, callback: Callable[[], None], look: float = LOOK) -> None:
        """Look every so many seconds, in a thread of its own that also calls back."""
        self._path = path
        self._callback = callback
        self._look = look
        self._ended = threading.Event()
        self._told = _signature(path)
        self._thread = threading.Thread(target=self._run, name="file-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for a callback under way."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        before = self._told
        while not self._ended.wait(self._look):
            now = _signature(self._path)
            # What has just changed may be half of what it will be: it is told of at the next look.
            if now == before and now != self._told:
                self._told = now
                self._callback()
            before = now


def _signature(path: Path) -> Signature | None:
    try:
        return signature_of(path.stat())
    except OSError:
        return None
