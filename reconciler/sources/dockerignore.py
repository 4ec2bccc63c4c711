"""`.dockerignore`: which files of a folder are no part of a build, as a builder reads it.

Decides by paths alone: each line is a pattern from the context's root on, ** stands for any
folders, ! takes back, the last line that fits counts, and what is in a folder goes with it. The
time that it takes grows with the lengths of paths and patterns, whatever they say.
"""

import posixpath
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

IGNORE_FILE: Final = ".dockerignore"
_ANY: Final = "**"


class _Line(Struct, frozen=True):
    parts: tuple[str, ...]
    keeps: bool


class Ignoring:
    """What a file of this kind says."""

    def __init__(self, text: str) -> None:
        """Take in the content of the file, empty for none."""
        found = (_line(line) for line in text.splitlines())
        self._lines = tuple(line for line in found if line is not None)

    def covers(self, path: str) -> bool:
        """Return whether a file is ignored."""
        ignored = False
        parts = path.split("/")
        for line in self._lines:
            if line.keeps == ignored and _fits(line.parts, parts):
                ignored = not line.keeps
        return ignored


def _line(text: str) -> _Line | None:
    text = text.strip()
    if not text or text.startswith("#"):
        return None
    keeps = text.startswith("!")
    path = posixpath.normpath(text.removeprefix("!").strip()).lstrip("/")
    return None if path in {"", "."} else _Line(tuple(path.split("/")), keeps)


def _fits(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Return whether a pattern fits a path, or a folder above it."""
    # Which beginnings of the path the pattern fits so far, by their lengths.
    ends = {0}
    for part in pattern:
        if part == _ANY:
            ends = set(range(min(ends), len(path) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(path) and _fits_name(part, path[end])}
        if not ends:
            return False
    return bool(ends - {0})


def _fits_name(pattern: str, name: str) -> bool:
    r"""Return whether *, ?, [...] and \ in one part of a path fit a name."""
    at, star, tried, place = 0, -1, 0, 0
    while place < len(name):
        width = _one(pattern, at, name[place])
        if at < len(pattern) and pattern[at] == "*":
            star, tried = at, place
            at += 1
        elif width:
            at, place = at + width, place + 1
        elif star >= 0:
            tried += 1
            at, place = star + 1, tried
        else:
            return False
    return not pattern[at:].strip("*")


def _one(pattern: str, at: int, letter: str) -> int:
    """Return how much of a pattern stands for a letter, 0 where it does not."""
    if at >= len(pattern):
        return 0
    here = pattern[at]
    if here == "?":
        return 1
    if here == "\\" and at + 1 < len(pattern):
        return 2 if pattern[at + 1] == letter else 0
    if here == "[" and (end := pattern.find("]", at + 2)) > 0:
        return end + 1 - at if _among(pattern[at + 1 : end], letter) else 0
    return 1 if here == letter else 0


def _among(said: str, letter: str) -> bool:
    """Return whether a letter is in a class: single letters and ranges, ^ for all others."""
    negated, found, at = said.startswith("^"), False, 0
    said = said.removeprefix("^")
    while at < len(said):
        ranged = said[at + 1 : at + 2] == "-" and at + 2 < len(said)
        found = found or said[at] <= letter <= said[at + 2 if ranged else at]
        at += 3 if ranged else 1
    return found != negated
