"""What is read as it comes is asked for as it is: packing takes an engine longer than sending."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from docker import APIClient

from reconciler.engines.docker.client import Clients


def test_streams_are_asked_for_as_they_are() -> None:
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Accept-Encoding"])
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:  # noqa: ANN401
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.handle_request, daemon=True).start()
    clients = Clients("unix:///nowhere")
    client = APIClient(f"http://127.0.0.1:{server.server_port}", version="1.41")
    clients.call = lambda _doing, _deadline, ask: ask(client)  # type: ignore[method-assign, assignment]
    assert clients.stream("read", "/containers/a/archive", {}, deadline=5, idle=5) is None
    assert asked == ["identity"]
    client.close()
    server.server_close()
