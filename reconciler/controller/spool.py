"""Where files are kept for a moment that are to be read quickly and sent slowly.

One file without a name on this machine's disk: it is gone with its process, however that ends.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Self

_PIECE: Final = 1024 * 1024


class Spool:
    """Written by one thread, read by any."""

    def __init__(self, folder: Path) -> None:
        """Keep it in a folder.

        Raises:
            OSError: it cannot be made.
        """
        self._file = tempfile.TemporaryFile(dir=folder, prefix="spool-")  # noqa: SIM115  # closed by whoever uses this
        self._end = 0

    def __enter__(self) -> Self:
        """Use it for the length of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the room back."""
        self._file.close()

    def put(self, pieces: Iterable[bytes]) -> int:
        """Keep what comes, and return where it begins.

        Raises:
            OSError: there is no room.
        """
        begin = self._end
        for piece in pieces:
            self._file.write(piece)
            self._end += len(piece)
        self._file.flush()
        return begin

    def drop(self, begin: int) -> None:
        """Keep nothing of what came from there on."""
        self._file.seek(begin)
        self._file.truncate()
        self._end = begin

    def read(self, begin: int, size: int) -> Iterator[bytes]:
        """Yield what was kept."""
        while size:
            piece = os.pread(self._file.fileno(), min(size, _PIECE), begin)
            if not piece:
                raise EOFError("what was kept for a moment is gone")
            yield piece
            begin, size = begin + len(piece), size - len(piece)
