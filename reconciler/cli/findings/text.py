"""Findings for people, as compilers tell them: the place, the line with a caret, what to do.

Decides the order of what is said, and how much of a flood is. Every problem begins with a line
PATH:LINE:COLUMN: SEVERITY CODE: MESSAGE, which editors and terminals know how to follow.
"""

import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from reconciler.cli.findings import Findings
from reconciler.cli.findings.paths import from_here
from reconciler.cli.text import paint, plural
from reconciler.model.plain import one_line
from reconciler.model.problem import Problem, Severity

MOST: Final = 20  # problems of one file that a person is shown at once
_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
_WIDTH: Final = 120  # where no terminal says how wide it is
_BREAK: Final = re.compile(r"\r\n|\r|\n")


def lines(findings: Findings) -> Iterator[str]:
    """Yield the problems, a block of lines each."""
    return as_text(findings.problems, findings.files, findings.root)


def as_text(problems: Sequence[Problem], files: Mapping[str, bytes], root: Path) -> Iterator[str]:
    """Yield problems as blocks of lines, each with an empty line behind it."""
    prefix = from_here(root)
    for path, group in groupby(problems, lambda problem: problem.at.path):
        known = list(group)
        shown = _worst(known)
        content = _BREAK.split(files.get(path, b"").decode("utf-8-sig", "replace"))
        _withhold(known, content)
        for problem in shown:
            yield from _block(problem, content, prefix)
        if more := len(known) - len(shown):
            yield f"{one_line(prefix + path)}: … and {plural(more, 'more problem')}"
            yield "    = hint: Mend these first, or see all with --format json."
            yield ""


def summary(findings: Findings) -> str:
    """Return what was checked, and the outcome, in a line."""
    warnings = len(findings.problems) - findings.errors
    said = [plural(findings.errors, "error")] if findings.errors else []
    said += [plural(warnings, "warning")] if warnings else []
    text = f"{plural(findings.checked, 'document')} checked: {', '.join(said) or 'valid'}"
    if findings.elsewhere:
        text += f", not counting {plural(findings.elsewhere, 'error')} in other files of the source"
    return text


def advice(findings: Findings) -> str:
    """Return where more is to be learnt about the first error, nothing where there is none."""
    for problem in findings.problems:
        if problem.severity is Severity.ERROR:
            return f"`reconciler explain {problem.code}` tells more"
    return ""


def _worst(problems: list[Problem]) -> list[Problem]:
    """Return what to show of one file's problems, in their order: errors rather than warnings."""
    chosen = sorted(problems, key=lambda p: p.severity is not Severity.ERROR)[:MOST]
    keep = {id(problem) for problem in chosen}
    return [problem for problem in problems if id(problem) in keep]


def _withhold(problems: list[Problem], content: list[str]) -> None:
    """Take out the lines in which secrets stand: logs are read by more people than manifests."""
    for problem in problems:
        if problem.code == "secret-literal" and problem.at.line <= len(content):
            content[problem.at.line - 1] = ""


def _block(problem: Problem, content: Sequence[str], prefix: str) -> Iterator[str]:
    severity = paint(problem.severity.value, _COLOURS[problem.severity], bold=True)
    where = f"{paint(one_line(f'{prefix}{problem.at}'), bold=True)}: " if problem.at.path else ""
    yield f"{where}{severity} {problem.code}: {one_line(problem.message)}"
    gutter = " " * max(5, len(str(problem.at.line)) + 2)
    if 0 < problem.at.line <= len(content) and content[problem.at.line - 1]:
        number = f"{problem.at.line:>{len(gutter)}}"
        from reconciler.cli.findings.snippet import marked  # noqa: PLC0415  # only mistakes need it

        width = _room() - len(gutter) - len(" | ")
        line, carets = marked(content[problem.at.line - 1], problem.at.column, width)
        yield f"{paint(f'{number} |', dim=True)} {line}"
        yield f"{paint(f'{gutter} |', dim=True)} {paint(carets, _COLOURS[problem.severity])}"
    if problem.hint:
        yield f"{paint(f'{gutter} =', dim=True)} hint: {one_line(problem.hint)}"
    yield ""


def _room() -> int:
    return max(40, shutil.get_terminal_size().columns) if sys.stdout.isatty() else _WIDTH
