"""The few Engine API calls that setting up needs, with no docker CLI and no library.

Decides nothing: it knows where the engine is (DOCKER_HOST, else the default socket) and that an
engine may hang, so that each command has one deadline for all it does. Standard library only, as it
runs before anything is installed.

Exit codes: 0 yes, or done; 1 no, or failed; 2 no engine there; 3 access denied; 4 there is an
engine, but it did not answer in time. Each but the first comes with a sentence on stderr.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import sys
from typing import IO, Never
from urllib.parse import urlencode, urlsplit

DEFAULT_HOST = "unix:///var/run/docker.sock"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        """Open the socket, where HTTPConnection would open a TCP connection."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The engine answered, and its answer is no."""


def connection() -> http.client.HTTPConnection:
    """A connection, not yet open, to the engine."""
    url = urlsplit(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
    if url.scheme == "unix":
        return UnixConnection(url.path)
    if url.scheme == "tcp" and not os.environ.get("DOCKER_TLS_VERIFY"):
        return http.client.HTTPConnection(url.hostname or "localhost", url.port or 2375)
    raise Refused("DOCKER_HOST: only unix:// and tcp:// without TLS are understood here")


def call(method: str, path: str, body: IO[bytes] | None = None, **query: str) -> None:
    """Make one call and read its answer to the end.

    Pulls and imports report progress line by line after a status of 200, and an error in a line.
    """
    http_connection = connection()
    # Without a length, http.client sends a body in chunks: a pipe is as good as a file.
    http_connection.request(method, f"{path}?{urlencode(query)}", body)
    response = http_connection.getresponse()
    lines = [json.loads(line) for line in response if line.strip()]
    if response.status >= http.client.BAD_REQUEST:
        raise Refused(lines[0].get("message") if lines else response.reason)
    for line in lines:
        if "error" in line:
            raise Refused(line["error"])


def run(command: str, image: str) -> None:
    """Carry out one command."""
    repository, _, tag = image.rpartition(":")
    match command:
        case "info":  # not _ping, which a wedged engine still answers
            call("GET", "/info")
        case "has":
            call("GET", f"/images/{image}/json")
        case "pull":
            call("POST", "/images/create", fromImage=repository, tag=tag)
        case _:  # import: the root file system comes as a tar on stdin
            source = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": 'CMD ["sh"]'}
            call("POST", "/images/create", sys.stdin.buffer, **source)


def give_up(*_: object) -> Never:
    """Turn the alarm into the exception that says what happened."""
    raise TimeoutError("it did not answer in time")


def exit_code(error: Exception) -> int:
    """What a failure means to the scripts that call this one."""
    match error:
        case Refused():
            return 1
        case PermissionError():
            return 3
        case TimeoutError():
            return 4
        case _:
            return 2


def main() -> int:
    """Run one command within its deadline."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("command", choices=["info", "has", "pull", "import"])
    parser.add_argument("image", nargs="?", default="")
    parser.add_argument("--deadline", type=int, default=10, metavar="SECONDS")
    args = parser.parse_args()
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(args.deadline)
    try:
        run(args.command, args.image)
    except (OSError, http.client.HTTPException, Refused) as error:
        sys.stderr.write(f"{error}\n")
        return exit_code(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
