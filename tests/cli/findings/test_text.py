import re
from pathlib import Path

import pytest
from hypothesis import given

from reconciler.cli.findings import Findings
from reconciler.cli.findings.text import MOST, advice, summary
from tests.cli.findings.samples import anything, error, findings, found_in, told, warning
from tests.manifests.loaded import profile, task

HEAD = re.compile(r"(?:\S.*:\d+:\d+: )?\x1b?.*(error|warning).* [a-z-]+: .*")
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_problem_is_a_block() -> None:
    shown = found_in({"a.yaml": b"apiVersion: reconciler/v1\nkind: Tsak\n"}, Path.cwd())
    assert plain(told("text", shown)) == (
        "a.yaml:2:7: error unknown-kind: unknown kind 'Tsak'\n"
        "    2 | kind: Tsak\n"
        "      |       ^^^^\n"
        "      = hint: Did you mean 'Task'?\n"
        "\n"
    )


def test_paths_lead_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inside = findings(error("x"), root=tmp_path / "sub", a="x")
    assert "sub/a.yaml:1:1: " in plain(told("text", inside))
    outside = findings(error("x"), root=Path("/nowhere"), a="x")
    assert "/nowhere/a.yaml:1:1: " in plain(told("text", outside))


def test_a_flood_is_cut_for_each_file_and_warnings_go_first() -> None:
    many = [warning(f"w{n}") for n in range(5)] + [error(f"e{n}") for n in range(MOST + 2)]
    said = plain(told("text", findings(*many, error("other", "b.yaml"), a="x", b="y")))
    assert said.count("error unknown-field") == MOST + 1
    assert "warning" not in said
    assert "a.yaml: … and 7 more problems" in said
    assert "b.yaml:1:1: " in said


def test_summary_and_advice() -> None:
    assert summary(findings(a="x", b="y")) == "2 documents checked: valid"
    some = findings(warning("w"), error("e"), error("f"), a="x")
    assert summary(some) == "1 document checked: 2 errors, 1 warning"
    assert advice(some) == "`reconciler explain unknown-field` tells more"
    assert advice(findings(warning("w"), a="x")) == ""
    elsewhere = Findings(checked=1, problems=(), files={}, root=Path(), elsewhere=2)
    assert summary(elsewhere).endswith("valid, not counting 2 errors in other files of the source")


def test_a_byte_order_mark_and_odd_line_ends_move_no_caret() -> None:
    data = b"\xef\xbb\xbfapiVersion: reconciler/v1\r\nkind: Tsak\r\n"
    said = plain(told("text", found_in({"a.yaml": data})))
    assert "    2 | kind: Tsak\n      |       ^^^^\n" in said


@given(anything())
def test_foreign_text_neither_steers_a_terminal_nor_forges_a_problem(shown: Findings) -> None:
    said = told("text", shown)
    assert not CONTROL.search(plain(said))
    for line in plain(said).splitlines():
        assert line == "" or line.startswith("    ") or HEAD.fullmatch(line)
    assert plain(said).count("\n\n") == len(shown.problems)


def test_a_secret_is_not_repeated() -> None:
    text = task("profile: mine\nconstants: {A: hunter2, B: 1}") + "---\n"
    text += profile("constants: {A: {secret: true}}\ncontainer: {image: x}")
    said = plain(told("text", found_in({"a.yaml": text.encode()})))
    assert "error secret-literal" in said
    assert "error unknown-constant" in said
    assert "hunter2" not in said
