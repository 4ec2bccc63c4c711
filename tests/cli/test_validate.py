"""validate: which files it looks at, whose problems it tells, and how it ends."""

import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.findings import FORMATS
from reconciler.cli.group import cli
from tests.cli.helpers import HELLO, call, check, write
from tests.cli.test_startup import HEAVY, imported_by

BROKEN = HELLO.replace("instances: 2", "instanses: 2")
JOB = "apiVersion: reconciler/v1\nkind: Job\nmetadata: {name: j}\nspec: {}\n"


def feed(content: str | bytes, *words: object) -> Result:
    """Call `validate` with something on its standard input."""
    return CliRunner().invoke(cli, ["validate", *map(str, words)], input=content)


def found(result: Result) -> list[tuple[str, str, int]]:
    said = json.loads(result.stdout)
    check("validate", said)
    return [(p["code"], p["path"], p["line"]) for p in said["problems"]]


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_ends_alike(form: str, tmp_path: Path) -> None:
    write(tmp_path / "good", hello=HELLO)
    write(tmp_path / "bad", hello=BROKEN)
    assert call("validate", tmp_path / "good", "--format", form).exit_code == 0
    wrong = call("validate", tmp_path / "bad", "--format", form)
    assert wrong.exit_code == 1
    assert "unknown-field" in wrong.stdout
    assert "Traceback" not in wrong.output


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"text", "github"}))
def test_machines_get_their_document_and_nothing_else(form: str, tmp_path: Path) -> None:
    write(tmp_path, hello=BROKEN)
    assert call("validate", tmp_path, "--format", form).stderr == ""


def test_workflow_commands_stand_alone_on_standard_output(tmp_path: Path) -> None:
    write(tmp_path, hello=BROKEN)
    result = call("validate", tmp_path, "--format", "github")
    assert all(line.startswith("::error ") for line in result.stdout.splitlines())
    assert "1 error" in result.stderr


def test_errors_point_to_their_explanation(tmp_path: Path) -> None:
    write(tmp_path, hello=BROKEN)
    assert "`reconciler explain unknown-field` tells more" in call("validate", tmp_path).stderr


def test_files_are_checked_within_their_sources(tmp_path: Path) -> None:
    write(tmp_path, reconciler="project: p\n", job=JOB, other=BROKEN.replace("hello", "other"))
    write(tmp_path / "sub", hello=HELLO + "  job: j\n", bad=BROKEN.replace("hello", "bad"))
    files = [tmp_path / "sub" / "hello.yaml", tmp_path / "sub" / "bad.yaml", tmp_path / "job.yaml"]
    result = call("validate", *files, "--format", "json")
    assert found(result) == [("unknown-field", "sub/bad.yaml", 5)]
    assert json.loads(result.stdout)["checked"] == 3
    text = call("validate", tmp_path / "job.yaml")
    assert text.exit_code == 0
    assert "not counting 2 errors in other files of the source" in text.stdout


def test_a_folder_is_all_of_its_files_whatever_else_is_named(tmp_path: Path) -> None:
    write(tmp_path, reconciler="project: p\n", good=HELLO, bad=BROKEN.replace("hello", "bad"))
    result = call("validate", tmp_path / "good.yaml", tmp_path, "--format", "json")
    assert found(result) == [("unknown-field", "bad.yaml", 5)]


def test_several_sources_are_one_answer(tmp_path: Path) -> None:
    write(tmp_path / "one", hello=BROKEN)
    write(tmp_path / "two", hello=BROKEN)
    result = call("validate", tmp_path / "one", tmp_path / "two", "--format", "json")
    assert result.exit_code == 1
    assert found(result) == [
        ("unknown-field", "one/hello.yaml", 5),
        ("unknown-field", "two/hello.yaml", 5),
    ]


def test_a_named_file_that_is_no_manifest_is_told_of(tmp_path: Path) -> None:
    write(tmp_path, reconciler="project: p\n", hello=HELLO)
    (tmp_path / "notes.txt").write_text("hello")
    result = call("validate", tmp_path / "notes.txt", tmp_path / "hello.yaml", "--format", "json")
    assert (result.exit_code, found(result)) == (0, [("not-read", "notes.txt", 1)])


def test_what_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    source = write(tmp_path / "source", hello=HELLO)
    (tmp_path / "out.yaml").write_text(HELLO)
    (source / "link.yaml").symlink_to(tmp_path / "out.yaml")
    result = call("validate", source, "--format", "json")
    assert (result.exit_code, found(result)) == (1, [("unreadable-source", "", 0)])


def test_input_is_a_document_on_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, job=JOB, hello=BROKEN))
    assert feed(HELLO, "-").exit_code == 0
    assert found(feed(HELLO + "  job: j\n", "-", "--format", "json")) == [
        ("unknown-job", "stdin.yaml", 7)
    ]
    assert "stdin.yaml:5:3: error unknown-field" in feed(BROKEN, "-").stdout


def test_input_stands_for_a_file_of_its_source(tmp_path: Path) -> None:
    write(tmp_path, reconciler="project: p\n", job=JOB)
    write(tmp_path / "sub", hello=BROKEN)
    name = tmp_path / "sub" / "hello.yaml"
    assert feed(HELLO + "  job: j\n", "-", "--stdin-filename", name).exit_code == 0
    wrong = feed(HELLO + "  job: k\n", "-", "--stdin-filename", name, "--format", "json")
    assert found(wrong) == [("unknown-job", "sub/hello.yaml", 7)]
    assert name.read_text() == BROKEN


def test_input_may_be_a_file_that_is_yet_to_be_saved(tmp_path: Path) -> None:
    write(tmp_path, reconciler="project: p\n", hello=HELLO)
    again = feed(HELLO, "-", "--stdin-filename", tmp_path / "new.yaml", "--format", "json")
    assert found(again) == [("duplicate-name", "new.yaml", 3)]


def test_input_of_any_bytes_is_answered(tmp_path: Path) -> None:
    assert found(feed(b"a: \xff", "-", "--format", "json")) == [("not-utf8", "stdin.yaml", 1)]
    large = feed(b"x" * (3 << 20), "-", "--format", "json")
    assert found(large) == [("file-too-large", "stdin.yaml", 1)]
    assert feed("", "-").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("-", "other"),
        ("--stdin-filename", "a.yaml"),
        ("other", "--stdin-filename", "a.yaml"),
        ("-", "--stdin-filename", "notes.txt"),
        ("-", "--stdin-filename", ".hidden.yaml"),
        ("--format", "yaml"),
    ],
)
def test_wrong_usage(words: tuple[str, ...]) -> None:
    result = feed(HELLO, *words)
    assert result.exit_code == 64
    assert "Error: " in result.stderr


def test_a_hostile_file_name_is_shown_and_obeyed_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = b"\x1b[31m\n::error::x\xff,:%.yaml"
    (Path(tmp_path) / name.decode("utf-8", "surrogateescape")).write_text(BROKEN)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    for form in FORMATS:
        result = call("validate", tmp_path, "--format", form)
        assert result.exit_code == 1
        assert "\x1b" not in result.output
        assert "this is a bug" not in result.output
        assert not [line for line in result.output.splitlines() if line.startswith("::error::")]


def test_a_valid_source_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    write(tmp_path, hello=HELLO)
    code, modules = imported_by("validate", tmp_path)
    assert code == 0
    assert modules & ((HEAVY - {"yaml"}) | {"difflib", "unicodedata", "xml"}) == set()
