"""A loopback address between the product and an HTTP server that dawdles, breaks off or is away."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

_REQUEST: Final = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")
_CHUNK: Final = 64 * 1024


class Relay:
    """Forwards until told otherwise, and counts what is asked. Use it by its `url`."""

    def __init__(self, upstream: int, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._upstream = upstream
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()
        self.port = port
        self.requests: list[tuple[str, str]] = []
        # Bytes a second in each direction of each connection; 0 is as fast as it goes.
        self.pace = 0
        # How often a connection is still to be cut, and after how many bytes of an answer.
        self.cuts = 0
        self.cut_after = 0
        self.silent = False
        # After how many requests it falls silent by itself; 0 is never.
        self.silent_after = 0
        # Bytes of answers that came by.
        self.received = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def count(self, method: str, pattern: str = "") -> int:
        """Return how many such requests came by."""
        return sum(
            1 for asked, path in [*self.requests] if asked == method and re.search(pattern, path)
        )

    def come(self) -> None:
        """Listen, at the same port each time."""
        self._listener = listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def go(self) -> None:
        """Be away: connections break, and no new ones are taken."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in [*self._open]:
            _end(connection)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self._tls:
            try:
                client = self._tls.wrap_socket(client, server_side=True)
            except OSError:
                client.close()
                return
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._upstream)) as server:
            self._open |= {client, server}
            back = threading.Thread(
                target=self._pump, args=(server, client, self._answer()), daemon=True
            )
            back.start()
            self._pump(client, server, self._note)
            back.join()
            self._open -= {client, server}
        _end(client)
        client.close()

    def _pump(
        self, source: socket.socket, sink: socket.socket, look: Callable[[bytes], bool]
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                while self.silent:
                    time.sleep(0.05)
                if not look(data):
                    break
                if self.pace:
                    time.sleep(len(data) / self.pace)
                sink.sendall(data)
        _end(source)
        _end(sink)

    def _note(self, data: bytes) -> bool:
        for method, path in _REQUEST.findall(data):
            self.requests.append((method.decode(), path.decode()))
        if self.silent_after and len(self.requests) >= self.silent_after:
            self.silent = True
        return True

    def _answer(self) -> Callable[[bytes], bool]:
        seen = 0

        def look(data: bytes) -> bool:
            nonlocal seen
            seen += len(data)
            self.received += len(data)
            with self._lock:
                if self.cuts and seen > self.cut_after:
                    self.cuts -= 1
                    return False
            return True

        return look

    def __enter__(self) -> Self:
        self.come()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.silent = False
        self.go()


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
