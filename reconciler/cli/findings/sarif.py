"""Findings as SARIF 2.1.0, which code scanning and editors read.

Decides what a problem is recognised by from one commit to the next. Columns are counted in
code points, as everywhere in this program.
"""

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from reconciler import __version__
from reconciler.cli.findings import Findings
from reconciler.cli.findings.paths import base_of, prefix
from reconciler.cli.findings.plain import encodable
from reconciler.manifests import explanations
from reconciler.model.problem import Problem

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_BASE: Final = "%SRCROOT%"
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_PLACEHOLDER: Final = re.compile(r"\{(\d+)\}")

Json = dict[str, Any]


def lines(findings: Findings) -> Iterator[str]:
    """Yield the one log."""
    base = base_of(findings.root)
    codes = sorted({problem.code for problem in findings.problems})
    run = {
        "tool": {"driver": _driver(codes)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"uri": f"file://{_uri(f'{base}/'.replace('//', '/'))}"}},
        "results": list(_results(findings, codes, prefix(findings.root, base))),
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    yield json.dumps(log, indent=2, ensure_ascii=False)


def _driver(codes: list[str]) -> Json:
    return {"name": "reconciler", "version": __version__, "rules": [_rule(c) for c in codes]}


def _rule(code: str) -> Json:
    """Return what is known of a code; one that has no entry yet still has a name."""
    entry = explanations.explain(code)
    if entry is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": " ".join(entry.meaning.split())},
        "help": {"text": entry.text, "markdown": entry.text},
    }


def _results(findings: Findings, codes: list[str], before: str) -> Iterator[Json]:
    seen: Counter[str] = Counter()
    texts: dict[str, list[str]] = {}
    for problem in findings.problems:
        path = problem.at.path
        if path not in texts:
            content = findings.files.get(path, b"").decode("utf-8-sig", "replace")
            texts[path] = _BREAK.split(content)
        mark = _mark(problem, before, texts[path])
        seen[mark] += 1
        yield {
            "ruleId": problem.code,
            "ruleIndex": codes.index(problem.code),
            "level": problem.severity.value,
            "message": {"text": _message(problem)},
            "locations": [_location(problem, before)],
            "partialFingerprints": {"problem/v1": f"{mark}:{seen[mark]}"},
        }


def _mark(problem: Problem, before: str, lines_of_file: list[str]) -> str:
    """Return what stays the same while a problem moves within its file: all but line numbers."""
    at = problem.at
    known = 0 < at.line <= len(lines_of_file) and problem.code != "secret-literal"
    line = lines_of_file[at.line - 1].strip() if known else ""
    parts = (problem.code, before + at.path, problem.pointer, line)
    return hashlib.sha256(encodable("\0".join(parts)).encode()).hexdigest()[:16]


def _message(problem: Problem) -> str:
    """Return what is wrong and what to do, without what SARIF takes for links and placeholders.

    The standard asks for all braces to be doubled, which readers show as they are; a lone one
    is taken as itself by all of them.
    """
    said = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    return encodable(_PLACEHOLDER.sub(r"{{\1}}", said.replace("](", "] (")))


def _location(problem: Problem, before: str) -> Json:
    """Return a place; where there is no file, the source's folder stands for it."""
    at = problem.at
    # A trailing slash is a folder's.
    artifact = {"uri": _uri(before + at.path) or "./", "uriBaseId": _BASE}
    physical: Json = {"artifactLocation": artifact}
    if at.line > 0:
        physical["region"] = {"startLine": at.line, "startColumn": at.column}
    location: Json = {"physicalLocation": physical}
    if problem.pointer:
        location["logicalLocations"] = [_logical(problem.pointer)]
    return location


def _logical(pointer: str) -> Mapping[str, str]:
    last = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    return {"name": encodable(last), "fullyQualifiedName": encodable(pointer)}


def _uri(path: str) -> str:
    """Return a path as a URI: what is no UTF-8 is encoded byte by byte."""
    return quote(os.fsencode(path), safe="/")
