"""Images as they lie on a node: looked at, listed and thrown away, for people who ask."""

from operator import itemgetter
from typing import Final

from docker import APIClient
from docker.errors import APIError, NotFound

from reconciler.engines.docker.client import Clients
from reconciler.engines.docker.references import pinned
from reconciler.engines.engine import Present
from reconciler.model.images import PREFIX

# Seconds.
_INSPECT: Final = 10
_LIST: Final = 30
_REMOVE: Final = 60

_CONFLICT: Final = 409


def look(clients: Clients, image: str) -> Present | None:
    """Return what is known of an image, None where it is not there."""

    def ask(client: APIClient) -> Present | None:
        try:
            found = client.inspect_image(image)  # type: ignore[no-untyped-call]
        except NotFound:
            return None
        return Present(image, pinned(image, found), int(found["Size"]))

    return clients.call(f"look at the image {image}", _INSPECT, ask)


def made(clients: Clients, project: str) -> tuple[Present, ...]:
    """Return the images that were made of a project's source, by name."""

    def ask(client: APIClient) -> tuple[Present, ...]:
        found = client.images(f"{PREFIX}{project}")
        tags = [(tag, one) for one in found for tag in one["RepoTags"] or ()]
        tags.sort(key=itemgetter(0))
        return tuple(Present(tag, one["Id"], int(one["Size"])) for tag, one in tags)

    return clients.call(f"list the images of project {project}", _LIST, ask)


def remove(clients: Clients, image: str) -> bool:
    """Remove an image's name, unless a container uses it; return whether it is gone."""

    def ask(client: APIClient) -> bool:
        try:
            if client.containers(all=True, filters={"ancestor": image}):
                return False
            client.remove_image(image)
        except NotFound:
            return True
        except APIError as error:
            if error.status_code == _CONFLICT:
                return False
            raise
        return True

    return clients.call(f"remove the image {image}", _REMOVE, ask)
