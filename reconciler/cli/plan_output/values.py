"""Single values of a plan, in words: what differs, shortened, and holds for machines."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Final

from reconciler.model.action import Cause, Hold
from reconciler.model.quantities import format_bytes, format_cpus

_SPELLINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "resources.cpus": lambda text: format_cpus(float(text)),
    "resources.memory": lambda text: format_bytes(int(text)),
    "resources.shm": lambda text: format_bytes(int(text)),
    "logs.max_size": lambda text: format_bytes(int(text)),
}
_LONG: Final = 40
_AROUND: Final = 12


def why(cause: Cause) -> str:
    """Return a cause for people: the reason, what differs, and where it stands."""
    said = cause.reason
    if difference := difference_of(cause):
        # The reason names the field; with both values there is no need to say it twice.
        alone = said == f"{cause.field} changed"
        said = difference if alone else f"{said} ({difference})"
    return f"{said}  {cause.at}" if cause.at.path else said


def difference_of(cause: Cause) -> str:
    """Return `field: old → new`, empty where nothing differs."""
    if not cause.field or not (cause.old or cause.new):
        return ""
    old, new = values(cause)
    return f"{cause.field}: {old or 'none'} → {new or 'none'}"


def values(cause: Cause) -> tuple[str, str]:
    """Return what a field was and is, spelled as people write it, and shortened."""
    spell = _SPELLINGS.get(cause.field, str)
    try:
        return brief(*(spell(said) if said else "" for said in (cause.old, cause.new)))
    except ValueError:  # a record of another version may hold anything
        return brief(cause.old, cause.new)


def brief(old: str, new: str) -> tuple[str, str]:
    """Return two long values cut down to where they differ, with a little around it."""
    if max(len(old), len(new)) <= _LONG:
        return old, new
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    return _cut(old, start, end), _cut(new, start, end)


def cause_json(cause: Cause) -> dict[str, object]:
    """Return a cause as machines read it."""
    return {
        "reason": cause.reason,
        "field": cause.field or None,
        "old": cause.old or None,
        "new": cause.new or None,
        "path": cause.at.path or None,
        "line": cause.at.line or None,
        "column": cause.at.column or None,
        "revision": cause.revision or None,
    }


def hold_json(hold: Hold) -> dict[str, object]:
    """Return a hold as machines read it."""
    return {
        "kind": hold.kind,
        "count": hold.count,
        "total": hold.total,
        "tasks": list(hold.tasks),
        "message": hold.message,
    }


def trimmed(lines: Sequence[str]) -> list[str]:
    """Drop empty lines at the beginning, and two in a row."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept


def _alike(old: str, new: str) -> int:
    """Return how many characters two texts begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _cut(text: str, start: int, end: int) -> str:
    first, last = max(0, start - _AROUND), min(len(text), len(text) - end + _AROUND)
    middle = text[first:last]
    if len(middle) > 2 * _LONG:
        middle = f"{middle[:_LONG]}…{middle[-_AROUND:]}"
    return f"{'…' if first else ''}{middle}{'…' if last < len(text) else ''}"
