"""Small things that text for people is made of: escaping, times, counts, columns, colours.

Decides how single values look. Whatever comes from outside (manifests, logs, engines) passes
`escape` before a terminal sees it.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import click

from reconciler.model.headway import Headway, Transfer
from reconciler.model.plain import escape, one_line
from reconciler.model.quantities import format_duration, size

COLOURS: Final[Mapping[str, str]] = {
    "Succeeded": "green",
    "Running": "cyan",
    "Pending": "yellow",
    "Preparing": "yellow",
    "Collecting": "yellow",
    "Blocked": "magenta",
    "Unknown": "magenta",
    "Failed": "red",
    "Cancelled": "red",
    "Suspended": "blue",
}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DAY: Final = 86_400


def json_text(value: object) -> str:
    """Return a value for machines; what of a file's name is not UTF-8 is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def paint(text: str, colour: str = "", *, bold: bool = False, dim: bool = False) -> str:
    """Return text in a colour; `echo` drops it again where nobody would see it."""
    if os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=colour or None, bold=bold or None, dim=dim or None)


def echo(line: str = "") -> None:
    """Print a line of the answer."""
    click.echo(line)


def complain(message: str) -> None:
    """Say on stderr what went wrong, or what the user should know besides the answer."""
    click.echo(f"reconciler: {escape(message)}", err=True)


def on_terminal() -> bool:
    """Whether a person is looking: neither the answer nor the log goes elsewhere."""
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def plural(number: int, noun: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{number} {noun if number == 1 else many or noun + 's'}"


def rfc3339(at: float) -> str | None:
    """Return a time for machines, None for never."""
    if not at:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def local_time(at: float, now: float | None = None) -> str:
    """Return a time for people: without its date when it was within the last day."""
    if not at:
        return "never"
    here = datetime.fromtimestamp(at, UTC).astimezone()
    recent = now is not None and abs(now - at) < _DAY
    return here.strftime("%H:%M:%S" if recent else "%Y-%m-%d %H:%M:%S")


def ago(at: float, now: float) -> str:
    """Return how long ago a time was, in its two largest units."""
    return f"{length(now - at)} ago"


def length(seconds: float) -> str:
    """Return a duration as people say it, to the second once it is longer than that."""
    whole = max(0.0, seconds)
    text = format_duration(round(whole, 1) if whole < 1 else round(whole))
    return "".join(re.findall(r"\d+[a-z]+", text)[:2])


def percent(headway: Headway) -> str:
    """Return how far something is: the percentage, and the words unless they say just that."""
    number = f"{headway.done:.0%}"
    return number if headway.said.replace(" ", "") == number else f"{number}, {headway.said}"


def moved(transfer: Transfer) -> str:
    """Return how many bytes of a transfer have gone, of how many, and how fast it goes."""
    whole = f" of {size(transfer.total)}" if transfer.total else ""
    return f"{size(transfer.done)}{whole}, {size(round(transfer.rate))}/s"


def columns(rows: Iterable[Sequence[str]], colours: Mapping[int, Mapping[str, str]]) -> list[str]:
    """Return rows as aligned lines. `colours` paints a column's cells by their text."""
    lines = [[one_line(cell) for cell in row] for row in rows]
    if not lines:
        return []
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return [_line(line, widths, colours).rstrip() for line in lines]


def _line(
    cells: Sequence[str], widths: Sequence[int], colours: Mapping[int, Mapping[str, str]]
) -> str:
    shown = []
    for at, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        colour = colours.get(at, {}).get(cell, "")
        padding = "" if at == len(cells) - 1 else " " * (width - len(cell))
        shown.append((paint(cell, colour) if colour else cell) + padding)
    return "  ".join(shown)
