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
from reconciler.engines.engine import Content, Login, Progress
from reconciler.model.images import Build

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
        self, image: str, progress: Progress | None = None, login: Login | None = None
    ) -> None:
        """Fetch an image."""
        pull(self._clients, image, progress, login)

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
