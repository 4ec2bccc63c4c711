"""Images that are made of a source: how they are built or loaded, and what they are called.

Such an image is named by its content, so that what is on a node already is recognised by its
name alone. Where the content comes from is not known here.
"""

import hashlib
import json
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

PREFIX: Final = "reconciler/"
"""What the names of images begin with that are made of a source: PREFIX PROJECT : KIND-HASH."""
LOCK_FILE: Final = "reconciler.lock"
"""At a source's root, which digests tags stand for."""
_DIGEST_LENGTH: Final = 20


class Build(Struct, frozen=True, kw_only=True, tag="build"):
    """An image that is built of a folder of the source.

    `context` is that folder, `file` its Dockerfile, relative to the context. `digest` is the
    content's, empty as long as nobody has looked.
    """

    context: str = "."
    file: str = "Dockerfile"
    args: tuple[tuple[str, str], ...] = ()
    digest: str = ""

    @property
    def material(self) -> "Material":
        """What of the source it is made of."""
        return Material(self.context, self.file)


class Archive(Struct, frozen=True, kw_only=True, tag="archive"):
    """An image that is loaded from a file of the source; `digest` as above."""

    path: str
    digest: str = ""

    @property
    def material(self) -> "Material":
        """What of the source it is made of."""
        return Material(self.path)


Origin = Build | Archive


class Material(Struct, frozen=True, order=True):
    """A file of the source, or a folder with the Dockerfile in it that has to be there."""

    path: str
    file: str = ""

    @property
    def key(self) -> str:
        """What it is called on record."""
        return f"{self.path}:{self.file}" if self.file else self.path


def digested(origin: Origin, digest: str) -> Origin:
    """Return where an image comes from, with the digest of its content."""
    return replace(origin, digest=digest)


def name_of(project: str, origin: Origin) -> str:
    """Return the name of the image, which is another one for another content."""
    if isinstance(origin, Archive):
        return f"{PREFIX}{project}:a-{origin.digest[:_DIGEST_LENGTH]}"
    said = [origin.digest, origin.file, sorted(origin.args)]
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
    return f"{PREFIX}{project}:b-{hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]}"


def digest_in(reference: str) -> str:
    """Return the digest that a reference ends with, empty where there is none."""
    return reference.partition("@")[2]


def moved(before: str, now: str) -> bool:
    """Return whether two references to one tag have different digests, each having one."""
    (name, _, old), (same, _, new) = before.partition("@"), now.partition("@")
    return bool(old and new) and name == same and old != new


def project_of(image: str) -> str:
    """Return whose an image is that is made of a source; empty of any other."""
    return image.removeprefix(PREFIX).partition(":")[0] if is_made(image) else ""


def is_made(image: str) -> bool:
    """Return whether an image's name is one of those that are made of a source."""
    return image.startswith(PREFIX)
