"""One connection: a head, a body, an answer, each within its time and size.

Decides when a client is too slow or says too much, and that it is then told so and left. What is
asked and answered is the application's affair.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from reconciler.server.messages import (
    END_OF_HEAD,
    Request,
    Response,
    read_head,
    refusal,
    written,
)

# How long a client that was refused half-way may take to read why, in seconds.
_LINGER_SECONDS: Final = 0.5


class Limits(Struct, frozen=True, kw_only=True):
    """How much a client may send, how long it may take (seconds), how many there may be."""

    head_bytes: int = 16 * 1024
    body_bytes: int = 1024 * 1024
    head_seconds: float = 5.0
    body_seconds: float = 10.0
    connections: int = 256
    connections_each: int = 128


class Application(Protocol):
    """What answers. It is called in the listener's thread and must not wait for anything."""

    def admit(self, head: Request) -> Response | None:
        """Return a refusal that does not need the body, None to go on."""

    def answer(self, request: Request) -> Response:
        """Answer a whole request."""

    def refused(self, status: HTTPStatus) -> None:
        """Hear that a client was turned away before anything could be asked."""


class Connection(asyncio.Protocol):
    """Reads one request and answers it. The listener keeps a register of them."""

    def __init__(
        self,
        application: Application,
        limits: Limits,
        register: set["Connection"],
        fault: Callable[[BaseException], None],
    ) -> None:
        """Answer for `application`; `fault` hears of its bugs."""
        self.peer = ""
        self._application = application
        self._limits = limits
        self._register = register
        self._fault = fault
        self._received = bytearray()
        self._request: Request | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.answered = False
        # Done when nothing is left of the connection.
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # --- what asyncio calls ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read, unless there are too many at once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # TCP listeners give no other
        self._transport = transport
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        self._expect(self._limits.head_seconds)
        mine = sum(other.peer == self.peer for other in self._register)
        if len(self._register) >= self._limits.connections or mine >= self._limits.connections_each:
            self._refuse(refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections at once"))
        self._register.add(self)

    def data_received(self, data: bytes) -> None:
        """Take in what came, as far as it is still wanted."""
        if self.answered:
            return
        self._received += data
        if self._request is None and not self._take_head():
            return
        if self._request is not None and len(self._received) >= self._request.length:
            body = bytes(self._received[: self._request.length])
            self._answer(replace(self._request, body=body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        del exc
        if self._deadline is not None:
            self._deadline.cancel()
        self._register.discard(self)
        self.gone.set_result(None)

    def abort(self) -> None:
        """End it now, whatever is under way."""
        self._transport.abort()

    # --- inside ----------------------------------------------------------------------------

    def _take_head(self) -> bool:
        """Return whether the head is there and the body is wanted."""
        head, end, rest = self._received.partition(END_OF_HEAD)
        if len(head) > self._limits.head_bytes:
            why = "the headers are too large"
            self._refuse(refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, why))
            return False
        if not end:
            return False
        said = read_head(bytes(head), self.peer)
        refused = said if isinstance(said, Response) else self._too_large(said)
        if refused is not None:
            self._refuse(refused)
            return False
        assert isinstance(said, Request)  # noqa: S101  # a Response has been refused above
        return self._admit(said, rest)

    def _admit(self, head: Request, rest: bytearray) -> bool:
        try:
            refused = self._application.admit(head)
        except Exception as error:  # noqa: BLE001  # a bug ends one request, not the listener
            refused = self._blame(error)
        if refused is not None:
            self._leave(refused, head)
            return False
        self._request, self._received = head, rest
        self._expect(self._limits.body_seconds)
        if head.header("expect").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _too_large(self, head: Request) -> Response | None:
        most = self._limits.body_bytes
        if head.length <= most:
            return None
        return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {most} bytes")

    def _answer(self, request: Request) -> None:
        try:
            response = self._application.answer(request)
        except Exception as error:  # noqa: BLE001  # a bug ends one request, not the listener
            response = self._blame(error)
        self.answered = True
        self._transport.write(written(response, with_body=request.method != "HEAD"))
        self._transport.close()

    def _blame(self, error: Exception) -> Response:
        self._fault(error)
        return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "this is a fault of the reconciler")

    def _refuse(self, response: Response) -> None:
        self._application.refused(response.status)
        self._leave(response)

    def _leave(self, response: Response, head: Request | None = None) -> None:
        """Say why and read no further; closing on unread bytes could lose the answer."""
        self.answered = True
        self._transport.write(written(response, with_body=head is None or head.method != "HEAD"))
        if head is not None and not head.length:
            self._transport.close()
            return
        self._transport.pause_reading()
        self._transport.write_eof()
        self._expect(_LINGER_SECONDS)

    def _expect(self, seconds: float) -> None:
        """Give what comes next this long."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._late)

    def _late(self) -> None:
        if self.answered:
            self._transport.abort()
        else:
            self._refuse(refusal(HTTPStatus.REQUEST_TIMEOUT, "the request came too slowly"))
