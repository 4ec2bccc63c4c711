"""Images of a world: its registry has what it says, and whatever is built is there afterwards."""

import hashlib

from reconciler.engines.engine import Content, ImageMissingError, Login, Present, Progress
from reconciler.engines.images import Moved
from reconciler.engines.simulated.belongings import Belongings
from reconciler.model.images import Build, is_made, project_of


class Images(Belongings):
    """The part of a simulated engine that is about images."""

    def resolve(self, image: str) -> str | None:
        """Return what to create from, None of an image that is not here."""
        images = self.world.images

        def ask() -> str | None:
            return image if image in images.values() else images.get(image)

        return self._read("resolve", image, ask)

    def pull(
        self,
        image: str,
        progress: Progress | None = None,
        login: Login | None = None,
        moved: Moved | None = None,
    ) -> None:
        """Fetch an image, if the world's registry has it."""
        del login, moved

        def act() -> None:
            if not self.world.in_registry(image):
                raise ImageMissingError(f"could not pull {image}: there is no such image")
            resolved = image if "@" in image else f"{image}@{self._digest(image)}"
            self.world.images.setdefault(image, resolved)

        if progress:
            progress("Pulling")
        self._act("pull", image, act)

    def digest(self, image: str, login: Login | None = None) -> str:
        """Return what the world's registry has."""
        del login

        def ask() -> str:
            if not self.world.in_registry(image):
                raise ImageMissingError(f"could not ask for {image}: there is no such image")
            return self._digest(image)

        return self._read("digest", image, ask)

    def _digest(self, image: str) -> str:
        made_up = f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
        return self.world.tags.get(image, made_up)

    def look(self, image: str) -> Present | None:
        """Return what is known of an image."""
        found = self.resolve(image)
        return None if found is None else Present(image, found, 0)

    def made(self, project: str) -> tuple[Present, ...]:
        """Return what was made."""
        images = self.world.images

        def ask() -> tuple[Present, ...]:
            names = sorted(name for name in images if project_of(name) == project)
            return tuple(Present(name, images[name], 0) for name in names)

        return self._read("made", project, ask)

    def remove_image(self, image: str) -> bool:
        """Remove an image that no box was made of."""

        def act() -> bool:
            used = {box.image for box in self.world.boxes.values()}
            if not is_made(image) or self.world.images.get(image) in used:
                return False
            self.world.images.pop(image, None)
            return True

        return self._act("remove_image", image, act)

    def push(
        self, image: str, name: str, progress: Progress | None = None, login: Login | None = None
    ) -> str:
        """Have an image pushed, wherever to."""
        del progress, login
        found = self.resolve(image)
        if found is None:
            raise ImageMissingError(f"could not push {name}: {image} is not on the node")
        return f"sha256:{hashlib.sha256(found.encode()).hexdigest()}"

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
