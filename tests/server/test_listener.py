"""Sockets: too much, too slow, not HTTP, and what start and stop leave behind."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from reconciler.server.connection import Limits
from reconciler.server.listener import Address, ServerError
from reconciler.server.serving import Server, Settings
from tests.server.deliveries import github
from tests.server.site import Site, Source, status_line

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def closed(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def site(closed: Site) -> Iterator[Site]:
    with closed.open():
        yield closed


def said_to(site: Site, request: bytes, of: str = "hooks") -> str:
    with site.dialled(of) as connection:
        connection.sendall(request)
        return status_line(connection)


def test_a_body_that_is_too_large_is_not_read(site: Site) -> None:
    head = b"POST /hooks HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"
    with site.dialled() as connection:
        connection.sendall(head)  # and not a byte of the body
        assert status_line(connection).startswith("HTTP/1.1 413 ")
    line = 'reconciler_webhooks_total{forge="unknown",outcome="too-large"}'
    assert site.counted(line) == 1


def test_the_largest_body_is_read(site: Site) -> None:
    padded = github().with_body(b'{"ref":"refs/heads/main"}'.ljust(1024 * 1024))
    assert site.deliver(padded).said["outcome"] == "queued"


def test_a_client_that_sends_its_head_slowly_is_left(closed: Site) -> None:
    with closed.open(limits=Limits(head_seconds=0.05)), closed.dialled() as connection:
        connection.sendall(b"POST /hooks HTTP/1.1\r\nX-Slow: ")
        assert status_line(connection) == "HTTP/1.1 408 Request Timeout"
        assert connection.recv(1) == b""


def test_a_client_that_sends_its_body_slowly_is_left(closed: Site) -> None:
    head = b"POST /hooks HTTP/1.1\r\nContent-Length: 9\r\nContent-Type: application/json\r\n\r\n{"
    with closed.open(limits=Limits(body_seconds=0.05)), closed.dialled() as connection:
        connection.sendall(head)
        assert status_line(connection) == "HTTP/1.1 408 Request Timeout"


def test_slow_clients_keep_nobody_from_being_heard(closed: Site) -> None:
    with closed.open(), closed.dialled() as first, closed.dialled() as second:
        first.sendall(b"POST /hooks HTTP/1.1\r\n")
        second.sendall(b"P")
        assert closed.deliver(github()).said["outcome"] == "queued"


def test_one_address_cannot_hold_all_connections(closed: Site) -> None:
    with (
        closed.open(limits=Limits(connections_each=1)),
        closed.dialled() as first,
        closed.dialled() as second,
    ):
        assert status_line(second) == "HTTP/1.1 503 Service Unavailable"
        first.sendall(b"GET /hooks HTTP/1.1\r\n\r\n")
        assert status_line(first) == "HTTP/1.1 405 Method Not Allowed"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400),
        (b"POST /hooks HTTP/1.1\r\n folded\r\n\r\n", 400),
        (b"POST /hooks HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /hooks HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /hooks HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST /hooks HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /other HTTP/1.1\r\n\r\n", 404),
        (b"GET /hooksandmore HTTP/1.1\r\n\r\n", 404),
        (b"GET /hooks HTTP/1.1\r\n\r\n", 405),
        (b"PUT /hooks/fleet?x=1 HTTP/1.0\r\n\r\n", 405),
        (b"POST /hooks HTTP/1.1\r\nContent-Length: 2\r\nContent-Type: text/xml\r\n\r\n{}", 415),
        (b"POST /hooks HTTP/1.1\r\n\r\n", 401),
    ],
)
def test_what_is_refused(site: Site, request_: bytes, status: int) -> None:
    assert said_to(site, request_).split()[1] == str(status)


def test_a_method_that_is_not_there_says_which_is(site: Site) -> None:
    assert site.ask("GET", "/hooks").headers["Allow"] == "POST"


def test_a_client_that_asks_first_is_told_to_go_on(site: Site) -> None:
    delivery = github()
    lines = "".join(f"{name}: {value}\r\n" for name, value in delivery.signed().items())
    head = f"POST /hooks HTTP/1.1\r\n{lines}Content-Length: {len(delivery.body)}\r\n"
    with site.dialled() as connection:
        connection.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        with connection.makefile("rb") as said:
            assert said.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert said.readline() == b"\r\n"
            connection.sendall(delivery.body)
            assert said.readline() == b"HTTP/1.1 202 Accepted\r\n"


def test_a_request_in_single_bytes_is_still_one(site: Site) -> None:
    with site.dialled() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /hooks HTTP/1.1\r\nHost: here\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert status_line(connection) == "HTTP/1.1 405 Method Not Allowed"


def test_an_address_in_use_is_one_sentence(site: Site) -> None:
    settings = Settings(metrics=site.server.address("hooks"))
    with pytest.raises(ServerError) as refused:
        Server([Source()], settings, lambda *_: None).start()
    where = site.server.address("hooks")
    assert str(refused.value) == f"cannot listen on {where} for metrics: address already in use"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8080", Address("127.0.0.1", 8080)),
        (":8080", Address("127.0.0.1", 8080)),
        ("0.0.0.0:80", Address("0.0.0.0", 80)),  # noqa: S104  # read, not bound
        ("[::1]:8080", Address("::1", 8080)),
        ("ci.example.org:443", Address("ci.example.org", 443)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize("text", ["", "here", "here:", "a:b:1", "[::1]", "1:70000", "[a:1", "x:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ServerError, match="expected HOST:PORT"):
        Address.parse(text)


def test_stopping_ends_threads_and_connections(closed: Site) -> None:
    before = set(threading.enumerate())
    with ExitStack() as after:
        with closed.open():
            connection = after.enter_context(closed.dialled())
            connection.sendall(b"POST /hooks HTTP/1.1\r\n")
            closed.deliver(github())
        with suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    assert set(threading.enumerate()) <= before
