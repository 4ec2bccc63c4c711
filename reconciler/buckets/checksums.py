"""Checksums as services give them: the ETag, which of most services is made of MD5.

Decides of which parts an object can have been made: its ETag is the MD5 of its content, or the
MD5 of the MD5s of its parts and their number. An ETag may be neither (where a service encrypts
with keys of its own): then nothing is known. MD5 finds accidents, and is not asked for more.
"""

import hashlib
import queue
import re
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final, Self

_MIB: Final = 1024 * 1024
_ETAG: Final = re.compile(r'"?([0-9a-f]{32})(?:-([0-9]{1,5}))?"?')
# What clients make parts of, besides ours: in MiB.
_USUAL: Final = (5, 8, 10, 15, 16, 25, 32, 50, 64, 100, 128, 256, 512)
_WAITING: Final = 8
WHOLE: Final = 0
"""The form of an object that was not made of parts."""


def forms_of(version: str, size: int, own: int) -> tuple[int, ...]:
    """Return sizes of parts that an object can have been made of; none where nothing is known.

    `own` is the size that we would have taken.
    """
    found = _ETAG.fullmatch(version)
    if found is None:
        return ()
    if found[2] is None:
        return (WHOLE,)
    parts = int(found[2])
    sizes = dict.fromkeys((own, *(number * _MIB for number in _USUAL)))
    return tuple(part for part in sizes if max(1, -(-size // part)) == parts)


def is_checksum(version: str) -> bool:
    """Tell whether a version looks like a checksum."""
    return _ETAG.fullmatch(version) is not None


class Sums:
    """What the ETag of some content would be, for each of some sizes of parts."""

    def __init__(self, forms: Iterable[int]) -> None:
        self.forms = tuple(dict.fromkeys(forms))
        self._sums = [_Sum(part) for part in self.forms]
        self._aside: queue.Queue[bytes | None] | None = None

    def add(self, piece: bytes) -> None:
        """Take the next piece in."""
        if self._aside is not None:
            self._aside.put(piece)
        else:
            self._take(piece)

    @contextmanager
    def aside(self, *, large: bool) -> Generator[Self]:
        """Take large content in beside its being carried, for the length of a block."""
        if not large or not self._sums:
            yield self
            return
        pieces: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        thread = threading.Thread(target=self._take_all, args=(pieces,), daemon=True)
        thread.start()
        self._aside = pieces
        try:
            yield self
        finally:
            self._aside = None
            pieces.put(None)
            thread.join()

    def _take_all(self, pieces: "queue.Queue[bytes | None]") -> None:
        while (piece := pieces.get()) is not None:
            self._take(piece)

    def _take(self, piece: bytes) -> None:
        for each in self._sums:
            each.add(memoryview(piece))

    def etags(self) -> frozenset[str]:
        """Return all that content has been taken in for, as ETags are written."""
        return frozenset(each.etag() for each in self._sums)


class _Sum:
    def __init__(self, part: int) -> None:
        self._part = part
        self._left = part
        self._digests = bytearray()
        self._now = _md5()

    def add(self, piece: memoryview) -> None:
        while self._part and len(piece) > self._left:
            self._now.update(piece[: self._left])
            piece = piece[self._left :]
            self._digests += self._now.digest()
            self._now, self._left = _md5(), self._part
        self._now.update(piece)
        self._left -= len(piece)

    def etag(self) -> str:
        if not self._part:
            return f'"{self._now.hexdigest()}"'
        digests = bytes(self._digests) + self._now.digest()
        return f'"{_md5(digests).hexdigest()}-{len(digests) // 16}"'


def _md5(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)
