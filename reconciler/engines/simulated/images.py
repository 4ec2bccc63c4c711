"""Images of a world: its registry has what it says, and whatever is built is there afterwards."""

import hashlib

from reconciler.engines.engine import Content, ImageMissingError, Login, Progress
from reconciler.engines.simulated.belongings import Belongings
from reconciler.model.images import Build


class Images(Belongings):
    """The part of a simulated engine that is about images."""

    def resolve(self, image: str) -> str | None:
        """Return what to create from, None of an image that is not here."""
        images = self.world.images

        def ask() -> str | None:
            return image if image in images.values() else images.get(image)

        return self._read("resolve", image, ask)

    def pull(
        self, image: str, progress: Progress | None = None, login: Login | None = None
    ) -> None:
        """Fetch an image, if the world's registry has it."""
        del login

        def act() -> None:
            if not self.world.in_registry(image):
                raise ImageMissingError(f"could not pull {image}: there is no such image")
            digest = hashlib.sha256(image.encode()).hexdigest()
            resolved = image if "@" in image else f"{image}@sha256:{digest}"
            self.world.images.setdefault(image, resolved)

        if progress:
            progress("Pulling")
        self._act("pull", image, act)

    def build(
        self, image: str, recipe: Build, content: Content, progress: Progress | None = None
    ) -> None:
        """Have an image that is built of some content, whatever it is."""
        del recipe
        if progress:
            progress("Building")
        self._made("build", image, content)

    def load(
        self, image: str, path: str, content: Content, progress: Progress | None = None
    ) -> None:
        """Have the image of an archive, whatever it is."""
        del path
        if progress:
            progress("Loading")
        self._made("load", image, content)

    def _made(self, call: str, image: str, content: Content) -> None:
        digest = hashlib.sha256(b"".join(content())).hexdigest()

        def act() -> None:
            self.world.images[image] = f"sha256:{digest}"

        self._act(call, image, act)
