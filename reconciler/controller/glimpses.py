"""What is seen of running containers, passed from the one that writes to those that read.

A small file in the state folder, written anew when something has changed. Nothing rests on it:
it is as good as its writer is alive, and who reads it checks that.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from reconciler.ledger import Holder
from reconciler.model.headway import Glimpse

_NAME: Final = "live.json"
_SECONDS: Final = 1.0

Glimpses = Mapping[str, Glimpse]
"""What was last seen of containers that run, by id, and of transfers, by what they are of."""


class _Page(msgspec.Struct, frozen=True):
    """What is in the file, and which process has written it."""

    pid: int
    glimpses: dict[str, Glimpse]


class Publisher:
    """Writes what is seen, at most once a second, and takes it away in the end."""

    def __init__(self, folder: Path) -> None:
        """Write into a state folder."""
        self._path = folder / _NAME
        self._next = 0.0

    def due(self) -> bool:
        """Whether something may be said again: once a second, counted from the last yes."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _SECONDS
        return True

    def publish(self, glimpses: Glimpses) -> None:
        """Say what is seen now. A disk that refuses costs the readers a glimpse, and no more."""
        page = _Page(os.getpid(), dict(glimpses))
        draft = self._path.with_suffix(".draft")
        with suppress(OSError):
            draft.write_bytes(msgspec.json.encode(page))
            draft.replace(self._path)

    def close(self) -> None:
        """Take away what was said."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def read(folder: Path, writer: Holder | None) -> Glimpses:
    """Return what the process that writes sees; nothing where none does, or says nothing."""
    if writer is None:
        return {}
    try:
        page = msgspec.json.decode((folder / _NAME).read_bytes(), type=_Page)
    except (OSError, msgspec.MsgspecError):
        return {}
    return page.glimpses if page.pid == writer.pid else {}
