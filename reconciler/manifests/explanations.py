"""What each problem's code means, told at length: an entry for each in specs/problems.

Decides the form of an entry, which is Markdown:

    # What it is, in a line
    What it means and why it is refused, in some sentences.
    ## Wrong
    Code blocks, each a manifest, or the file that its language is followed by.
    ## Right
    The same, mended.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from msgspec import Struct

from reconciler.manifests import shipped

MANIFEST: Final = "example.yaml"
_SECTIONS: Final = re.compile(r"# (.+)\n\n((?s:.+?))\n## Wrong\n((?s:.+?))\n## Right\n((?s:.+))")
_BLOCK: Final = re.compile(r"^```(\w*)(?: (\S+))?\n((?s:.*?))^```$", re.MULTILINE)


class Explanation(Struct, frozen=True):
    """An entry. `text` is the whole of it; the examples are files by name."""

    code: str
    title: str
    meaning: str
    wrong: Mapping[str, str]
    right: Mapping[str, str]
    text: str


def codes() -> tuple[str, ...]:
    """Return all codes that have an entry, sorted."""
    return shipped.problem_codes()


@cache
def explain(code: str) -> Explanation | None:
    """Return a code's entry, None where there is none.

    Raises:
        ValueError: when the entry has another form.
    """
    if code not in codes():
        return None
    text = shipped.problem_text(code)
    found = _SECTIONS.fullmatch(text)
    if found is None:
        raise ValueError(f"specs/problems/{code}.md has not the form of an entry")
    title, meaning, wrong, right = found.groups()
    return Explanation(code, title, meaning.strip(), _files(wrong), _files(right), text)


def _files(section: str) -> dict[str, str]:
    return {name or MANIFEST: text for _, name, text in _BLOCK.findall(section)}
