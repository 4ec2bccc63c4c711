"""Where findings are gathered: once each, in the order of the text.

Must not know what the findings are about, nor stop at the first.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.manifests.tree import Node, place_of
from reconciler.model.position import Position
from reconciler.model.problem import Problem, Severity

_LONGEST: Final = 100
_STEM: Final = 3
# What to do about problems that tell no more than their code does.
_USUALLY: Final = {
    "alias-recursive": "Write the value out.",
    "bad-format": "The field's description shows how it is written: `reconciler schema KIND`.",
    "bad-tag": "Remove the tag, or mend the value.",
    "constant-cycle": "Give one of them a value that uses none of the others.",
    "constant-limit": "Use fewer constants within constants.",
    "constant-value": "The profile that declares the constant says which values it takes.",
    "forbidden-character": "Remove it; this should be text.",
    "key-not-text": "Write plain text before the colon.",
    "missing-field": "Add it here.",
    "not-a-manifest": "Keep one document, and move the others to files of their own.",
    "too-deep": "Write it flatter: no field is nested like this.",
    "unknown-alias": "Mark a value before with &NAME, or quote text that begins with an asterisk.",
    "unknown-value": "The field's description lists its values: `reconciler schema KIND`.",
    "wrong-type": "The field's description tells its type: `reconciler schema KIND`.",
}


class Report(Struct):
    """All findings so far. The same one found twice is told once."""

    found: dict[Problem, None] = field(default_factory=dict)

    def error(self, code: str, at: Position, pointer: str, message: str, hint: str = "") -> None:
        """Add what refuses the revision."""
        self._add(Problem(code, Severity.ERROR, at, pointer, message, hint))

    def warn(self, code: str, at: Position, pointer: str, message: str, hint: str = "") -> None:
        """Add what its author should know, and what refuses nothing."""
        self._add(Problem(code, Severity.WARNING, at, pointer, message, hint))

    def about(self, node: Node, code: str, message: str, hint: str = "") -> None:
        """Add an error about a value, at the place that supplied it."""
        at, pointer = place_of(node)
        self.error(code, at, pointer, message, hint)

    def sorted(self) -> tuple[Problem, ...]:
        """Return everything in the order of the text."""
        return tuple(sorted(self.found, key=lambda p: (p.at, p.code, p.pointer, p.message)))

    def errors(self) -> int:
        """Return how many findings are errors."""
        return sum(problem.severity is Severity.ERROR for problem in self.found)

    def _add(self, problem: Problem) -> None:
        hint = problem.hint or _USUALLY.get(problem.code, "")
        problem = replace(problem, message=_visible(problem.message), hint=_visible(hint))
        self.found[problem] = None


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the known word that was probably meant, or nothing.

    Case, hyphens and underscores make no difference. Of the rest a third may be wrong, but not
    all; else the one word that goes on as this one begins, or begins as it does.
    """
    import difflib  # noqa: PLC0415  # only mistakes need it

    known = {_bare(candidate): candidate for candidate in words}
    meant = _bare(word[:_LONGEST])
    found = difflib.get_close_matches(meant, known, n=3, cutoff=0.5)
    counted = sorted((_mistakes(meant, candidate), candidate) for candidate in found)
    for count, candidate in counted[:1]:
        if count <= max(1, len(meant) // 3) and count < max(len(meant), len(candidate)):
            return known[candidate]
    longer = [k for k in known if min(len(k), len(meant)) >= _STEM and _one_begins(k, meant)]
    return known[longer[0]] if len(longer) == 1 else ""


def did_you_mean(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """Return a hint that names the nearest known word, else all of them, else `otherwise`."""
    known = sorted(words)
    if found := nearest(word, known):
        return f"Did you mean {found!r}?"
    return otherwise or (f"Known: {', '.join(known)}." if known else "")


def shorten(value: object, limit: int = 60) -> str:
    """Return a value's representation, cut where it gets long."""
    said = repr(value)
    return said if len(said) <= limit else f"{said[:limit]}…"


def _visible(text: str) -> str:
    """Return a text in which what nobody would see is written out, as `shorten` does."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _bare(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")


def _one_begins(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _mistakes(one: str, other: str) -> int:
    """Return how many letters were mistyped, left out, put in, or swapped with the next."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, mine in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, yours in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (mine != yours))
            if i > 1 and j > 1 and mine == other[j - 2] and one[i - 2] == yours:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
