"""Objects of buckets as one tar, made while it is read.

Small ones are read ahead by a few threads, large ones as they come, so that no more than a bounded
part of all is in memory. The threads end with the process, whatever they wait for.
"""

import queue
import tarfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Final, Self

from reconciler.buckets.bucket import ChangedError
from reconciler.controller.merging import Item

Told = Callable[[int], None]
"""Is told of so many more bytes that were read."""

_SMALL: Final = 2**20
_AHEAD_BYTES: Final = 16 * 2**20
_AHEAD: Final = 64
_READERS: Final = 8
_PIECE: Final = 2**18
_BLOCK: Final = 512
_FILE, _FOLDER = 0o644, 0o755


def packed(items: Sequence[Item], told: Told) -> Iterator[bytes]:
    """Yield a tar of files, in pieces worth sending.

    Raises:
        BucketError: one of them cannot be read.
        ChangedError: one of them is not any more what was listed.
    """
    buffer = bytearray()
    for piece in _pieces(items, told):
        if len(piece) >= _PIECE and not buffer:  # no copy is made of what is large anyhow
            yield piece
            continue
        buffer += piece
        if len(piece) >= _PIECE or len(buffer) >= _PIECE:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def _pieces(items: Sequence[Item], told: Told) -> Iterator[bytes]:
    # First of all a folder: by the first bytes an engine tells how a tar is compressed.
    root = tarfile.TarInfo("./")
    root.type, root.mode = tarfile.DIRTYPE, _FOLDER
    yield root.tobuf(tarfile.PAX_FORMAT)
    with _Readers() as readers:
        waiting: deque[Future[bytes]] = deque()
        ahead, held = 0, 0
        for position, item in enumerate(items):
            ahead = max(ahead, position)
            while ahead < len(items) and len(waiting) < _AHEAD and held < _AHEAD_BYTES:
                if items[ahead].entry.size <= _SMALL:
                    waiting.append(readers.read(items[ahead]))
                    held += items[ahead].entry.size
                ahead += 1
            yield _header(item)
            size = item.entry.size
            if size <= _SMALL:
                content = iter([waiting.popleft().result()])
                held -= size
            else:
                content = item.bucket.read(item.entry)
            yield from _whole(item, content, told)
    yield bytes(2 * _BLOCK)


def _whole(item: Item, content: Iterator[bytes], told: Told) -> Iterator[bytes]:
    """Yield a file's content, filled up as a tar has it."""
    left = item.entry.size
    for piece in content:
        left -= len(piece)
        if left < 0:
            break
        told(len(piece))
        yield piece
    if left:
        name = item.origin.bucket.name
        raise ChangedError(f"bucket {name}: {item.entry.name} has another size than it was listed")
    yield bytes(-item.entry.size % _BLOCK)


def _header(item: Item) -> bytes:
    header = tarfile.TarInfo(item.path)
    header.size, header.mode = item.entry.size, _FILE
    header.mtime = int(item.entry.modified)
    return header.tobuf(tarfile.PAX_FORMAT)


class _Readers:
    """Threads that read whole objects, in the order in which they are asked for."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[Item, Future[bytes]] | None] = queue.SimpleQueue()
        self._threads = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in range(self._threads):
            self._asked.put(None)

    def read(self, item: Item) -> Future[bytes]:
        """Return what will be an object's content."""
        future: Future[bytes] = Future()
        self._asked.put((item, future))
        if self._threads < _READERS:
            self._threads += 1
            threading.Thread(target=self._run, name="reader", daemon=True).start()
        return future

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            item, future = asked
            try:
                future.set_result(b"".join(item.bucket.read(item.entry)))
            except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
                future.set_exception(error)
