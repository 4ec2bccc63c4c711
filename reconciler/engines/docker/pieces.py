"""Pieces of any size as a file that is read from its beginning to its end.

Holds no more than what is asked for and one piece. Must not know what is in them.
"""

import io
from collections.abc import Iterator


class Pieces(io.RawIOBase):
    """A file for who wants one, such as `tarfile`."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Ask for a piece only when it is needed."""
        super().__init__()
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return as many bytes as are asked for, fewer at the end alone; -1 is all."""
        found, have = [self._rest], len(self._rest)
        while (size < 0 or have < size) and (piece := next(self._pieces, b"")):
            found.append(piece)
            have += len(piece)
        whole = b"".join(found)
        end = have if size < 0 else size
        self._rest = whole[end:]
        return whole[:end]
