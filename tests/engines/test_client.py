"""The way to an engine that hangs, breaks off or is not there."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.engines.docker import open_engine
from reconciler.engines.docker.client import Clients
from reconciler.engines.docker.engine import DockerEngine
from reconciler.engines.engine import UnreachableError

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
EMPTY_LIST = OK + b"Content-Length: 2\r\n\r\n[]"
STREAM = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CUT = b"Server: Doc\r\n\r\n"
ENDED = STREAM + b"0\r\n\r\n"


class FakeEngine:
    """Says the same to everyone, then is silent."""

    def __init__(self, path: Path, says: bytes) -> None:
        self.path, self.says = path, says
        self.connections: list[socket.socket] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def hang_up(self) -> None:
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[:1]:
            thread.join()
        for connection in self.connections:
            connection.close()
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        while True:
            try:
                if not connection.recv(65536):
                    return
                connection.sendall(self.says)
            except OSError:
                return


Serve = Callable[[bytes], FakeEngine]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    made: list[FakeEngine] = []

    def start(says: bytes) -> FakeEngine:
        made.append(FakeEngine(tmp_path / f"{len(made)}.sock", says))
        return made[-1]

    yield start
    for fake in made:
        fake.close()


def test_a_silent_engine_is_given_up(serve: Serve) -> None:
    clients = Clients(f"unix://{serve(b'').path}")
    begun = time.monotonic()
    with pytest.raises(UnreachableError, match=r"could not ask: .* did not answer within 1 s"):
        clients.call("ask", 1, lambda client: client.info())
    assert time.monotonic() - begun < 5
    clients.close()


def test_nonsense_is_unreachable(serve: Serve) -> None:
    for says in (b"hello there\r\n\r\n", OK + b"Content-Length: 3\r\n\r\n!!!"):
        engine = DockerEngine("n1", f"unix://{serve(says).path}")
        with pytest.raises(UnreachableError, match="could not list"):
            engine.list("demo")
        engine.close()


def test_a_thread_has_one_connection_for_all_it_asks(
    serve: Serve,
) -> None:
    fake = serve(EMPTY_LIST)
    engine = DockerEngine("n1", f"unix://{fake.path}")
    for number in range(5):
        assert engine.list(f"demo-{number}") == ()
    assert len(fake.connections) == 1
    engine.close()


def test_a_connection_that_was_broken_off_is_made_again(
    serve: Serve,
) -> None:
    fake = serve(EMPTY_LIST)
    engine = DockerEngine("n1", f"unix://{fake.path}")
    assert engine.list("demo") == ()
    fake.hang_up()
    assert engine.list("demo") == ()
    assert len(fake.connections) == 2
    engine.close()


def test_each_thread_has_its_own_and_close_closes_all(
    serve: Serve,
) -> None:
    fake = serve(EMPTY_LIST)
    engine = DockerEngine("n1", f"unix://{fake.path}")
    together = threading.Barrier(4)

    def ask(_: int) -> None:
        together.wait(timeout=10)
        engine.list("demo")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
        assert len(fake.connections) == 4
        engine.close()
    assert engine.list("demo") == ()
    engine.close()


def test_clients_of_ended_threads_are_closed(serve: Serve) -> None:
    clients = Clients(f"unix://{serve(EMPTY_LIST).path}")
    for _ in range(5):
        thread = threading.Thread(
            target=lambda: clients.call("ask", 5, lambda client: client.containers())
        )
        thread.start()
        thread.join()
    assert len(clients._open) == 1
    clients.close()


def test_a_stream_that_the_engine_ends_is_unreachable(
    serve: Serve,
) -> None:
    engine = DockerEngine("n1", f"unix://{serve(ENDED).path}")
    stream = engine.events("demo")
    with pytest.raises(UnreachableError, match="ended its stream"):
        list(stream)
    engine.close()


def test_a_stream_that_breaks_is_unreachable(serve: Serve) -> None:
    fake = serve(STREAM)
    engine = DockerEngine("n1", f"unix://{fake.path}")
    stream = engine.events("demo")
    fake.hang_up()
    with pytest.raises(UnreachableError):
        list(stream)
    engine.close()


def test_a_stream_that_is_cut_off_in_its_head_is_unreachable(serve: Serve) -> None:
    engine = DockerEngine("n1", f"unix://{serve(OK + CUT).path}")
    for ask in (lambda: engine.events("demo"), lambda: engine.logs("some", limit=9)):
        with pytest.raises(UnreachableError, match="broke the connection off"):
            ask()
    engine.close()


def test_a_stream_that_is_closed_while_it_is_read_just_ends(
    serve: Serve,
) -> None:
    engine = DockerEngine("n1", f"unix://{serve(STREAM).path}")
    stream = engine.events("demo")
    closer = threading.Timer(0.2, stream.close)
    closer.start()
    assert list(stream) == []
    closer.join()
    engine.close()


@pytest.mark.parametrize(
    ("endpoint", "host", "expected"),
    [
        ("unix:///x.sock", "unix:///y.sock", "unix:///x.sock"),
        ("", "unix:///y.sock", "unix:///y.sock"),
        ("", "tcp://1.2.3.4:2375", "unix:///var/run/docker.sock"),
        ("", "", "unix:///var/run/docker.sock"),
        ("tcp://n1:2375", "", "tcp://n1:2375"),
    ],
)
def test_endpoints(
    endpoint: str, host: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    engine = open_engine("n1", endpoint)
    assert isinstance(engine, DockerEngine)
    assert engine.node == "n1"
    assert engine._clients.endpoint == expected


@pytest.mark.skipif(os.geteuid() == 0, reason="root may talk to every socket")
def test_a_socket_of_somebody_elses_is_said_to_be_one(
    serve: Serve,
) -> None:
    fake = serve(EMPTY_LIST)
    fake.path.chmod(0)
    with pytest.raises(UnreachableError, match="this user may not talk"):
        DockerEngine("n1", f"unix://{fake.path}").info()
