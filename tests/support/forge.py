"""A small HTTP server that stands for a forge or a webhook, and keeps what it was asked."""

import json
import queue
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WITHIN = 10.0


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass(frozen=True)
class Reply:
    """What is answered; `hold` is waited for first, `garbage` is sent instead of HTTP."""

    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = "{}"
    hold: threading.Event | None = None
    garbage: bytes = b""


class StandIn:
    """Answers with what is lined up, then with 201 for ever."""

    def __init__(self) -> None:
        self.asked: queue.Queue[Asked] = queue.Queue()
        self.replies: queue.Queue[Reply] = queue.Queue()
        self.url = ""

    def next(self) -> Asked:
        return self.asked.get(timeout=WITHIN)

    def answers(self, *replies: Reply) -> None:
        for reply in replies:
            self.replies.put(reply)

    def reply(self) -> Reply:
        try:
            return self.replies.get_nowait()
        except queue.Empty:
            return Reply()


@contextmanager
def stand_in(tls: ssl.SSLContext | None = None) -> Iterator[StandIn]:
    """Serve on a port of loopback until the block ends."""
    opened = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = opened.reply()
            opened.asked.put(Asked(self.command, self.path, headers, body))
            if reply.hold is not None:
                reply.hold.wait(WITHIN)
            if reply.garbage:
                self.wfile.write(reply.garbage)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body.encode())

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that has gone is what some tests want."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        opened.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        yield opened
        server.shutdown()
        thread.join()
