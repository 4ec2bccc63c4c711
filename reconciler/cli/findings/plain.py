"""Findings as JSON: everything that is known of them, by the schema in schemas/output."""

import json
from collections.abc import Iterator

from reconciler.cli.findings import Findings
from reconciler.model.problem import Problem


def lines(findings: Findings) -> Iterator[str]:
    """Yield the one document."""
    problems = [_plain(problem) for problem in findings.problems]
    said = {"checked": findings.checked, "problems": problems}
    yield json.dumps(said, indent=2, ensure_ascii=False)


def encodable(text: str) -> str:
    """Return a text that UTF-8 can carry: bytes of file names that are none become visible."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "path": encodable(problem.at.path),
        "line": problem.at.line,
        "column": problem.at.column,
        "pointer": encodable(problem.pointer),
        "message": encodable(problem.message),
        "hint": encodable(problem.hint),
    }
