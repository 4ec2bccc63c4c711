"""A commit's own words: who wrote it, when, and under which subject.

Decides how git's form of a commit or a tag is taken apart. Pure. All of it is foreign text, for
whoever shows it to escape.
"""

import re
from typing import Final

from reconciler.sources.source import CommitInfo

_AUTHOR: Final = re.compile(r"^(?P<name>.*?) ?<[^>]*> (?P<at>-?\d{1,18}) [+-]\d+$")
_LONGEST: Final = 500


def commit_info(name: str, content: bytes, signer: str = "") -> CommitInfo:
    """Return what a commit says of itself."""
    message = content.decode("utf-8", "replace").partition("\n\n")[2]
    found = _AUTHOR.match(header(content, "author"))
    lines = message.strip().splitlines()
    return CommitInfo(
        id=name,
        author=found["name"][:_LONGEST] if found else "",
        subject=lines[0][:_LONGEST] if lines else "",
        authored_at=float(found["at"]) if found else 0.0,
        signer=signer,
    )


def header(content: bytes, name: str) -> str:
    """Return the first header of a name that a commit or a tag has, empty where it has none."""
    head = content.decode("utf-8", "replace").partition("\n\n")[0]
    prefix = f"{name} "
    lines = (line for line in head.split("\n") if line.startswith(prefix))
    return next(lines, "").removeprefix(prefix)
