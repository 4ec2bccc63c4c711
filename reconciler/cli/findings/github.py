"""Findings as workflow commands, which GitHub shows as annotations of a commit's lines.

Decides how text is escaped, so that whatever stands in a manifest stays inside its command.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.cli.findings import Findings
from reconciler.cli.findings.paths import base_of, prefix
from reconciler.model.plain import escape
from reconciler.model.problem import Problem

# The order matters: what escapes goes first.
_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = {**_DATA, ":": "%3A", ",": "%2C"}


def lines(findings: Findings) -> Iterator[str]:
    """Yield a command for each problem."""
    before = prefix(findings.root, base_of(findings.root))
    for problem in findings.problems:
        yield _command(problem, before)


def _command(problem: Problem, before: str) -> str:
    said = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    properties: dict[str, object] = {"title": problem.code}
    if problem.at.path:
        at = problem.at
        properties = {"file": before + at.path, "line": at.line, "col": at.column, **properties}
    named = ",".join(f"{name}={_escaped(str(v), _PROPERTY)}" for name, v in properties.items())
    return f"::{problem.severity.value} {named}::{_escaped(said, _DATA)}"


def _escaped(text: str, table: Mapping[str, str]) -> str:
    shown = escape(text)
    for character, instead in table.items():
        shown = shown.replace(character, instead)
    return shown
