"""Pieces of any size as a file that is read from its beginning to its end.

Holds no more than what is asked for and one piece. Must not know what is in them.
"""

import io
from collections.abc import Iterator


class Pieces(io.RawIOBase):
    """A file for who wants one, such as `tarfile`; what is of no interest is skipped by `seek`."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Ask for a piece only when it is needed."""
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Return as many bytes as are asked for, fewer at the end alone; -1 is all."""
        found, left = [], size
        while left and (piece := self._next(left)):
            found.append(piece)
            left -= len(piece) if size > 0 else 0
        return b"".join(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go forward to a byte, or to the end where there are fewer; there is no way back."""
        if whence != io.SEEK_SET or offset < self._at:
            raise io.UnsupportedOperation("this is read from its beginning to its end")
        while self._at < offset and self._next(offset - self._at):
            pass
        return self._at

    def tell(self) -> int:
        """Return how many bytes have gone by."""
        return self._at

    def _next(self, most: int) -> memoryview:
        """Return some of what comes next, nothing at the end; a negative number is no bound."""
        piece = self._rest or memoryview(next(self._pieces, b""))
        end = len(piece) if most < 0 else min(most, len(piece))
        self._rest = piece[end:]
        self._at += end
        return piece[:end]
