"""The operator's configuration on the command line: which file counts, and what it does."""

import json
from pathlib import Path

import pytest

from reconciler.cli.options import Chosen
from reconciler.cli.place import find
from tests.cli.helpers import HELLO, call, write

PRIVILEGED = HELLO + "  container: {security: {privileged: true}}\n"
FORBIDS = "policy: {privileged: false}\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "src", reconciler="project: demo\n", hello=PRIVILEGED)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "op.yaml").write_text(FORBIDS)
    return tmp_path / "op.yaml"


def codes(*words: object) -> list[str]:
    said = json.loads(call("validate", *words, "--format", "json").stdout)
    return [problem["code"] for problem in said["problems"]]


def test_a_flag_a_variable_and_the_file_decide(
    source: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert codes(source) == []
    assert codes(source, "--config", config) == ["policy-privileged"]
    assert codes(source, "--set", "policy.privileged=false") == ["policy-privileged"]
    assert codes(source, "--config", config, "--set", "policy.privileged=true") == []
    monkeypatch.setenv("RECONCILER_CONFIG", str(config))
    assert codes(source) == ["policy-privileged"]
    monkeypatch.setenv("RECONCILER_POLICY_PRIVILEGED", "true")
    assert codes(source) == []


def test_the_users_own_file_counts_where_none_is_named(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "home" / "reconciler", config=FORBIDS)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tests.cli.helpers.NOBODYS", {})
    assert codes(source) == ["policy-privileged"]


@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "run", "status", "destroy"])
def test_no_source_decides_for_the_operator(verb: str, source: Path, tmp_path: Path) -> None:
    write(source, op="policy: {}\n")
    (tmp_path / "link.yaml").symlink_to(source / "op.yaml")
    for path in (source / "op.yaml", tmp_path / "link.yaml"):
        result = call(verb, source, "--config", path)
        assert (result.exit_code, result.stdout) == (64, "")
        assert "lies inside the source" in result.stderr


def test_a_file_that_is_not_there(source: Path, tmp_path: Path) -> None:
    result = call("validate", source, "--config", tmp_path / "gone.yaml")
    assert result.exit_code == 64
    assert "gone.yaml cannot be read: No such file" in result.stderr


def test_mistakes_are_shown_with_place_and_caret(source: Path, config: Path) -> None:
    config.write_text("policy:\n  privileged: maybe\n")
    words = ("--config", config, "--set", "policy.builds=true", "--set", "policy.bind=/a")
    result = call("validate", source, *words)
    assert (result.exit_code, result.stdout) == (1, "")
    shown = result.stderr.splitlines()
    at = next(i for i, line in enumerate(shown) if f"{config}:2:15: error wrong-type" in line)
    assert shown[at + 2].index("^") == shown[at + 1].index("maybe")
    assert any(line.startswith("--set:2:1: error unknown-setting") for line in shown)
    assert any(line.endswith("policy.bind=/a") for line in shown)
    assert "the operator's configuration has errors" in shown[-1]


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_what_the_policy_forbids_is_not_done(
    verb: str, source: Path, config: Path, tmp_path: Path
) -> None:
    result = call(verb, source, "--config", config, "--state", tmp_path / "state")
    assert result.exit_code == 1
    assert "hello.yaml:7:38: error policy-privileged" in result.stderr
    assert not (tmp_path / "state").exists()


def test_as_git_judges_as_after_a_merge(source: Path, tmp_path: Path) -> None:
    assert codes(source, "--as-git") == ["policy-privileged"]
    assert codes(source, "--as-git", "--set", "policy.privileged=true") == []
    result = call("plan", source, "--as-git", "--state", tmp_path / "state")
    assert "policy-privileged" in result.stderr


def test_the_place_for_state(source: Path, tmp_path: Path) -> None:
    root = ("stateRoot=" + str(tmp_path / "all"),)
    place = find(source, Chosen(settings=root))
    assert place.folder == tmp_path / "all" / "demo"
    assert place.policy.closes(str(tmp_path / "all" / "other"))
    assert find(source, Chosen(tmp_path / "one", settings=root)).folder == tmp_path / "one"


def test_a_command_for_another_verb_says_who_decides(source: Path, config: Path) -> None:
    chosen = Chosen(Path("/state"), config, ("policy.builds=false",))
    command = find(source, chosen).command("status")
    assert command == (
        f"reconciler status -s {source} --state /state --config {config} --set policy.builds=false"
    )
