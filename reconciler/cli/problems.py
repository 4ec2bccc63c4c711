"""What is wrong with manifests, shown to their author: as compilers do, or as JSON.

Knows nothing of how a problem was found.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reconciler.cli.text import escape, paint
from reconciler.model.problem import Problem, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
_WIDEST = 160


def as_json(checked: int, problems: Sequence[Problem]) -> dict[str, object]:
    """Return the findings as `validate --format json` prints them."""
    return {"checked": checked, "problems": [_plain(problem) for problem in problems]}


def as_text(problems: Sequence[Problem], files: Mapping[str, bytes], root: Path) -> list[str]:
    """Return the findings as lines: place, message, the line itself with a caret, hint."""
    prefix = _prefix(root)
    return [line for problem in problems for line in _lines(problem, files, prefix)]


def _plain(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "path": problem.at.path,
        "line": problem.at.line,
        "column": problem.at.column,
        "pointer": problem.pointer,
        "message": problem.message,
        "hint": problem.hint,
    }


def _prefix(root: Path) -> str:
    """Return what leads from here to the source, so that terminals can open the place."""
    try:
        relative = root.relative_to(Path.cwd())
    except ValueError:
        return f"{root}/"
    return "" if relative == Path() else f"{relative}/"


def _lines(problem: Problem, files: Mapping[str, bytes], prefix: str) -> Iterator[str]:
    severity = paint(problem.severity.value, _COLOURS[problem.severity], bold=True)
    where = f"{prefix}{problem.at}: " if problem.at.path else ""
    yield f"{escape(where)}{severity} {problem.code}: {escape(problem.message)}"
    yield from _source_line(problem, files.get(problem.at.path, b""))
    if problem.hint:
        yield f"    hint: {escape(problem.hint)}"


def _source_line(problem: Problem, content: bytes) -> Iterator[str]:
    lines = content.decode("utf-8", "replace").splitlines()
    if not 0 < problem.at.line <= len(lines):
        return
    whole = lines[problem.at.line - 1].replace("\t", " ")
    start = max(0, problem.at.column - 1 - _WIDEST // 2)
    shown = whole[start : start + _WIDEST]
    before = escape(shown[: problem.at.column - 1 - start])
    yield f"    {before}{escape(shown[problem.at.column - 1 - start :])}"
    yield "    " + " " * len(before) + paint("^", "red", bold=True)
