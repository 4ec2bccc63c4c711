"""A connection on which both sides speak when they like: what the engine makes of an upgrade.

It must not know what is said on it. No read or write holds the other up, and neither is made by
two threads at once: TLS allows for nothing else.
"""

import select
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import requests

from reconciler.engines.docker.client import Clients, Params, accepted, url_of
from reconciler.engines.docker.wire import Connection

_OPENING: Final = 30
_PIECE: Final = 64 * 1024
_UPGRADE: Final = {"Connection": "Upgrade", "Upgrade": "tcp"}
_NOT_NOW: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def dial(
    clients: Clients, doing: str, path: str, *, json: object = None, params: Params | None = None
) -> "Line":
    """Ask for a connection of this kind.

    Raises:
        EngineError: as any call.
    """

    def ask(client: Any) -> requests.Response:  # noqa: ANN401  # a requests.Session to mypy
        url, beyond = url_of(client, path), {"stream": True, "timeout": _OPENING}
        return accepted(client.post(url, json=json, params=params, headers=_UPGRADE, **beyond))

    response = clients.call(doing, _OPENING, ask)
    return Line(response, lambda error: clients.translated(error, doing, _OPENING))


class Line(Connection):
    """One open connection on which both sides speak."""

    def __init__(
        self, response: requests.Response, failed: Callable[[Exception], Exception]
    ) -> None:
        super().__init__(response, 0, failed)
        raw: Any = response.raw
        self._over = False
        # Whoever read the head may have read more.
        self._early = b""
        with suppress(*_NOT_NOW):
            self._early = raw._fp.fp.peek(1)  # noqa: SLF001  # nobody else has it

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes until either side ends it.

        Raises:
            UnreachableError: the connection broke.
        """
        self._reading = True
        try:
            if self._early:
                yield self._early
            while chunk := self._next():
                yield chunk
        finally:
            self._reading = False
            self.close()

    def send(self, data: bytes) -> None:
        """Say something, unless nobody listens any more."""
        rest = memoryview(data)
        with suppress(OSError):  # whoever reads is told
            while rest and not self._closed.is_set():
                try:
                    with self._lock:
                        rest = rest[self._socket.send(rest) :]
                except _NOT_NOW:
                    self._await(select.POLLOUT)

    def end_input(self) -> None:
        """Say nothing more, and go on listening."""
        with self._lock, suppress(OSError):
            if isinstance(self._socket, ssl.SSLSocket):
                # It is said by the first half of a farewell. The second is not waited for, which
                # raises; where it is here already, nothing more comes either.
                self._socket.unwrap()
                self._over = True
            else:
                self._socket.shutdown(socket.SHUT_WR)

    def _next(self) -> bytes:
        while not (self._closed.is_set() or self._over):
            try:
                with self._lock:
                    return self._socket.recv(_PIECE)
            except _NOT_NOW:
                self._await(select.POLLIN)
            except ssl.SSLZeroReturnError:  # how TLS ends in order where we had taken leave first
                break
            except OSError as error:
                if self._closed.is_set():
                    break
                raise self._failed(error) from error
        return b""

    def _await(self, what: int) -> None:
        poll = select.poll()
        with suppress(ValueError):  # closed meanwhile
            poll.register(self._socket, what)
            poll.poll()
