"""Findings as a JUnit report, which test pages of CI servers read: a test case for each file.

Decides what of XML to use: only what GitLab and Jenkins both understand. A test case has one
failure at most, for neither reads a second.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from reconciler.cli.findings import Findings
from reconciler.cli.findings.paths import base_of, prefix
from reconciler.cli.text import plural
from reconciler.model.plain import escape, one_line
from reconciler.model.problem import Problem, Severity

_NAME: Final = "reconciler.validate"
_NO_FILE: Final = "the source as a whole"
# What XML 1.0 does not know and `escape` leaves, for no terminal minds it.
_NO_CHARACTER: Final = re.compile("[\ufffe\uffff]")


def lines(findings: Findings) -> Iterator[str]:
    """Yield the report's lines, in ASCII: they mean the same in whatever encoding."""
    before = prefix(findings.root, base_of(findings.root))
    by_path: dict[str, list[Problem]] = {path: [] for path in sorted(findings.files)}
    for problem in findings.problems:
        by_path.setdefault(problem.at.path, []).append(problem)
    cases = [_case(path, before, problems) for path, problems in by_path.items()]
    failed = sum(case.find("failure") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "time": "0"}
    suites = ET.Element("testsuites", {"name": _NAME, **counts})
    ET.SubElement(suites, "testsuite", {"name": _NAME, **counts, "skipped": "0"}).extend(cases)
    ET.indent(suites)
    yield from ET.tostring(suites, "us-ascii", xml_declaration=True).decode("ascii").splitlines()


def _case(path: str, before: str, problems: Sequence[Problem]) -> ET.Element:
    attributes = {"classname": _NAME, "name": _legal(path or _NO_FILE), "time": "0"}
    if path:
        attributes["file"] = _legal(before + path)
    case = ET.Element("testcase", attributes)
    errors = [p for p in problems if p.severity is Severity.ERROR]
    warnings = [p for p in problems if p.severity is Severity.WARNING]
    if errors:
        more = f" (and {plural(len(errors) - 1, 'more error')})" if len(errors) > 1 else ""
        first = {"type": errors[0].code, "message": _legal(errors[0].message) + more}
        ET.SubElement(case, "failure", first).text = _said(errors, before)
    if warnings:
        ET.SubElement(case, "system-out").text = _said(warnings, before)
    return case


def _said(problems: Sequence[Problem], before: str) -> str:
    told = (line for problem in problems for line in _told(problem, before))
    # One line each: in the log of a workflow, a line may be a command.
    return "\n".join(_legal(one_line(line)) for line in told)


def _told(problem: Problem, before: str) -> Iterator[str]:
    where = f"{before}{problem.at}: " if problem.at.path else ""
    yield f"{where}{problem.severity.value} {problem.code}: {problem.message}"
    if problem.hint:
        yield f"hint: {problem.hint}"


def _legal(text: str) -> str:
    return _NO_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", escape(text))
