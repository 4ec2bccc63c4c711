"""Archives of images, as `docker save` writes them: looked through, and renamed on the way.

Decides what an archive must hold, and that its names mean nothing: loading one moves no tag that
others use. Read from beginning to end, twice; nothing is held in memory but the list of images.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any, Final

from reconciler.engines.docker.pieces import Pieces
from reconciler.engines.engine import Content, PermanentError

_LIST: Final = "manifest.json"
# They would name the image a second time.
_OTHER_NAMES: Final = frozenset({"repositories", "index.json", "oci-layout"})
_LARGEST_LIST: Final = 4 * 1024 * 1024
_PIECE: Final = 256 * 1024
_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(2 * _BLOCK)


def listed(path: str, content: Content) -> dict[str, Any]:
    """Return what an archive says of its one image.

    Raises:
        PermanentError: it is no archive of one image.
    """
    found: object = None
    for member, body in _members(path, content()):
        if _name(member) == _LIST:
            if member.size > _LARGEST_LIST:
                raise PermanentError(f"the list of images in {path} is too large")
            found = _parsed(body.read())
    images = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    if not images:
        raise PermanentError(f"{path} holds no image as `docker save` writes it")
    if len(images) > 1:
        message = f"{path} holds {len(images)} images, and one is needed: save each to its own file"
        raise PermanentError(message)
    return images[0]


def renamed(path: str, content: Content, image: str) -> Iterator[bytes]:
    """Yield an archive, uncompressed, whose one image has this name and no other.

    Raises:
        PermanentError: as above.
    """
    said = json.dumps([{**listed(path, content), "RepoTags": [image]}]).encode()
    for member, body in _members(path, content()):
        if _name(member) in _OTHER_NAMES:
            continue
        if _name(member) == _LIST:
            member.size = len(said)
            member.pax_headers = {}
            body = io.BytesIO(said)  # noqa: PLW2901  # what stands in its place
        yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        while piece := body.read(_PIECE):
            yield piece
        yield bytes(-member.size % _BLOCK)
    yield _END


def _members(path: str, pieces: Iterator[bytes]) -> Iterator[tuple[tarfile.TarInfo, Any]]:
    """Yield what an archive holds; all of it is read, so that whoever counts its bytes can."""
    source = Pieces(pieces)
    try:
        with tarfile.open(fileobj=source, mode="r|*") as archive:
            for member in archive:
                body = archive.extractfile(member) if member.isreg() else None
                yield member, body or io.BytesIO()
    except (tarfile.TarError, EOFError, OSError) as error:
        message = f"{path} is no archive of an image that can be read: {error}"
        raise PermanentError(message) from error
    while source.read(_PIECE):
        pass


def _name(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./")


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None
