"""How far an instance is, from what it has printed: the task's `progress` at work.

Decides which line counts: the last one in which an expression finds something. Pure; costs no
more than what is looked at is long.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from reconciler.manifests.patterns import compiled
from reconciler.model.headway import Headway
from reconciler.model.plain import cut

_LONGEST: Final = 4096  # bytes of a line that are looked at
_WORDS: Final = 60
_LINES: Final = re.compile(rb"[\r\n]+")  # a bar that is drawn anew begins with \r


def headway(expressions: Sequence[str], output: bytes, *, whole: bool = True) -> Headway | None:
    """Return how far the last line that says so tells, None where none does.

    `whole`: the output begins with the beginning of a line; else what comes before the first
    end of a line is left out.
    """
    lines = _LINES.split(output)
    if not whole:
        lines = lines[1:]
    for line in reversed(lines):
        found = _in_line(expressions, line[:_LONGEST])
        if found is not None:
            return found
    return None


def _in_line(expressions: Sequence[str], line: bytes) -> Headway | None:
    """Return what the first expression that matches makes of a line."""
    for expression in expressions:
        match = compiled(expression).search(line) if line else None
        if match is not None:
            return _read(match)
    return None


def _read(match: Any) -> Headway | None:  # noqa: ANN401  # the library has no static types
    numbers = [_number(group) for group in match.groups()]
    if not numbers or None in numbers:
        return None
    done, of = (numbers[0] or 0.0), (numbers[1] if len(numbers) > 1 else 100.0)
    if not of:
        return None
    said = match.group(0).decode("utf-8", "replace").strip()
    return Headway(min(max(done / of, 0.0), 1.0), cut(said, _WORDS))


def _number(group: bytes | None) -> float | None:
    try:
        number = float(group or b"")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
