"""A large file that comes from elsewhere, and goes on where it was when it is asked for again.

Decides where a part of it waits: in a hidden file beside it, which is called after its name and
the version that it is a part of. Must not know where content comes from.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from reconciler.buckets.bucket import BucketError, ChangedError, Entry
from reconciler.buckets.folder import FolderBucket
from reconciler.buckets.names import PARTIAL, check_name, check_size

_PIECE: Final = 1024 * 1024
_MODE: Final = 0o666

Taken = Callable[[bytes], None]
Reads = Callable[[int], Iterator[bytes]]


def land(folder: FolderBucket, name: str, entry: Entry, read: Reads, taken: Taken) -> None:
    """Make a file of an object's content, which `read` yields from a byte on.

    `taken` is told each piece of the content in its order, those that wait here already as well.
    What has come stays when this ends early, and is seen under its name when it is whole.

    Raises:
        BucketError: somebody else is at it, or what `read` raises.
    """
    check_name(name, folder.name)
    *folders, last = name.split("/")
    with folder.in_words(), folder.descent.made(folders) as at:
        part = _part(name, entry)
        file = os.open(
            part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE, dir_fd=at
        )
        try:
            _lock(file, name, folder.name)
            _forget_others(at, part)
            try:
                _fill(file, entry, read, taken, folder)
            except ChangedError:
                os.unlink(part, dir_fd=at)
                raise
            os.fsync(file)
            os.rename(part, last, src_dir_fd=at, dst_dir_fd=at)
            os.fsync(at)
        finally:
            os.close(file)


def _part(name: str, entry: Entry) -> str:
    of_name, of_version = (
        hashlib.sha256(text.encode()).hexdigest()[:16] for text in (name, entry.version)
    )
    return f"{PARTIAL}{of_name}-{of_version}"


def _lock(file: int, name: str, bucket: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BucketError(f"bucket {bucket}: another process is writing {name}") from error


def _forget_others(at: int, part: str) -> None:
    """Remove parts of former versions."""
    of_name = part.rpartition("-")[0] + "-"
    for other in os.listdir(at):
        if other.startswith(of_name) and other != part:
            with suppress(OSError):
                os.unlink(other, dir_fd=at)


def _fill(file: int, entry: Entry, read: Reads, taken: Taken, folder: FolderBucket) -> None:
    if os.fstat(file).st_size > entry.size:
        os.ftruncate(file, 0)
    have = 0
    while piece := os.read(file, _PIECE):
        have += len(piece)
        taken(piece)
    for piece in read(have):
        left = memoryview(piece)
        while left:
            left = left[os.write(file, left) :]
        have += len(piece)
        taken(piece)
    check_size(have, entry.size, entry.name, folder.name)
