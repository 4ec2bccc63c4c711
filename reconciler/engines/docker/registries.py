"""What a registry is asked by way of an engine, besides fetching: what tags stand for, and pushing.

The engine asks, so that a registry is reached, and believed, as it is when images are fetched.
"""

from typing import Any, Final

import requests
from docker import APIClient
from docker.errors import NotFound

from reconciler.engines.docker.client import Clients, accepted, url_of
from reconciler.engines.docker.errors import refusal
from reconciler.engines.docker.logins import header_for
from reconciler.engines.docker.references import split
from reconciler.engines.docker.wire import objects
from reconciler.engines.engine import ImageMissingError, Login, Progress, TransientError

_ASK: Final = 60
_IDLE: Final = 600
_NOBODY: Final = "e30="  # what the engine takes for no login: {}


def digest_of(clients: Clients, image: str, login: Login | None) -> str:
    """Return the digest that a registry has for an image's tag."""
    repository, _, _ = split(image)
    # Worded as a pull is: it fails in the same ways.
    doing = f"pull the digest of {image}"

    def ask(client: APIClient) -> Any:  # noqa: ANN401  # JSON
        header = header_for(client, repository, login, doing)
        headers = {"X-Registry-Auth": header or _NOBODY}
        url = url_of(client, f"/distribution/{image}/json")
        return accepted(client.get(url, headers=headers, timeout=_ASK)).json()

    return str(clients.call(doing, _ASK, ask)["Descriptor"]["digest"])


def push(
    clients: Clients, image: str, name: str, progress: Progress | None, login: Login | None
) -> str:
    """Give an image another name, put it into that name's registry, and return its digest."""
    repository, tag, _ = split(name)
    doing = f"push {name}"

    def ask(client: APIClient) -> requests.Response:
        header = header_for(client, repository, login, doing)
        try:
            client.tag(image, repository, tag or "latest")
        except NotFound:
            raise ImageMissingError(f"could not {doing}: {image} is not on the node") from None
        headers = {"X-Registry-Auth": header or _NOBODY}
        url = url_of(client, f"/images/{repository}/push")
        params = {"tag": tag or "latest"}
        return accepted(
            client.post(url, params=params, headers=headers, stream=True, timeout=_IDLE)
        )

    wire = clients.wire(doing, clients.call(doing, _IDLE, ask), idle=_IDLE)
    digest = ""
    try:
        for told in objects(wire.chunks()):
            if "error" in told:
                raise refusal(0, str(told["error"]), doing=doing)
            aux = told.get("aux")
            digest = str(aux.get("Digest", digest)) if isinstance(aux, dict) else digest
            if progress and told.get("status"):
                progress(f"{told.get('id', '')}: {told['status']}".removeprefix(": "))
    finally:
        wire.close()
    if not digest:
        raise TransientError(f"could not {doing}: the registry has not said what it has taken")
    return digest
