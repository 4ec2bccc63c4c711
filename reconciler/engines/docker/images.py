"""What a Docker Engine does with images: looked up, fetched, built and loaded.

It decides nothing about which image is wanted.
"""

from typing import Final

from docker import APIClient
from docker.errors import NotFound

from reconciler.engines.docker import make
from reconciler.engines.docker.belongings import Belongings
from reconciler.engines.docker.pull import pull
from reconciler.engines.docker.references import pinned
from reconciler.engines.docker.registries import digest_of, push
from reconciler.engines.docker.shelf import look, made, remove
from reconciler.engines.engine import Content, Login, Present, Progress
from reconciler.engines.images import Moved
from reconciler.model.images import Build, is_made

_INSPECT: Final = 10  # seconds


class Images(Belongings):
    """The part of an engine that is about images."""

    def resolve(self, image: str) -> str | None:
        """Return what to create from, None of an image that is not here."""

        def ask(client: APIClient) -> str | None:
            try:
                return pinned(image, client.inspect_image(image))  # type: ignore[no-untyped-call]
            except NotFound:
                return None

        return self._clients.call(f"look at the image {image}", _INSPECT, ask)

    def pull(
        self,
        image: str,
        progress: Progress | None = None,
        login: Login | None = None,
        moved: Moved | None = None,
    ) -> None:
        """Fetch an image."""
        pull(self._clients, image, progress, login, moved)

    def digest(self, image: str, login: Login | None = None) -> str:
        """Ask an image's registry for the digest of its tag."""
        return digest_of(self._clients, image, login)

    def look(self, image: str) -> Present | None:
        """Return what is known of an image on the node."""
        return look(self._clients, image)

    def made(self, project: str) -> tuple[Present, ...]:
        """Return the images that were made of the project's source."""
        return made(self._clients, project)

    def remove_image(self, image: str) -> bool:
        """Remove an image's name; one that a container uses stays."""
        return is_made(image) and remove(self._clients, image)

    def push(
        self, image: str, name: str, progress: Progress | None = None, login: Login | None = None
    ) -> str:
        """Put an image into a registry by another name."""
        return push(self._clients, image, name, progress, login)

    def build(
        self, image: str, recipe: Build, content: Content, progress: Progress | None = None
    ) -> None:
        """Build an image."""
        make.build(self._clients, image, recipe, content, progress)

    def load(
        self, image: str, path: str, content: Content, progress: Progress | None = None
    ) -> None:
        """Load the one image of an archive."""
        make.load(self._clients, image, path, content, progress)
