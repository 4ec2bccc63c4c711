"""Writes docs/problems.md from the entries in specs/problems: `make docs`."""

import re
import sys
from pathlib import Path

from reconciler.manifests import explanations

PAGE = Path(__file__).parents[1] / "docs" / "problems.md"
HEAD = """\
# Problems

<!-- Made from specs/problems by `make docs`. -->

What `reconciler validate` finds, by code; `reconciler explain CODE` prints an entry. An error
refuses the manifests as a whole: nothing of them is applied. A warning refuses nothing.

"""


def page() -> str:
    """Return the page: a list of the codes, then their entries."""
    found = [explanations.explain(code) for code in explanations.codes()]
    entries = [entry for entry in found if entry is not None]
    listed = "".join(f"| [{entry.code}](#{entry.code}) | {entry.title} |\n" for entry in entries)
    return HEAD + f"| code | what it is |\n|---|---|\n{listed}" + "".join(map(section, entries))


def section(entry: explanations.Explanation) -> str:
    """Return an entry under its code, its headings one step further down."""
    body = entry.text.partition("\n")[2]
    below = re.sub(r"^## (.*)$", r"**\1**", body, flags=re.MULTILINE)
    named = re.sub(r"^```(\w+) (\S+)$", r"`\2`:\n\n```\1", below, flags=re.MULTILINE)
    return f"\n## {entry.code}\n\n{entry.title}.\n{named}"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else PAGE).write_text(page(), "utf-8")
