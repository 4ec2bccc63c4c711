"""Every form of findings, held against what its readers understand."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema_rs

from reconciler.cli.findings import Findings, lines
from reconciler.cli.findings.text import MOST
from reconciler.model.problem import Problem
from tests.support.shell import ROOT

_SARIF = ROOT / "tests" / "cli" / "findings" / "sarif-schema-2.1.0.json"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_COMMAND = re.compile(r"::(error|warning) (?:[a-z]+=[^:,\r\n]*,?)+::[^\r\n]*")


def show(problems: Sequence[Problem], files: Mapping[str, bytes]) -> None:
    """Tell problems in every form.

    Raises:
        AssertionError: when a reader of one would not understand it, or be misled.
    """
    findings = Findings(checked=1, problems=problems, files=files, root=Path("/nowhere"))
    text = _told("text", findings)
    assert not _CONTROLS.search(_COLOURS.sub("", text))
    assert len(problems) > MOST or all(f"{problem.code}: " in text for problem in problems)
    assert len(json.loads(_told("json", findings))["problems"]) == len(problems)
    log = json.loads(_told("sarif", findings))
    assert _official().is_valid(log), [error.message for error in _official().iter_errors(log)]
    suite = ET.fromstring(_told("junit", findings))  # noqa: S314  # our own output
    assert int(suite.get("tests", "")) >= len(files)
    commands = _told("github", findings).splitlines()
    assert len(commands) == len(problems)
    assert all(_COMMAND.fullmatch(command) for command in commands)


def _told(form: str, findings: Findings) -> str:
    """Return findings in a form, as a pipe would get them."""
    said = "".join(f"{line}\n" for line in lines(form, findings))
    return said.encode("utf-8").decode()


@cache
def _official() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(_SARIF.read_text("utf-8")))
