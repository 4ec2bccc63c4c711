"""`reconciler.lock`: which content the tags stand for that a source's images are named by.

Decides how it is written and read, and what is told of an image that is not in it. Which digest a
tag has is for registries to say.
"""

import re
from collections.abc import Container, Iterable, Mapping
from typing import Final, NamedTuple

from reconciler.manifests.declared import Declared
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.tree import Mapping as Tree
from reconciler.manifests.tree import Scalar
from reconciler.model.images import LOCK_FILE
from reconciler.model.position import Position

_VERSION: Final = "1"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_HINT: Final = "Write it anew: `reconciler images lock`."
_HEAD: Final = f"""\
# The digests that image tags stand for, by `reconciler images lock`. Commit this file.
version: {_VERSION}
images:"""


class Lock(NamedTuple):
    """A digest that a tag stands for, and where that is said."""

    digest: str
    at: Position


def written(locks: Mapping[str, str]) -> str:
    """Return the text of a lock file, the same for the same locks."""
    lines = [f'  "{image}": "{digest}"' for image, digest in sorted(locks.items())]
    return "\n".join([_HEAD if lines else f"{_HEAD} {{}}", *lines, ""])


def read_locks(files: Mapping[str, bytes], report: Report) -> dict[str, Lock] | None:
    """Return what is locked, by images as written, None where there is no lock file."""
    data = files.get(LOCK_FILE)
    if data is None:
        return None
    documents = read(LOCK_FILE, data, report)
    root = documents[0].root if len(documents) == 1 else None
    images = root.get("images") if isinstance(root, Tree) else None
    if not isinstance(root, Tree) or not isinstance(images, Tree):
        message = f"{LOCK_FILE} holds no locks"
        report.error("bad-lock", Position(LOCK_FILE, 1, 1), "", message, _HINT)
        return {}
    if root.text("version") != _VERSION:
        message = f"version {shorten(root.text('version'))} of {LOCK_FILE} is not known here"
        at, pointer = root.place("version") if "version" in root.items else (root.at, "")
        report.error("bad-lock", at, pointer, message, "Use the version that has written it.")
        return {}
    found = {}
    for image, node in images.items.items():
        if isinstance(node, Scalar) and _DIGEST.fullmatch(node.text):
            found[image] = Lock(node.text, images.place(image)[0])
        else:
            message = f"{shorten(image)} is locked to what is no digest"
            report.error("bad-lock", *images.place(image), message, _HINT)
    return found


def check_locked(declared: Iterable[Declared], locks: Container[str], report: Report) -> None:
    """Warn of each image that is named by a tag which is not locked, where it is named first."""
    told: set[str] = set()
    for one in declared:
        tag = one.tag
        if tag is not None and tag.name not in locks and tag.name not in told:
            told.add(tag.name)
            message = f"the image {tag.name} is not in {LOCK_FILE}"
            hint = "Lock it: `reconciler images lock`."
            report.warn("not-locked", tag.place.at, tag.place.pointer, message, hint)
