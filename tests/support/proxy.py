"""A socket between the product and the engine that misbehaves on demand, as engines do.

It forwards to this machine's engine, or another. Requests may be held back (a wedged engine: they
hang, and are carried out when it comes free), and answers may be lost, cut short or come late after
the engine has acted.
`stop` and `start` are an engine that goes away and comes back.
"""

import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

from tests.support.engines import SOCKET

Matches = Callable[[str, str], bool]
# What may become of an answer: nothing of it arrives, or half of it, or all of it late.
Manner = Literal["lost", "cut", "late"]
# Seconds: longer than the shortest of the deadlines that are set to the engine.
LATE: Final = 6.0


class Spoiling(NamedTuple):
    """Which answer is to be spoiled, by its request's method and target, and how."""

    method: str
    pattern: str
    manner: Manner

    def concerns(self, request: "Asked") -> bool:
        return self.method == request.method and bool(re.search(self.pattern, request.target))


class Asked(NamedTuple):
    """A request: its target without version, and all its bytes."""

    method: str
    target: str
    content: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


class Request(NamedTuple):
    """What the engine was asked for, and when, by the clock of `time.perf_counter`."""

    method: str
    path: str
    at: float
    query: str = ""


_VERSION = re.compile(r"^/v[0-9.]+")
_CHUNK = 65536


def everything_but_reads(method: str, path: str) -> bool:
    """Match what a wedged engine hangs on: all but its ping, its version, lists and events."""
    answered = {"/_ping", "/version", "/containers/json", "/events"}
    return not (method in {"GET", "HEAD"} and path in answered)


class Proxy:
    """Behaves until told otherwise. Use it by its `url`."""

    def __init__(self, path: Path, url: str = SOCKET) -> None:
        self._path = path
        self._upstream = url.removeprefix("unix://")
        self._held: Matches = lambda method, path: False
        # What is still to be spoiled.
        self.unspoiled: list[Spoiling] = []
        self._free = threading.Event()
        self._free.set()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        # Event streams stay open, new ones open, and nothing comes out of them.
        self.deaf = False
        self._streams: set[socket.socket] = set()
        self.requests: list[Request] = []
        self.hanging: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"unix://{self._path}"

    def start(self) -> None:
        """Listen, and serve everybody in threads of their own."""
        self._listener = listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen(64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Go away, as a stopped engine does: connections break, the socket vanishes."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._path.unlink(missing_ok=True)
        self._free.set()
        for connection in list(self._open):
            _end(connection)

    def wedge(self, held: Matches = everything_but_reads) -> None:
        """Let these requests hang from now on."""
        self._free.clear()
        self._held = held

    def unwedge(self) -> None:
        """Carry out what hangs, and everything from now on."""
        self._held = lambda method, path: False
        self._free.set()

    def spoil(self, method: str, pattern: str, manner: Manner = "lost") -> None:
        """Let the next such request be carried out, and its answer come to grief."""
        self.unspoiled.append(Spoiling(method, pattern, manner))

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        upstream = socket.socket(socket.AF_UNIX)
        self._open |= {client, upstream}
        try:
            upstream.connect(self._upstream)
            due: deque[Manner] = deque()
            threading.Thread(target=self._pump, args=(upstream, client, due), daemon=True).start()
            with client.makefile("rb") as requests:
                while (request := _read(requests)) is not None:
                    self._forward(request, upstream, due)
        except OSError:
            pass
        finally:
            self._open -= {client, upstream}
            _end(client)
            _end(upstream)

    def _forward(self, asked: Asked, upstream: socket.socket, due: deque[Manner]) -> None:
        """Pass a request on, at its time; `due` is what becomes of its answer."""
        method, path = asked.method, asked.path
        self.requests.append(Request(method, path, time.perf_counter(), asked.query))
        if self._held(method, path):
            self.hanging.append((method, path))
            self._free.wait()
        spoiling = next((one for one in self.unspoiled if one.concerns(asked)), None)
        if spoiling is not None:
            self.unspoiled.remove(spoiling)
            due.append(spoiling.manner)
        if path == "/events":
            self._streams.add(upstream)
        upstream.sendall(asked.content)

    def _pump(self, source: socket.socket, sink: socket.socket, due: deque[Manner]) -> None:
        """Pass answers back; one that is to be spoiled has begun to come, so the engine acted."""
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                manner = due.popleft() if due else None
                if manner == "lost":
                    break
                if manner == "cut":
                    sink.sendall(_half(data))
                    break
                if manner == "late":
                    time.sleep(LATE)
                untold = self.deaf and source in self._streams and not data.startswith(b"HTTP/")
                if not untold:
                    sink.sendall(data)
        _end(sink)


def _read(stream: BinaryIO) -> Asked | None:
    """Return the next request, None at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    body = stream.read(int(found[1])) if found else b""
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        body = _chunks(stream)
    return Asked(method, _VERSION.sub("", target), head + body)


def _chunks(stream: BinaryIO) -> bytes:
    """Return a body that comes in pieces, with what tells them apart; cut short where it is."""
    found = []
    while size := stream.readline():
        length = int(size, 16)
        found += [size, stream.read(length + 2)]
        if not length:
            break
    return b"".join(found)


def _half(answer: bytes) -> bytes:
    """Return half of what an answer says, or where it says nothing half of its head."""
    head, gap, body = answer.partition(b"\r\n\r\n")
    return head + gap + body[: len(body) // 2] if body else head[: len(head) // 2]


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
