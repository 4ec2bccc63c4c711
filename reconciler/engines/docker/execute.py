"""Programs that are executed in a container that runs already."""

import time
from collections.abc import Iterator
from typing import Any, Final

from docker import APIClient
from docker.errors import NotFound

from reconciler.engines.dialogue import Command, Said, Size
from reconciler.engines.docker.client import Clients, accepted, url_of
from reconciler.engines.docker.errors import refusal
from reconciler.engines.docker.line import Line, dial
from reconciler.engines.docker.wire import told_apart
from reconciler.engines.engine import PermanentError

_DEADLINE: Final = 30
_RESIZE: Final = 15
KILLED: Final = 137
_STDERR: Final = 2
# Two keys by which a terminal would be left, and which nobody types: by default ctrl-p is one.
LEAVE: Final = "ctrl-^,ctrl-@"
# How often it is asked whether a program has ended that has closed its outputs, in seconds.
_SOONEST: Final = 0.01
_LATEST: Final = 0.5
_NEVER_BEGUN: Final = b"OCI runtime exec failed"


def execute(clients: Clients, container: str, command: Command) -> "Execution":
    """Begin a program in a container, by id."""
    doing = f"execute {command.words[0]} in {container[:12]}"
    body = {
        "AttachStdin": command.stdin,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": command.terminal,
        "DetachKeys": LEAVE,
        "Cmd": [*command.words],
    }

    def prepare(client: APIClient) -> str:
        url = url_of(client, f"/containers/{container}/exec")
        return str(accepted(client.post(url, json=body, timeout=_DEADLINE)).json()["Id"])

    identifier = clients.call(doing, _DEADLINE, prepare)
    said = {"Detach": False, "Tty": command.terminal}
    line = dial(clients, doing, f"/exec/{identifier}/start", json=said)
    return Execution(clients, doing, identifier, line, terminal=command.terminal)


class Execution:
    """A program that was executed, and the line to it."""

    def __init__(
        self, clients: Clients, doing: str, identifier: str, line: Line, *, terminal: bool
    ) -> None:
        self._clients = clients
        self._doing = doing
        self._id = identifier
        self._line = line
        self._terminal = terminal

    def output(self) -> Iterator[Said]:
        """Yield output; what the engine says of a program that cannot be started is its error."""
        for said in spoken(self._line, terminal=self._terminal):
            if said.data.startswith(_NEVER_BEGUN) and not self._looked().get("Pid"):
                text = said.data.decode("utf-8", "replace")
                error = refusal(400, text, doing=self._doing)
                raise PermanentError(str(error), getattr(error, "exit_code", None) or 126)
            yield said

    def send(self, data: bytes) -> None:
        """Let the program read this."""
        self._line.send(data)

    def end_input(self) -> None:
        """Let the program read that nothing more comes."""
        self._line.end_input()

    def resize(self, size: Size) -> None:
        """Give the terminal a size."""
        resize(self._clients, f"/exec/{self._id}/resize", size)

    def exit_code(self) -> int:
        """Return the exit code; a program may have closed its outputs and go on."""
        pause = _SOONEST
        while True:
            found = self._looked()
            if not found:
                return KILLED
            if not found["Running"] and found["ExitCode"] is not None:
                return int(found["ExitCode"])
            if not self._container_runs(found["ContainerID"]):
                return KILLED
            time.sleep(pause)
            pause = min(2 * pause, _LATEST)

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _looked(self) -> dict[str, Any]:
        """Return what is known of the program, nothing once its container is gone."""

        def ask(client: APIClient) -> dict[str, Any]:
            try:
                found: dict[str, Any] = client.exec_inspect(self._id)
            except NotFound:
                return {}
            return found

        return self._clients.call(self._doing, _DEADLINE, ask)

    def _container_runs(self, container: str) -> bool:
        def ask(client: APIClient) -> bool:
            try:
                return bool(client.inspect_container(container)["State"]["Running"])
            except NotFound:
                return False

        return self._clients.call(self._doing, _DEADLINE, ask)


def spoken(line: Line, *, terminal: bool) -> Iterator[Said]:
    """Yield what comes over a line; of a terminal it is as it is, else told apart."""
    if terminal:
        yield from (Said(chunk) for chunk in line.chunks())
        return
    for stream, payload in told_apart(line.chunks()):
        yield Said(payload, error=stream == _STDERR)


def resize(clients: Clients, path: str, size: Size) -> None:
    """Give a terminal a size, unless it is gone already."""
    params = {"h": str(size.rows), "w": str(size.columns)}

    def ask(client: APIClient) -> None:
        # Whatever it says: a program that has ended minds no window, and one that runs is told.
        client.post(url_of(client, path), params=params, timeout=_RESIZE).close()

    clients.call("tell the size of the window", _RESIZE, ask)
