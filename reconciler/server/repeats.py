"""What has come before: deliveries by their id, and by their body, for a while.

A forge that saw no answer in time delivers again, and somebody who has caught a signed body can
send it again under another id. Decides from the times it is told.
"""

import hashlib
from collections import OrderedDict
from typing import Final

REMEMBERED_SECONDS: Final = 600.0
_MOST: Final = 20_000


class Repeats:
    """The deliveries of the last ten minutes, as far as memory is given to them."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def is_new(self, path: str, delivery: str, body: bytes, now: float) -> bool:
        """Remember a delivery; whether neither its id nor its body came to this path before.

        Two hooks of one repository bring the same body to two paths. An empty body says nothing
        that could be told apart.
        """
        self._forget(now)
        marks = [_mark(path, b"id", delivery.encode())] if delivery else []
        marks += [_mark(path, b"body", body)] if body else []
        known = any(mark in self._seen for mark in marks)
        for mark in marks:
            self._seen.setdefault(mark, now)
        return not known

    def _forget(self, now: float) -> None:
        while self._seen:
            mark, when = next(iter(self._seen.items()))
            if when > now - REMEMBERED_SECONDS and len(self._seen) <= _MOST:
                return
            del self._seen[mark]


def _mark(path: str, kind: bytes, content: bytes) -> bytes:
    # The parts of a mark are kept apart by what no path holds.
    return hashlib.sha256(path.encode() + b"\n" + kind + b"\n" + content).digest()
