"""Answers that are read as they come: an open connection, its chunks, lines and frames.

It must not know what is told on them.
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Final

import requests
import urllib3

_HEADER: Final = struct.Struct(">BxxxL")
_FRAMED: Final = tuple(bytes([stream, 0, 0, 0]) for stream in range(3))
# What reading from a connection raises that was shut down under the reader's hands.
_BROKEN: Final = (OSError, urllib3.exceptions.HTTPError, AttributeError, ValueError)


class Connection:
    """One that was taken over from the answer that came on it. Closed by any thread."""

    def __init__(
        self,
        response: requests.Response,
        timeout: float | None,
        failed: Callable[[Exception], Exception],
    ) -> None:
        """Take it over; `failed` makes engine errors of what goes wrong on it.

        Raises:
            UnreachableError: the answer is cut off in its head.
        """
        connection: Any = response.raw.connection
        # Gone from an answer that does not say where it ends, which the engine always does.
        if connection is None or connection.sock is None:
            response.close()
            raise failed(ConnectionError("an answer without an end"))
        self._failed = failed
        self._response = response
        self._lock = threading.Lock()
        self._reading = False
        self._closed = threading.Event()
        self._socket: socket.socket = connection.sock
        self._socket.settimeout(timeout)

    def close(self) -> None:
        """Hang up, at once and from any thread."""
        with self._lock:
            if not self._closed.is_set():
                self._closed.set()
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
            # A reader closes for itself: closing would wait for the lock that its read holds.
            if not self._reading:
                self._response.close()


class Wire(Connection):
    """One open answer. Read by one thread."""

    def __init__(
        self,
        response: requests.Response,
        idle: float | None,
        failed: Callable[[Exception], Exception],
    ) -> None:
        """Take over the connection."""
        super().__init__(response, idle, failed)
        self._ended_by_us = False

    @property
    def ended_by_us(self) -> bool:
        """Whether close() was called before the engine had ended it."""
        return self._ended_by_us

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes until the engine ends it or close() does.

        Raises:
            UnreachableError: the connection broke.
        """
        source = self._response.iter_content(None)
        while chunk := self._next(source):
            yield chunk
        self._ended_by_us = self._closed.is_set()
        self.close()

    def _next(self, source: Iterator[bytes]) -> bytes:
        """Return the next piece, empty at the end."""
        with self._lock:
            if self._closed.is_set():
                return b""
            self._reading = True
        try:
            return next(source, b"")
        except _BROKEN as error:
            if self._closed.is_set():
                return b""
            raise self._failed(error) from error
        finally:
            self._done_reading()

    def _done_reading(self) -> None:
        with self._lock:
            self._reading = False
            if self._closed.is_set():
                self._response.close()


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the non-empty lines of a text that comes in arbitrary pieces."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from filter(None, whole)
    if rest:
        yield rest


def objects(chunks: Iterable[bytes]) -> Iterator[dict[str, object]]:
    """Yield JSON objects, one a line; anything else is passed over."""
    for line in lines(chunks):
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found


def frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the payloads of stdout and stderr, multiplexed as the engine does, in their order.

    Of a container with a terminal nothing is multiplexed, which the engine does not say. A frame
    begins with the number of its stream and zeros, which nobody prints on a terminal.
    """
    rest = iter(chunks)
    head = b""
    for chunk in rest:
        head += chunk
        if len(head) >= len(_FRAMED[0]) or not any(begin.startswith(head) for begin in _FRAMED):
            break
    if head.startswith(_FRAMED):
        return (payload for _, payload in told_apart(chain([head], rest)))
    return chain([head], rest) if head else iter(())


def told_apart(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the same, each with the number of its stream: 1 for stdout, 2 for stderr."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _HEADER.size:
            stream, length = _HEADER.unpack_from(buffer)
            end = _HEADER.size + length
            if len(buffer) < end:
                break
            yield stream, bytes(buffer[_HEADER.size : end])
            del buffer[:end]
