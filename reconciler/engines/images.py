"""The part of the common face that is about images."""

from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import Struct

from reconciler.model.images import Build

Progress = Callable[[str], None]
Content = Callable[[], Iterator[bytes]]
"""Returns some content from its beginning, as often as it is called, in pieces."""


class Login(Struct, frozen=True):
    """A name and a password that a registry knows."""

    username: str
    password: str

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Login({self.username!r})"


class Images(Protocol):
    """What every engine does with images. Every method may raise UnreachableError."""

    def resolve(self, image: str) -> str | None:
        """Return the reference to create from, None where the image is not present.

        It is REPO:TAG@DIGEST where the engine knows the digest, else the image's id.
        """
        ...

    def pull(
        self, image: str, progress: Progress | None = None, login: Login | None = None
    ) -> None:
        """Fetch an image, by a login where one is given, else as the user's own Docker would.

        Raises:
            ImageMissingError: there is no such image, or no access to it.
            TransientError: the registry could not be asked.
        """
        ...

    def build(
        self, image: str, recipe: Build, content: Content, progress: Progress | None = None
    ) -> None:
        """Build an image by this name, of a context that is a tar archive.

        What `content` raises is raised, and nothing is built then.

        Raises:
            BuildFailedError: the Dockerfile is at fault, or what it runs.
            TransientError: it may work later.
        """
        ...

    def load(
        self, image: str, path: str, content: Content, progress: Progress | None = None
    ) -> None:
        """Load the one image of an archive by this name; the names in it mean nothing.

        `path` is what the archive is called. What `content` raises is raised, and nothing is
        loaded then.

        Raises:
            PermanentError: it is no archive of one image.
            TransientError: it may work later.
        """
        ...
