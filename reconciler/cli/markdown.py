"""Markdown for a pull request's comment: what forges render, and cannot be made to render.

Decides how foreign text is kept from being markup, a mention or a link: it stands in code
spans, the one place where no forge looks for any of them, and never in a table, whose cells end
at a bar even there. Nothing here knows what is told.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from reconciler.model.plain import one_line

# What GitHub takes as a comment; GitLab, Gitea and Bitbucket take more or as much.
MOST: Final = 65_536
# For the ends of sections, and a line for each that finds no room.
_RESERVE: Final = 2_000
_LONGEST: Final = 300
_FENCE: Final = re.compile("`+")
_HARMLESS: Final = re.compile("[A-Za-z0-9](?:[A-Za-z0-9 ,;()'-]|: )*")


class Section(Struct, frozen=True):
    """Lines that are folded away under a title. Both are Markdown already."""

    title: str
    lines: Sequence[str]


def code(text: str) -> str:
    """Return foreign text as a code span: on one line, not too long, and nothing but text."""
    shown = one_line(text)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}…"
    if not shown:
        return "none"
    fence = "`" * (max((len(run) for run in _FENCE.findall(shown)), default=0) + 1)
    # A space that touches the fence on both sides is taken away again.
    padding = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def prose(text: str) -> str:
    """Return a sentence as it is where it is made of nothing but words, else as a code span."""
    return text if _HARMLESS.fullmatch(text) else code(text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table of our own words and numbers, the first column's cells being names."""
    rule = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def document(marker: str, head: Sequence[str], sections: Iterable[Section]) -> str:
    """Return a comment within what forges take: what is too much is counted.

    `marker` is one word or more by which a bot finds its earlier comment; nobody sees it.
    """
    lines = [f"<!-- {marker} -->", *head]
    room = MOST - _RESERVE - _size(lines)
    for section in sections:
        if not section.lines:
            continue
        added = _fitting(section, room)
        room -= _size(added)
        lines += added
    return "\n".join(lines).rstrip("\n")


def _fitting(section: Section, room: int) -> list[str]:
    begin = ["", f"<details><summary>{section.title}</summary>", ""]
    end = ["", "</details>"]
    room -= _size([*begin, *end])
    shown: list[str] = []
    for line in section.lines:
        room -= _size([line])
        if room < 0:
            break
        shown.append(line)
    if room >= 0:
        return [*begin, *shown, *end]
    if not shown:
        return ["", f"{section.title} …"]
    return [*begin, *shown, "", f"… and {len(section.lines) - len(shown)} more", *end]


def _size(lines: Sequence[str]) -> int:
    """Return how much lines take, in the largest of the units in which forges may count."""
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
