"""The grammar of image references, as engines read it.

Decides which references are well-formed, and where one that is not goes wrong. A registry that
is given as an empty constant leaves an empty first part, `/busybox:stable`: empty parts of the
path are dropped. Must not know where references come from.
"""

import re
from typing import Final

from msgspec import Struct

_DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*"
    r"|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?"
)
_PART: Final = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}")
_DIGEST: Final = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}")
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME: Final = 255


_DEFAULT_REGISTRY: Final = "docker.io"
_DEFAULT_FOLDER: Final = "library/"


class Familiar(Struct, frozen=True):
    """What people call an image: its registry, and its names in full and in short.

    `written` is the repository as the reference has it.
    """

    registry: str
    names: tuple[str, ...]
    written: str
    digest: str


class ReferenceFaultError(ValueError):
    """A reference is malformed at `offset`: what is wrong and what to do."""

    def __init__(self, offset: int, message: str, hint: str) -> None:
        self.offset = offset
        self.message = message
        self.hint = hint
        super().__init__(message)


def parse(text: str) -> str:
    """Return a reference with empty parts dropped.

    Raises:
        ReferenceFaultError: when it is malformed.
    """
    rest, at_sign, digest = text.partition("@")
    if at_sign and not _DIGEST.fullmatch(digest):
        hint = "A digest reads sha256: and 64 hexadecimal digits."
        raise ReferenceFaultError(len(rest) + 1, f"{digest!r} is no digest", hint)
    start = rest.rfind("/") + 1
    last, colon, tag = rest[start:].partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise ReferenceFaultError(start + len(last) + 1, *_tag_fault(tag))
    name = _name(rest[:start] + last, text)
    return name + colon + tag + at_sign + digest


def familiar(reference: str) -> Familiar:
    """Return the names of a well-formed reference, with and without its tag."""
    named, _, digest = reference.partition("@")
    start = named.rfind("/") + 1
    last, colon, tag = named[start:].partition(":")
    first, slash, rest = (named[:start] + last).partition("/")
    registry, written = _DEFAULT_REGISTRY, named[:start] + last
    if slash and _is_registry(first):
        registry, written = first.lower(), rest
    path = written
    if registry.removeprefix("index.") == _DEFAULT_REGISTRY:
        registry = _DEFAULT_REGISTRY
        path = path if "/" in path else _DEFAULT_FOLDER + path
    names = [f"{registry}/{path}"]
    if registry == _DEFAULT_REGISTRY:
        names += [path, path.removeprefix(_DEFAULT_FOLDER)]
    # A digest counts, not the tag beside it.
    tagged = [] if digest else [f"{name}:{tag if colon else 'latest'}" for name in names]
    return Familiar(registry, (*names, *tagged), written, digest)


def _is_registry(part: str) -> bool:
    """Return whether engines take the first part of several for a registry."""
    return "." in part or ":" in part or part == "localhost"


def _name(text: str, whole: str) -> str:
    parts: list[str] = []
    offset = 0
    for part in text.split("/"):
        if part:
            _check_part(part, offset, first=not parts, more=offset + len(part) < len(text))
            parts.append(part)
        offset += len(part) + 1
    name = "/".join(parts)
    if not parts:
        hint = "Write REPOSITORY:TAG, for example busybox:stable."
        raise ReferenceFaultError(0, f"{whole!r} names no repository", hint)
    if len(name) > _LONGEST_NAME:
        hint = f"At most {_LONGEST_NAME} characters."
        raise ReferenceFaultError(0, "the image's name is too long", hint)
    if _HEXADECIMAL.fullmatch(name):
        hint = "Name a repository and a tag; an image's id differs from node to node."
        raise ReferenceFaultError(0, "an image id is no reference", hint)
    return name


def _check_part(part: str, offset: int, *, first: bool, more: bool) -> None:
    registry = first and more and _is_registry(part)
    if registry and not _DOMAIN.fullmatch(part):
        hint = "A registry reads HOST or HOST:PORT, with no https:// in front."
        raise ReferenceFaultError(offset, f"{part!r} is no registry", hint)
    if not registry and not _PART.fullmatch(part):
        raise ReferenceFaultError(offset, *_part_fault(part))


def _part_fault(part: str) -> tuple[str, str]:
    if _PART.fullmatch(part.lower()):
        return f"the repository {part!r} has capital letters", f"Write {part.lower()!r}."
    hint = "Lower-case letters and digits, joined by single . _ or any number of hyphens."
    return f"{part!r} is no part of a repository's name", hint


def _tag_fault(tag: str) -> tuple[str, str]:
    if not tag:
        return "the tag is empty", "Write a tag after the colon, or leave the colon out."
    hint = "At most 128 letters, digits, _ . and -, not beginning with . or -."
    return f"{tag!r} is no tag", hint
