import re
from pathlib import Path

import pytest
from hypothesis import given

from reconciler.cli.findings import Findings
from tests.cli.findings.samples import anything, error, findings, told, warning

COMMAND = re.compile(r"::(error|warning) ((?:[a-z]+=[^:,\r\n]*,?)+)::([^\r\n]*)")


def test_a_command_for_each_problem() -> None:
    found = findings(error("wrong", line=3, column=4), warning("odd"), a="x", root=Path("/nowhere"))
    assert told("github", found).splitlines() == [
        "::error file=a.yaml,line=3,col=4,title=unknown-field::wrong%0ARemove it.",
        "::warning file=a.yaml,line=1,col=1,title=bad-name::odd%0ARename it.",
    ]


def test_what_is_in_no_file_has_no_place() -> None:
    said = told("github", findings(error("wrong", "")))
    assert said == "::error title=unknown-field::wrong%0ARemove it.\n"


def test_files_are_named_from_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    source = tmp_path / "deploy" / "jobs"
    source.mkdir(parents=True)
    monkeypatch.chdir(source)
    said = told("github", findings(error("wrong"), root=source, a="x"))
    assert said.startswith("::error file=deploy/jobs/a.yaml,")


def test_escaping_as_documented() -> None:
    said = told("github", findings(error("100%\r\na:b,c", "x,y:z%.yaml")))
    assert said == (
        "::error file=x%2Cy%3Az%25.yaml,line=1,col=1,title=unknown-field"
        "::100%25%0Aa:b,c%0ARemove it.\n"
    )


@given(anything())
def test_no_text_starts_a_command_of_its_own(shown: Findings) -> None:
    lines = told("github", shown).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(shown.problems)
    for line, problem in zip(lines, shown.problems, strict=True):
        found = COMMAND.fullmatch(line)
        assert found is not None
        assert found[1] == problem.severity.value
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e]", line)
