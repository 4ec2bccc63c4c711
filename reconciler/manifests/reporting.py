"""Where findings are gathered: once each, in the order of the text.

Must not know what the findings are about, nor stop at the first.
"""

from collections.abc import Iterable

from msgspec import Struct, field

from reconciler.manifests.tree import Node, place_of
from reconciler.model.position import Position
from reconciler.model.problem import Problem, Severity


class Report(Struct):
    """All findings so far. The same one found twice is told once."""

    found: dict[Problem, None] = field(default_factory=dict)

    def error(self, code: str, at: Position, pointer: str, message: str, hint: str = "") -> None:
        """Add what refuses the revision."""
        self.found[Problem(code, Severity.ERROR, at, pointer, message, hint)] = None

    def warn(self, code: str, at: Position, pointer: str, message: str, hint: str = "") -> None:
        """Add what its author should know, and what refuses nothing."""
        self.found[Problem(code, Severity.WARNING, at, pointer, message, hint)] = None

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


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the known word that was probably meant, or nothing."""
    import difflib  # noqa: PLC0415  # only mistakes need it

    known = {candidate.lower(): candidate for candidate in words}
    found = difflib.get_close_matches(word.lower()[:100], known, n=1, cutoff=0.6)
    return known[found[0]] if found else ""


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
