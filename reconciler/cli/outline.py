"""Plain values as indented text: names and values, lists as bullets or tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.cli.text import columns, paint
from reconciler.model.plain import one_line


def outline(value: Mapping[str, Any], indent: str = "") -> list[str]:
    """Return lines for a mapping; what is empty or false is left out, for it says nothing."""
    shown = {name: inner for name, inner in value.items() if not _empty(inner)}
    width = max((len(name) for name, inner in shown.items() if _flat(inner)), default=0)
    lines: list[str] = []
    for name, inner in shown.items():
        if _flat(inner):
            lines.append(f"{indent}{paint(f'{name}:', bold=True)}{' ' * (width - len(name))} "
                         f"{_scalar(inner)}")  # fmt: skip
        else:
            lines.append(f"{indent}{paint(f'{name}:', bold=True)}")
            lines += _nested(inner, indent + "  ")
    return lines


def _nested(value: Mapping[str, Any] | Sequence[Any], indent: str) -> list[str]:
    if isinstance(value, Mapping):
        return outline(value, indent)
    names = list(dict.fromkeys(name for row in value for name in row))
    kept = [name for name in names if any(not _empty(row.get(name)) for row in value)]
    rows = [kept, *([_cell(row.get(name)) for name in kept] for row in value)]
    return [f"{indent}{line}" for line in columns(rows, {})]


def _flat(value: object) -> bool:
    if isinstance(value, Mapping):
        return False
    return isinstance(value, str) or not isinstance(value, Sequence) or not _of_rows(value)


def _of_rows(value: Sequence[object]) -> bool:
    return bool(value) and all(isinstance(item, Mapping) for item in value)


def _empty(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(_empty(inner) for inner in value.values())
    return value is None or value is False or value in ("", [], ())


def _cell(value: object) -> str:
    return "-" if _empty(value) else _scalar(value)


def _scalar(value: object) -> str:
    if value is True:
        return "yes"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(_word(str(item)) for item in value)
    if isinstance(value, float):
        return f"{value:g}"
    return one_line(str(value))


def _word(text: str) -> str:
    """Return a list's item so that it cannot be taken for several."""
    shown = one_line(text)
    return repr(shown) if " " in shown or not shown else shown
