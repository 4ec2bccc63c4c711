"""`.reconcilerignore`: which files of a source are none of its manifests.

Decides by paths alone, as git does by .gitignore: a file in a folder speaks of what is below
it, the last line that fits counts, and a deeper file before a higher one. What is in an ignored
folder stays ignored. Opens no file, so that any kind of source can ask. The source's own
configuration at its root cannot be ignored.
"""

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from reconciler.sources.source import SOURCE_FILE

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE: Final = ".reconcilerignore"
MAX_BYTES: Final = 64 * 1024
# What remains is matched step by step: each * more multiplies the steps of one name.
_MOST_STARS: Final = 3


class IgnoreFaultError(ValueError):
    """A file that cannot be followed, and why, in a sentence."""


class Ignored(Struct):
    """What has been said so far of what is ignored, by the folder that it was said in."""

    _rules: "dict[str, GitIgnoreSpec]" = field(default_factory=dict)

    def learn(self, folder: str, data: bytes) -> None:
        """Take in the content of a folder's file. The root is the folder ''.

        Raises:
            IgnoreFaultError: when it cannot be followed: then nothing of it holds.
        """
        self._rules[folder] = _parsed(f"{folder}/{IGNORE_FILE}".lstrip("/"), data)

    def covers(self, path: str, *, folder: bool) -> bool:
        """Return whether a path is ignored by what was learnt of the folders above it.

        Asked on the way down: what is in an ignored folder is not asked for again.
        """
        if not self._rules or path == SOURCE_FILE:
            return False
        above, _, rest = path.rpartition("/")
        while True:
            if above in self._rules:
                said = self._rules[above].check_file(rest + "/" * folder).include
                if said is not None:
                    return said
            if not above:
                return False
            above, _, step = above.rpartition("/")
            rest = f"{step}/{rest}"

    def covers_wholly(self, path: str) -> bool:
        """Return whether a file is ignored, or a folder that it is in."""
        steps = path.split("/")
        folders = ("/".join(steps[:depth]) for depth in range(1, len(steps)))
        return any(self.covers(f, folder=True) for f in folders) or self.covers(path, folder=False)


def _parsed(path: str, data: bytes) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  # most sources ignore nothing

    if len(data) > MAX_BYTES:
        raise IgnoreFaultError(f"{path} has more than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise IgnoreFaultError(f"{path} is not UTF-8") from None
    if "\0" in text:
        raise IgnoreFaultError(f"{path} is no text")
    for number, line in enumerate(text.splitlines(), start=1):
        _check(line, f"{path}:{number}")
    return GitIgnoreSpec.from_lines(text.splitlines())


def _check(line: str, place: str) -> None:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  # as above

    parts = line.split("/")
    if any(part != "**" and part.count("*") > _MOST_STARS for part in parts):
        raise IgnoreFaultError(f"{place}: more than {_MOST_STARS} * in one part of a path")
    if parts.count("**") > _MOST_STARS:
        raise IgnoreFaultError(f"{place}: more than {_MOST_STARS} ** in one line")
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error) as fault:
        raise IgnoreFaultError(f"{place}: {line!r} is no pattern: {fault}") from None
