"""What lies in a source besides manifests: what images are made of, whatever its size.

Decides what belongs to a build's context and what content is called: by paths, by which files may
be executed, by bytes; never by time stamps, owners or the order of things. An empty folder is
nothing, as in git. Nothing is read into memory as a whole. Where bytes come from is the business
of those that implement `Contents`.
"""

import hashlib
import posixpath
import tarfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from reconciler.model.images import Material
from reconciler.sources.dockerignore import IGNORE_FILE, Ignoring

MOST_FILES: Final = 200_000
_LARGEST_IGNORE: Final = 1024 * 1024
_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(2 * _BLOCK)
_MODES: Final = {"file": 0o644, "program": 0o755, "link": 0o777}


class ContentFaultError(Exception):
    """Why something of a source cannot be used, in a sentence. `in_file`: it is the Dockerfile."""

    def __init__(self, message: str, *, in_file: bool = False) -> None:
        """Keep the sentence."""
        super().__init__(message)
        self.in_file = in_file


class ContentChangedError(Exception):
    """What is read is not what the revision was named by."""


class Kind(StrEnum):
    """What a leaf of a tree is."""

    FILE = "file"
    PROGRAM = "program"
    LINK = "link"


class Leaf(Struct, frozen=True, order=True):
    """A file or link below a folder, by its path there; `real` is its path in the source."""

    path: str
    kind: Kind
    real: str = ""
    target: str = ""


class Contents(Protocol):
    """The files of one revision. Paths are relative to the source's root, with forward slashes.

    Each method raises ContentFaultError for what is not there, or leads out of the source.
    """

    def attend(self, materials: Collection[Material]) -> None:
        """Have changes of these noticed from now on, where there can be any."""

    def file(self, path: str) -> str:
        """Return the real path of a file, once links are resolved."""

    def folder(self, path: str) -> str:
        """Return the real path of a folder."""

    def leaves(self, folder: str) -> list[Leaf]:
        """Return what is below a folder, links not followed, no repository's own files."""

    def digests(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Return the SHA-256 of files by their real paths."""

    def each(self, paths: Sequence[str]) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Yield the size of each file by its real path, and its bytes in pieces.

        One file after the other: the bytes of one are to be taken before the next.
        """


def check(contents: Contents, material: Material) -> None:
    """Look whether something is there, without reading it.

    Raises:
        ContentFaultError: when it is not there, or not fit to be used.
    """
    if not material.file:
        contents.file(material.path)
        return
    contents.folder(material.path)
    try:
        contents.file(posixpath.join(material.path, material.file))
    except ContentFaultError as fault:
        raise ContentFaultError(str(fault), in_file=True) from None


def digest_of(contents: Contents, material: Material) -> str:
    """Return the SHA-256 that content is recognised by.

    Raises:
        ContentFaultError: when it is not there, or not fit to be used.
    """
    if not material.file:
        real = contents.file(material.path)
        return contents.digests([real])[real]
    leaves = _context(contents, material)
    known = contents.digests([leaf.real for leaf in leaves if leaf.kind is not Kind.LINK])
    total = hashlib.sha256()
    for leaf in leaves:
        _add(total, leaf, known.get(leaf.real, ""))
    return total.hexdigest()


def stream_of(contents: Contents, material: Material, digest: str) -> Iterator[bytes]:
    """Yield a file as it is, and a context as a tar archive that is the same for equal content.

    Raises:
        ContentFaultError: when it is not there any more.
        ContentChangedError: at the end, before the last piece, when it has another digest.
    """
    if material.file:
        yield from _packed(contents, material, digest)
        return
    total = hashlib.sha256()
    for _, pieces in contents.each([contents.file(material.path)]):
        for piece in pieces:
            total.update(piece)
            yield piece
    _check(material, total.hexdigest(), digest)


def _packed(contents: Contents, material: Material, digest: str) -> Iterator[bytes]:
    total = hashlib.sha256()
    leaves = _context(contents, material)
    files = contents.each([leaf.real for leaf in leaves if leaf.kind is not Kind.LINK])
    for leaf in leaves:
        if leaf.kind is Kind.LINK:
            yield _header(leaf, 0)
            _add(total, leaf, "")
            continue
        size, pieces = next(files)
        yield _header(leaf, size)
        own, left = hashlib.sha256(), size
        for piece in pieces:
            own.update(piece)
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise ContentChangedError(_changed(material))
        yield bytes(-size % _BLOCK)
        _add(total, leaf, own.hexdigest())
    _check(material, total.hexdigest(), digest)
    yield _END


def _check(material: Material, found: str, wanted: str) -> None:
    if found != wanted:
        raise ContentChangedError(_changed(material))


def _changed(material: Material) -> str:
    return f"{material.path} is no longer as it was in this revision"


def _add(total: "hashlib._Hash", leaf: Leaf, digest: str) -> None:
    for part in (leaf.path, leaf.kind.value, leaf.target or digest):
        data = part.encode("utf-8", "surrogateescape")
        # Lengths keep one thing from being read as another.
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)


def _context(contents: Contents, material: Material) -> list[Leaf]:
    """Return what is sent to a builder, in order: what is not ignored, and what it goes by."""
    check(contents, material)
    leaves = contents.leaves(material.path)
    by_path = {leaf.path: leaf for leaf in leaves}
    ignoring = Ignoring(_text(contents, by_path.get(IGNORE_FILE)))
    always = {material.file, IGNORE_FILE}
    kept = [leaf for leaf in leaves if leaf.path in always or not ignoring.covers(leaf.path)]
    if len(kept) > MOST_FILES:
        raise ContentFaultError(f"{material.path} holds more than {MOST_FILES} files")
    return sorted(kept)


def _text(contents: Contents, leaf: Leaf | None) -> str:
    if leaf is None or leaf.kind is Kind.LINK:
        return ""
    said = b""
    for size, pieces in contents.each([leaf.real]):
        if size > _LARGEST_IGNORE:
            raise ContentFaultError(f"{leaf.real} has more than {_LARGEST_IGNORE} bytes")
        said = b"".join(pieces)
    return said.decode("utf-8-sig", "surrogateescape")


def _header(leaf: Leaf, size: int) -> bytes:
    entry = tarfile.TarInfo(leaf.path)
    entry.size, entry.mode = size, _MODES[leaf.kind]
    if leaf.kind is Kind.LINK:
        entry.type, entry.linkname = tarfile.SYMTYPE, leaf.target
    return entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
