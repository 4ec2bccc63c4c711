"""Figures, and what is claimed of them: minimum, median, maximum, ratios, targets met or missed.

Pure. It must not know what was measured, or how.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured several times, in the unit in which it is shown."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of what was measured."""
        return median(self.values)

    @property
    def p95(self) -> float:
        """What 95 of 100 do not exceed, by nearest rank."""
        return self._rank(95)

    @property
    def p99(self) -> float:
        """What 99 of 100 do not exceed, by nearest rank."""
        return self._rank(99)

    def _rank(self, percent: int) -> float:
        ordered = sorted(self.values)
        rank = -(-percent * len(ordered) // 100)
        return ordered[rank - 1]


@dataclass(frozen=True, slots=True)
class Claim:
    """A number made of figures, and the most that it may be; None only tells."""

    text: str
    value: float
    unit: str
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is kept, None where there is none."""
        return None if self.target is None else self.value <= self.target


@dataclass(slots=True)
class Item:
    """One question of the benchmarks with its figures, claims and remarks."""

    key: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ratio(ours: Figure, rival: Figure, target: float | None = None) -> Claim:
    """Claim how many times the rival's median ours is."""
    return Claim(f"{ours.name} / {rival.name}", ours.median / rival.median, "x", target)


def excess(ours: Figure, rival: Figure, target: float | None = None) -> Claim:
    """Claim by how much our median exceeds the rival's."""
    text = f"{ours.name} - {rival.name}"
    return Claim(text, ours.median - rival.median, ours.unit, target)


def bound(figure: Figure, statistic: str, target: float | None = None) -> Claim:
    """Claim a figure's median, p95 or p99 itself."""
    value = {"median": figure.median, "p95": figure.p95, "p99": figure.p99}[statistic]
    return Claim(f"{figure.name}, {statistic}", value, figure.unit, target)


def best(figures: Sequence[Figure]) -> Figure:
    """Return the one with the least median."""
    return min(figures, key=lambda figure: figure.median)


def interleaved(rounds: int, takes: Sequence[Callable[[], float]]) -> list[tuple[float, ...]]:
    """Take measurements in turns, A B A B, so that a drift of the machine meets all alike.

    Every other round goes backwards, so that nobody always follows the same one. Returns the
    values of each in the order of `takes`.
    """
    values: list[list[float]] = [[] for _ in takes]
    order = list(range(len(takes)))
    for _ in range(rounds):
        for index in order:
            values[index].append(takes[index]())
        order.reverse()
    return [tuple(measured) for measured in values]


def render(items: Sequence[Item]) -> str:
    """Return all items as text for people."""
    return "\n\n".join("\n".join(_lines(item)) for item in items)


def as_json(items: Sequence[Item]) -> list[dict[str, object]]:
    """Return all items with every single value, for whoever compares runs."""
    return [
        {
            "key": item.key,
            "title": item.title,
            "figures": [_figure_json(figure) for figure in item.figures],
            "claims": [_claim_json(claim) for claim in item.claims],
            "notes": item.notes,
        }
        for item in items
    ]


def _lines(item: Item) -> list[str]:
    names = [f.name for f in item.figures] + [c.text for c in item.claims]
    width = max(map(len, names), default=0)
    head = f"{'':{width}}  {'n':>4} {'min':>9} {'median':>9} {'p95':>9} {'max':>9}"
    lines = [f"({item.key}) {item.title}", head]
    lines += [_figure_line(figure, width) for figure in item.figures]
    lines += [_claim_line(claim, width) for claim in item.claims]
    return lines + [f"  * {note}" for note in item.notes]


def _figure_line(figure: Figure, width: int) -> str:
    shown = (min(figure.values), figure.median, figure.p95, max(figure.values))
    numbers = " ".join(f"{_number(value):>9}" for value in shown)
    return f"{figure.name:{width}}  {len(figure.values):>4} {numbers} {figure.unit}"


def _claim_line(claim: Claim, width: int) -> str:
    verdict = {True: "met", False: "MISSED", None: ""}[claim.met]
    target = "" if claim.target is None else f"target <= {claim.target:g} {claim.unit}"
    value = f"{_number(claim.value)} {claim.unit}"
    return f"{claim.text:{width}}  {value:>14}   {target:18} {verdict}".rstrip()


def _number(value: float) -> str:
    """Return three or four significant digits."""
    size = abs(value)
    digits = next((d for least, d in ((1000, 0), (100, 1), (0.1, 2)) if size >= least), 4)
    return f"{value:.{digits if size else 0}f}"


def _figure_json(figure: Figure) -> dict[str, object]:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "minimum": min(figure.values),
        "median": figure.median,
        "p95": figure.p95,
        "maximum": max(figure.values),
        "values": list(figure.values),
    }


def _claim_json(claim: Claim) -> dict[str, object]:
    return {
        "text": claim.text,
        "value": claim.value,
        "unit": claim.unit,
        "target": claim.target,
        "met": claim.met,
    }
