"""A running server with sources that remember, and the client's side of its sockets."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.secrets import Secret
from reconciler.server.serving import Server, Settings
from tests.server.deliveries import SECRET, Delivery

PATIENCE = 20.0


class Source:
    """A source that is nudged; `gate` keeps a nudge under way for as long as it is closed."""

    def __init__(self, name: str = "fleet", ref: str = "refs/heads/main") -> None:
        self.name = name
        self.nudges = 0
        self.heard: list[tuple[str, str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self._ref = ref
        self._nudged = threading.Condition()
        self._under_way = 0
        self.most_at_once = 0

    def concerns(self, ref: str, repository: str) -> bool:
        self.heard.append((ref, repository))
        return ref in {"", self._ref} and repository in {"", "lab/fleet"}

    def nudge(self) -> None:
        with self._nudged:
            self.nudges += 1
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            self._nudged.notify_all()
        assert self.gate.wait(PATIENCE)
        with self._nudged:
            self._under_way -= 1

    def wait(self, nudges: int) -> None:
        """Wait until there were so many nudges."""
        with self._nudged:
            assert self._nudged.wait_for(lambda: self.nudges >= nudges, PATIENCE)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def said(self) -> Any:  # noqa: ANN401  # JSON
        return json.loads(self.body)


class Site:
    """A server under test."""

    def __init__(self, folder: Path, *sources: Source) -> None:
        self.sources = sources or (Source(),)
        self.told: list[tuple[str, str]] = []
        self.secret = folder / "secret"
        self.secret.write_text(SECRET)

    @contextmanager
    def open(self, **settings: Any) -> Iterator["Site"]:  # noqa: ANN401  # Settings' own fields
        chosen = Settings(
            **{
                "hooks": "0",
                "metrics": "0",
                "secret": Secret(file=str(self.secret)),
                "pause": 0.0,
                **settings,
            }
        )
        self.server = Server(self.sources, chosen, lambda *told: self.told.append(told))
        with self.server:
            yield self

    def deliver(
        self, delivery: Delivery, path: str = "/hooks", *, secret: str | None = None
    ) -> Answer:
        """Deliver with the right secret on both sides, or with another one on the sender's."""
        if self.secret.read_text() != delivery.secret:
            self.secret.write_text(delivery.secret)
        return self.ask("POST", path, delivery.body, delivery.signed(secret))

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        of: str = "hooks",
    ) -> Answer:
        connection = http.client.HTTPConnection(self.server.address(of), timeout=PATIENCE)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    @contextmanager
    def dialled(self, of: str = "hooks") -> Iterator[socket.socket]:
        """Connect, and say nothing yet."""
        host, _, port = self.server.address(of).rpartition(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            yield connection

    def counted(self, line: str) -> float:
        """Return the value of one line of the metrics, 0.0 where it is not there."""
        text = self.ask("GET", "/metrics", of="metrics").body.decode()
        found = [one for one in text.splitlines() if one.startswith(line + " ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0


def status_line(connection: socket.socket) -> str:
    """Return the first line of what the server says."""
    with connection.makefile("rb") as said:
        return said.readline().decode().strip()
