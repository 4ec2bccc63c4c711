"""How far transfers of data are that are under way, and how fast they go.

Told by those who carry the data, in any thread, and asked by those who show it. Nothing rests on
it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from reconciler.model.headway import Transfer

# The speed is that of so many seconds at least.
_STRETCH: Final = 3.0


class _Course:
    """One transfer's way so far, with where it was at two times before."""

    def __init__(self, total: int) -> None:
        self.done, self.total = 0, total
        now = time.monotonic()
        self._earlier, self._later = (now, 0), (now, 0)

    def seen(self) -> Transfer:
        now = time.monotonic()
        if now - self._later[0] > _STRETCH:
            self._earlier, self._later = self._later, (now, self.done)
        since, before = self._earlier
        took = now - since
        return Transfer(self.done, self.total, (self.done - before) / took if took > 0 else 0.0)


class Transfers:
    """The transfers of one process, by what they are of."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._under_way: dict[str, _Course] = {}

    @contextmanager
    def of(self, subject: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a transfer of `total` bytes for the length of a block.

        What is given is to be told of bytes as they are on their way.
        """
        course = _Course(total)

        def told(more: int) -> None:
            course.done += more

        with self._lock:
            self._under_way[subject] = course
        try:
            yield told
        finally:
            with self._lock:
                del self._under_way[subject]

    def seen(self) -> Mapping[str, Transfer]:
        """Return how far each of them is."""
        with self._lock:
            return {subject: course.seen() for subject, course in self._under_way.items()}
