"""What a folder of a container holds, as engines tell of it."""

from collections.abc import Iterator

from msgspec import Struct


class FolderFile(Struct, frozen=True):
    """A file by its path below the folder: its size in bytes, and when it was changed last.

    `modified` is in epoch seconds, by the container's clock, and whole. What of a path is not UTF-8
    are lone surrogates, as Python has them. `pieces` are to be read before the next file is asked
    for, or not at all; together they have `size` bytes.
    """

    path: str
    size: int
    modified: float
    pieces: Iterator[bytes]
