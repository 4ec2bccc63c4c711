"""The part of the common face that is about images."""

from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import Struct

from reconciler.model.images import Build

Progress = Callable[[str], None]
Moved = Callable[[int], None]
"""Is told of so many bytes more that are on their way."""
Content = Callable[[], Iterator[bytes]]
"""Returns some content from its beginning, as often as it is called, in pieces."""


class Login(Struct, frozen=True):
    """A name and a password that a registry knows."""

    username: str
    password: str

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Login({self.username!r})"


class Present(Struct, frozen=True):
    """An image on a node: by its name, what containers are created from, and its bytes."""

    name: str
    reference: str
    size: int


class Images(Protocol):
    """What every engine does with images. Every method may raise UnreachableError."""

    def resolve(self, image: str) -> str | None:
        """Return the reference to create from, None where the image is not present.

        It is REPO:TAG@DIGEST where the engine knows the digest, else the image's id.
        """
        ...

    def pull(
        self,
        image: str,
        progress: Progress | None = None,
        login: Login | None = None,
        moved: Moved | None = None,
    ) -> None:
        """Fetch an image, by a login where one is given, else as the user's own Docker would.

        `moved` is told of bytes as they come.

        Raises:
            ImageMissingError: there is no such image, or no access to it.
            TransientError: the registry could not be asked.
        """
        ...

    def digest(self, image: str, login: Login | None = None) -> str:
        """Return the digest that an image's registry has for its tag, without fetching it.

        Raises:
            ImageMissingError: there is no such image, or no access to it.
            TransientError: the registry could not be asked.
        """
        ...

    def look(self, image: str) -> Present | None:
        """Return what is known of an image on the node, None where it is not there."""
        ...

    def made(self, project: str) -> tuple[Present, ...]:
        """Return the images on the node that were made of the project's source, by name."""
        ...

    def remove_image(self, image: str) -> bool:
        """Remove the name of an image that was made of a source, with what nothing else needs.

        Return whether it is gone: one that a container uses stays.
        """
        ...

    def push(
        self, image: str, name: str, progress: Progress | None = None, login: Login | None = None
    ) -> str:
        """Put an image of the node into a registry, by another name; return its digest.

        Raises:
            ImageMissingError: the image is not on the node.
            TransientError: the registry does not take it.
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
