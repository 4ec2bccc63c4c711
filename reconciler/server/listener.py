"""A listener: one address, one thread, as many connections as it is allowed.

Decides how an address is read and when it is bound: in `start`, so that whoever starts it hears
at once what is wrong. Knows nothing of what is answered.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from reconciler.server.connection import Application, Connection, Limits

_BACKLOG: Final = 512
_PORTS: Final = 65_536
_LOOPBACK: Final = "127.0.0.1"
# How long connections under way may take to end when the listener does, in seconds.
_FAREWELL_SECONDS: Final = 1.0


class ServerError(Exception):
    """The server cannot do its work. The message is a sentence for people."""


class Address(Struct, frozen=True):
    """Where to listen; port 0 is any that is free."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read HOST:PORT, [IPV6]:PORT, or a port alone, which is one of the loopback address.

        Raises:
            ServerError: when it is none of these.
        """
        host, _, port = text.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        whole = (":" not in host) if bare == host else host == f"[{bare}]"
        if not (port.isascii() and port.isdigit() and int(port) < _PORTS and whole):
            raise ServerError(
                f"{text!r} is no address to listen on; expected HOST:PORT, such as"
                f" {_LOOPBACK}:8080, or a port alone, which only this machine reaches"
            )
        return cls(bare or _LOOPBACK, int(port))

    def __str__(self) -> str:
        """Return it as it is written in an address of the web."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Listener:
    """Answers for an application from `start` to `stop`, in a thread of its own."""

    def __init__(
        self,
        name: str,
        address: Address,
        application: Application,
        fault: Callable[[BaseException], None],
        limits: Limits,
    ) -> None:
        """Be ready to listen; `name` says in messages and thread lists what for."""
        self.address = address
        self._name = name
        self._application = application
        self._fault = fault
        self._limits = limits
        self._connections: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind the address and begin to answer.

        Raises:
            ServerError: when the address cannot be had.
        """
        bound = self._bind()
        host, port, *_ = bound.getsockname()
        self.address = Address(host, port)
        begun = threading.Event()
        name = f"listen-{self._name}"
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(bound, begun)), name=name, daemon=True
        )
        self._thread.start()
        begun.wait()

    def stop(self) -> None:
        """Take no more, give what is under way a moment, and end the thread."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._thread = None

    def _bind(self) -> socket.socket:
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(
                self.address.host, self.address.port, type=socket.SOCK_STREAM
            )[0]
            bound = socket.socket(family, kind, protocol)
        except OSError as error:
            raise ServerError(self._sentence(error)) from error
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(where)
            bound.listen(_BACKLOG)
        except OSError as error:
            bound.close()
            raise ServerError(self._sentence(error)) from error
        return bound

    def _sentence(self, error: OSError) -> str:
        why = error.strerror or str(error)
        if isinstance(error, socket.gaierror) or error.errno is None:
            return f"cannot listen on {self.address} for {self._name}: {why}"
        why = os.strerror(error.errno)
        return f"cannot listen on {self.address} for {self._name}: {why[:1].lower()}{why[1:]}"

    async def _serve(self, bound: socket.socket, begun: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        server = await self._loop.create_server(self._connection, sock=bound, backlog=_BACKLOG)
        begun.set()
        await self._ended.wait()
        server.close()
        await self._farewell()

    async def _farewell(self) -> None:
        """Let answers under way get out; who is still asking is cut off."""
        for connection in self._connections:
            if not connection.answered:
                connection.abort()
        if self._connections:
            ends = {connection.gone for connection in self._connections}
            await asyncio.wait(ends, timeout=_FAREWELL_SECONDS)
        for connection in self._connections:
            connection.abort()
        await asyncio.sleep(0)

    def _connection(self) -> Connection:
        return Connection(self._application, self._limits, self._connections, self._fault)
