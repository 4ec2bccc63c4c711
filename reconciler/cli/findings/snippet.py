"""A line of a manifest as a terminal shows it, with a caret under what a problem is about.

Decides how wide text is in a terminal's columns, and what is left of a line that is too long.
"""

import re
import unicodedata
from typing import Final

from reconciler.model.plain import escape

_TAB: Final = "    "
_CUT: Final = "…"
_WIDE: Final = "WF"
_UNSEEN: Final = {"Mn", "Me", "Cf"}
# Vowels and finals of Korean syllables, which join the consonant before them.
_JOINING: Final = range(0x1160, 0x1200)
# What a problem is about, from its place on: a quoted text, or a plain one to its end.
_TOKEN: Final = re.compile(
    r"""
    "(?:\\.|[^"\\])*" | '(?:''|[^'])*'
    | [^\s,:\[\]{}\#&*!|>@`"'%] [^,\[\]{}]*? (?= \s*(?: :\s | :$ | \s\# | [,\[\]{}] | $ ) )
    """,
    re.VERBOSE,
)


def marked(line: str, column: int, width: int) -> tuple[str, str]:
    """Return a line, cut around a column (from 1) to a width, and the carets to go below it."""
    column = min(column, len(line) + 1)
    first = max(0, column - 1 - width)
    before = [_shown(character) for character in line[first : column - 1]]
    rest = line[column - 1 : column + width]
    after = [_shown(character) for character in rest]
    token = _TOKEN.match(rest)
    length = token.end() if token else 1
    cut_before = first > 0 or _total(before) + min(_total(after), width // 2) > width
    if cut_before:
        before = [_CUT, *_last(before, width // 2)]
    shown = _first(after, width - _total(before))
    cut_after = len(shown) < len(line) - column + 1
    carets = max(1, _total(shown[:length]))
    text = "".join([*before, *shown, _CUT if cut_after else ""])
    return text, " " * _total(before) + "^" * carets


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(map(_columns, text))


def _shown(character: str) -> str:
    return _TAB if character == "\t" else escape(character)


def _total(cells: list[str]) -> int:
    return sum(map(columns_of, cells))


def _first(cells: list[str], room: int) -> list[str]:
    """Return the cells that fit, from the front."""
    for count, cell in enumerate(cells):
        room -= columns_of(cell)
        if room < 0:
            return cells[:count]
    return cells


def _last(cells: list[str], room: int) -> list[str]:
    return _first(cells[::-1], room)[::-1]


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in _UNSEEN or ord(character) in _JOINING:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
