"""Images that come from no registry: built by the engine, or loaded into it.

Both send what may be large, piece by piece, and listen to what the engine says of it.
"""

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

import requests
from docker import APIClient

from reconciler.engines.docker.archives import renamed
from reconciler.engines.docker.client import Clients, accepted, url_of
from reconciler.engines.docker.errors import refusal
from reconciler.engines.docker.logins import all_of
from reconciler.engines.docker.wire import objects
from reconciler.engines.engine import BuildFailedError, Content, PermanentError, Progress
from reconciler.model.identity import LABEL_PROJECT
from reconciler.model.images import Build, project_of

# What a Dockerfile runs may be silent for long; an engine that hangs is noticed by its health.
_IDLE: Final = 3600
_KEPT: Final = 16 * 1024
_SHOWN: Final = 5
_LONGEST: Final = 400
# What the builder says of itself, and how it paints what others say.
_CHATTER: Final = re.compile(r"\s*$|Step \d| *--->|Removing intermediate container ")
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


def build(
    clients: Clients, image: str, recipe: Build, content: Content, progress: Progress | None
) -> None:
    """Build an image, telling each line that is printed."""
    doing = f"build {image}"
    params = {
        "t": image,
        "dockerfile": recipe.file,
        "buildargs": json.dumps(dict(recipe.args)),
        "labels": json.dumps({LABEL_PROJECT: project_of(image)}),
        "rm": "1",
        "forcerm": "1",
    }

    def ask(client: APIClient) -> requests.Response:
        known = all_of(client, doing)
        headers = {"X-Registry-Config": known} if known else {}
        return _sent(client, "/build", params, content(), headers)

    _follow(clients, doing, clients.call(doing, _IDLE, ask), progress)


def load(
    clients: Clients, image: str, path: str, content: Content, progress: Progress | None
) -> None:
    """Load an archive's image by a name of our choice."""
    doing = f"load {image}"

    def ask(client: APIClient) -> requests.Response:
        return _sent(client, "/images/load", {"quiet": "0"}, renamed(path, content, image), {})

    _follow(clients, doing, clients.call(doing, _IDLE, ask), progress)


def _sent(
    client: APIClient,
    path: str,
    params: dict[str, str],
    pieces: Iterator[bytes],
    logins: Mapping[str, str],
) -> requests.Response:
    headers = {"Content-Type": "application/x-tar", **logins}
    url = url_of(client, path)
    return accepted(
        client.post(url, params=params, data=pieces, headers=headers, stream=True, timeout=_IDLE)
    )


def _follow(
    clients: Clients, doing: str, response: requests.Response, progress: Progress | None
) -> None:
    printed: deque[str] = deque()
    wire = clients.wire(doing, response, idle=_IDLE)
    try:
        for told in objects(wire.chunks()):
            if "error" in told:
                raise _failed(doing, str(told["error"]), "".join(printed))
            text = str(told.get("stream", ""))
            _keep(printed, _COLOURS.sub("", text))
            if progress and text.strip():
                progress(text.strip())
    finally:
        wire.close()


def _keep(printed: deque[str], text: str) -> None:
    printed.append(text[-_KEPT:])
    while sum(map(len, printed)) > _KEPT and len(printed) > 1:
        printed.popleft()


def _failed(doing: str, why: str, output: str) -> Exception:
    error = refusal(0, why, doing=doing)
    if not isinstance(error, PermanentError):
        return error
    lines = [line.strip() for line in output.splitlines() if not _CHATTER.match(line)][-_SHOWN:]
    last = " | ".join(lines)[-_LONGEST:]
    printed = f"{output.rstrip()}\n{why}".strip()
    return BuildFailedError(f"{error}; printed last: {last}" if last else str(error), printed)
