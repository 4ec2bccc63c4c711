"""What a container printed: its end, or as it comes."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.engines.docker.client import Clients, Params
from reconciler.engines.docker.wire import frames

_DEADLINE: Final = 30
_SHORT_LINE: Final = 16
_FEWEST_LINES: Final = 100
_MOST_LINES: Final = 10_000


def last_output(clients: Clients, container: str, limit: int) -> bytes:
    """Return at most the last `limit` bytes, without reading all that there is.

    The engine counts in lines, so as many are asked for as fill the limit when they are short.
    They are read into a window, for they may be long instead.
    """
    if limit <= 0:
        return b""
    count = min(max(limit // _SHORT_LINE, _FEWEST_LINES), _MOST_LINES)
    params = _params(str(count))
    path, doing = f"/containers/{container}/logs", f"read the output of {container}"
    wire = clients.stream(doing, path, params, deadline=_DEADLINE, idle=_DEADLINE)
    if wire is None:
        return b""
    try:
        return tail_of(_in_time(frames(wire.chunks())), limit)
    finally:
        wire.close()


def follow_output(clients: Clients, container: str, tail: int | None) -> Iterator[bytes]:
    """Yield output until the container ends or the generator is closed."""
    params = _params("all" if tail is None else str(tail)) | {"follow": "1"}
    path, doing = f"/containers/{container}/logs", f"follow the output of {container}"
    wire = clients.stream(doing, path, params, deadline=_DEADLINE, idle=None)
    if wire is None:
        return
    try:
        yield from frames(wire.chunks())
    finally:
        wire.close()


def tail_of(pieces: Iterable[bytes], limit: int) -> bytes:
    """Return the last `limit` bytes of what may be far more, holding no more than that."""
    window: deque[bytes] = deque()
    held = 0
    for piece in pieces:
        window.append(piece)
        held += len(piece)
        while held - len(window[0]) >= limit:
            held -= len(window.popleft())
    return b"".join(window)[-limit:]


def _params(tail: str) -> Params:
    return {"stdout": "1", "stderr": "1", "tail": tail}


def _in_time(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Stop reading at the deadline: a program may print faster than we read."""
    until = time.monotonic() + _DEADLINE
    for piece in pieces:
        yield piece
        if time.monotonic() > until:
            return
