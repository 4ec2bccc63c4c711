"""Fetching an image: slow, talkative, and in need of the user's own credentials."""

from collections.abc import Mapping
from typing import Any, Final

import requests
from docker import APIClient

from reconciler.engines.docker.client import Clients, accepted, url_of
from reconciler.engines.docker.errors import refusal
from reconciler.engines.docker.logins import header_for
from reconciler.engines.docker.references import split
from reconciler.engines.docker.wire import Wire, objects
from reconciler.engines.engine import Login, Progress
from reconciler.engines.images import Moved

# A large layer is unpacked in silence; a registry that hangs is given up by the engine itself.
_IDLE: Final = 600


def pull(
    clients: Clients,
    image: str,
    progress: Progress | None,
    login: Login | None = None,
    moved: Moved | None = None,
) -> None:
    """Fetch an image, telling each change of what is done with a layer, and of bytes that come."""
    repository, tag, digest = split(image)
    doing = f"pull {image}"

    def ask(client: APIClient) -> requests.Response:
        header = header_for(client, repository, login, doing)
        params = {"fromImage": repository, "tag": digest or tag or "latest"}
        headers = {"X-Registry-Auth": header} if header else {}
        url = url_of(client, "/images/create")
        return accepted(
            client.post(url, params=params, headers=headers, stream=True, timeout=_IDLE)
        )

    wire = clients.wire(doing, clients.call(doing, _IDLE, ask), idle=_IDLE)
    try:
        _follow(wire, doing, progress, moved)
    finally:
        wire.close()


def _follow(wire: Wire, doing: str, progress: Progress | None, moved: Moved | None) -> None:
    last: dict[str, str] = {}
    there: dict[str, int] = {}
    for told in objects(wire.chunks()):
        if "error" in told:
            raise refusal(0, str(told["error"]), doing=doing)
        layer, status = _said(told)
        if moved and status == "Downloading" and (now := _bytes(told)) > there.get(layer, 0):
            moved(now - there.get(layer, 0))
            there[layer] = now
        if progress and status and last.get(layer) != status:
            last[layer] = status
            progress(f"{layer}: {status}" if layer else status)


def _bytes(told: Mapping[str, Any]) -> int:
    """Return how much of a layer has come."""
    detail = told.get("progressDetail")
    return int(detail.get("current") or 0) if isinstance(detail, dict) else 0


def _said(told: Mapping[str, Any]) -> tuple[str, str]:
    return str(told.get("id", "")), str(told.get("status", ""))
