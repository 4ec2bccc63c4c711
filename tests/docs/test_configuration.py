"""What docs/configuration.md shows is so: its files, its commands and its table."""

import re
import shlex
from pathlib import Path

import pytest

from reconciler import manifests
from reconciler.manifests.settings import variable_of
from reconciler.model.policy import FOLDER, GIT, NONE, Policy
from reconciler.sources.ignore import Ignored
from tests.cli.helpers import call
from tests.support.shell import ROOT

PAGE = (ROOT / "docs" / "configuration.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([A-Za-z.]+)` \| (.*) \| (.*) \| (.*) \| `(.*)` \|$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(PAGE) if found == language]


def test_the_operators_file() -> None:
    (text,) = [text for text in blocks("yaml") if text.startswith("# config.yaml\n")]
    operator = manifests.operator("config.yaml", text.encode(), {}, [])
    assert operator.problems == ()
    assert operator.policy(FOLDER).maximum.instances == 500


def test_the_sources_file() -> None:
    (text,) = [text for text in blocks("yaml") if text.startswith("# reconciler.yaml")]
    catalog = manifests.load({"reconciler.yaml": text.encode()}, project="p", revision="r")
    assert (catalog.problems, catalog.project) == ((), "lab")
    assert catalog.desired is not None
    assert catalog.desired.hold.instances == 10


def test_the_ignoring_file() -> None:
    (text,) = blocks("gitignore")
    ignored = Ignored()
    ignored.learn("", text.encode())
    paths = ["charts/a.yaml", "values-a.yaml", "values-task.yaml", "a.yaml"]
    assert [p for p in paths if not ignored.covers_wholly(p)] == ["values-task.yaml", "a.yaml"]


@pytest.mark.parametrize("line", [line for text in blocks("sh") for line in text.splitlines()])
def test_commands(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        assert name in {variable_of(f"policy.{row[0]}") for row in ROW.findall(PAGE)}
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    result = call(*words[1:])
    assert result.exit_code == 0, result.output


def test_the_file_of_a_service() -> None:
    (text,) = [text for text in blocks("yaml") if text.startswith("# config.yaml of a service\n")]
    operator = manifests.operator("config.yaml", text.encode(), {}, [])
    assert operator.problems == ()
    assert [source.name for source in operator.service.sources] == ["fleet", "nightly"]


def test_the_table_has_every_entry(tmp_path: Path) -> None:
    named = {f"policy.{row[0]}" for row in ROW.findall(PAGE)}
    (tmp_path / "a").mkdir()
    said = call("validate", tmp_path / "a", "--set", "nothing=1").stderr
    hint = next(line for line in said.splitlines() if "hint: Known: " in line)
    known = hint.partition("Known: ")[2].rstrip(".").split(", ")
    assert named == {name for name in known if name.startswith("policy.")}


FIELDS = {
    "hostNetwork": "host_network", "usernsHost": "userns_host", "newPrivileges": "new_privileges",
    "seccompUnconfined": "seccomp_unconfined", "externalVolumes": "external_volumes",
    "secretFiles": "secret_files", "encryptedSecrets": "encrypted_secrets",
}  # fmt: skip


@pytest.mark.parametrize(
    "row", [r for r in ROW.findall(PAGE) if r[2] in {"all", "yes"}], ids=lambda row: row[0]
)
def test_the_table_tells_the_defaults(row: tuple[str, ...]) -> None:
    name, _, folder, git, _ = row

    def said(policy: Policy) -> str:
        value = getattr(policy, FIELDS.get(name, name))
        words: dict[object, str] = {True: "yes", False: "no", (): "all", NONE: "none"}
        return words.get(value, "those that Docker gives by default")

    assert (said(FOLDER), said(GIT)) == (folder, git)
