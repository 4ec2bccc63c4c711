"""A line to a container's own program, from before its start to its end."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from docker import APIClient
from docker.errors import NotFound

from reconciler.engines.dialogue import Said, Size
from reconciler.engines.docker.client import Clients
from reconciler.engines.docker.execute import KILLED, LEAVE, resize, spoken
from reconciler.engines.docker.line import Line, dial

_DEADLINE: Final = 30
_GLANCE: Final = 0.05
_WANTED: Final = {"stream": "1", "stdin": "1", "stdout": "1", "stderr": "1"}


def attach(clients: Clients, found: Mapping[str, Any]) -> "Attachment":
    """Open a line to the program of a container that an inspection has shown."""
    container = str(found["Id"])
    doing = f"attach to {container[:12]}"
    params = {**_WANTED, "detachKeys": LEAVE}
    # Of one that is started meanwhile the same would come twice: as it is said, and as kept.
    if found["State"]["Status"] != "created":
        params["logs"] = "1"
    line = dial(clients, doing, f"/containers/{container}/attach", params=params)
    return Attachment(clients, doing, container, line, terminal=bool(found["Config"]["Tty"]))


class Attachment:
    """The line, and the program at its other end."""

    def __init__(
        self, clients: Clients, doing: str, container: str, line: Line, *, terminal: bool
    ) -> None:
        self._clients = clients
        self._doing = doing
        self._container = container
        self._line = line
        self._terminal = terminal

    def output(self) -> Iterator[Said]:
        """Yield output until the container ends."""
        return spoken(self._line, terminal=self._terminal)

    def send(self, data: bytes) -> None:
        """Let the program read this."""
        self._line.send(data)

    def end_input(self) -> None:
        """Let the program read that nothing more comes."""
        self._line.end_input()

    def resize(self, size: Size) -> None:
        """Give the terminal a size."""
        resize(self._clients, f"/containers/{self._container}/resize", size)

    def exit_code(self) -> int:
        """Return the container's exit code, once it has ended."""
        while (state := self._state()) and state["Status"] != "exited":
            time.sleep(_GLANCE)
        return int(state["ExitCode"]) if state else KILLED

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _state(self) -> dict[str, Any]:
        """Return how the container is, nothing once it is gone."""

        def ask(client: APIClient) -> dict[str, Any]:
            try:
                found: dict[str, Any] = client.inspect_container(self._container)["State"]
            except NotFound:
                return {}
            return found

        return self._clients.call(self._doing, _DEADLINE, ask)
