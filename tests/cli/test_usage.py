from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.cli.group import VERBS
from tests.cli.helpers import call


def test_version() -> None:
    result = call("--version")
    assert (result.exit_code, result.output) == (0, f"reconciler {__version__}\n")


def test_help_names_every_verb() -> None:
    result = call("--help")
    assert result.exit_code == 0
    assert [verb for verb in VERBS if f"  {verb} " not in result.output] == []


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_of_its_own(verb: str) -> None:
    result = call(verb, "--help")
    assert result.exit_code == 0
    assert f"reconciler {verb}" in result.output or f"cli {verb}" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-verb",),
        ("plan", "--no-such-option"),
        ("plan", "--format", "xml"),
        ("why",),
        ("why", "a/b"),
        ("why", "/1"),
        ("apply", "--timeout", "soon"),
        ("status", "a", "-s", "b"),
        ("logs", "a", "-f", "--attempt", "1"),
        ("logs", "a", "--tail", "-1"),
        ("init",),
    ],
)
def test_wrong_usage_exits_with_64(words: tuple[str, ...]) -> None:
    result = call(*words)
    assert result.exit_code == 64
    assert "Error: " in result.stderr


def test_the_nearest_verb_is_named() -> None:
    assert "did you mean validate?" in call("valdate").stderr


@pytest.mark.parametrize("verb", ["plan", "apply", "run", "status", "events", "destroy"])
def test_a_missing_source_is_a_sentence(verb: str, tmp_path: Path) -> None:
    result = call(verb, tmp_path / "gone", "--state", tmp_path / "state")
    assert result.exit_code == 1
    assert "there is no folder" in result.stderr
    assert not (tmp_path / "state").exists()


def test_a_damaged_ledger_is_a_sentence(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "ledger.db").write_bytes(b"no database" * 1000)
    result = call("events", tmp_path, "--state", state)
    assert result.exit_code == 1
    assert "ledger" in result.stderr
    assert "Traceback" not in result.output


def test_bugs_say_so_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("reconciler.cli.verbs.schema.echo", fail)
    result = call("schema")
    assert result.exit_code == 1
    assert "this is a bug: ZeroDivisionError: oh" in result.stderr
    assert "Traceback" not in result.stderr


def test_stopping_where_nothing_was_applied(tmp_path: Path) -> None:
    result = call("stop", "pi", "-s", tmp_path, "--state", tmp_path / "state")
    assert result.exit_code == 1
    assert "nothing has been applied from here yet" in result.stderr
    assert not (tmp_path / "state").exists()
