"""init, validate, schema, profiles: verbs that only read and write files."""

import json
import os
from pathlib import Path

import pytest

from reconciler import manifests
from tests.cli.helpers import HELLO, call, check, write

BROKEN = HELLO.replace("instances: 2", "instanses: 2")


def test_init_makes_a_folder_that_validates(tmp_path: Path) -> None:
    folder = tmp_path / "My Project"
    made = call("init", folder)
    assert made.exit_code == 0
    assert "reconciler apply" in made.output
    assert "project: my-project" in (folder / "reconciler.yaml").read_text()
    checked = call("validate", folder)
    assert (checked.exit_code, checked.stderr) == (0, "")


def test_editors_find_the_schema_beside_each_file_that_init_makes(tmp_path: Path) -> None:
    call("init", tmp_path / "p")
    made = sorted((tmp_path / "p").glob("*.yaml"))
    assert [path.name for path in made] == ["clock.yaml", "hello.yaml", "reconciler.yaml"]
    for path in made:
        first = path.read_text().splitlines()[0]
        comment, _, schema = first.partition("$schema=")
        assert comment == "# yaml-language-server: "
        kept = (path.parent / schema).read_text()
        assert json.loads(kept) == manifests.schema_of_all()
        assert kept == call("schema", "all").stdout


def test_the_commented_service_of_init_is_valid_too(tmp_path: Path) -> None:
    call("init", tmp_path / "p")
    service = tmp_path / "p" / "clock.yaml"
    lines = service.read_text().splitlines()[4:]
    service.write_text("\n".join(line.removeprefix("# ") for line in lines) + "\n")
    result = call("validate", tmp_path / "p", "--format", "json")
    assert json.loads(result.stdout) == {"checked": 3, "problems": []}


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    result = call("init", tmp_path)
    assert result.exit_code == 1
    assert "README.md" in result.stderr
    assert os.listdir(tmp_path) == ["README.md"]  # noqa: PTH208  # names are enough
    assert (tmp_path / "README.md").read_text() == "mine"


def test_validate_shows_place_line_and_caret(tmp_path: Path) -> None:
    write(tmp_path, hello=BROKEN)
    result = call("validate", tmp_path)
    assert result.exit_code == 1
    assert "hello.yaml:5:3: error unknown-field: " in result.stdout
    shown = result.stdout.splitlines()
    at = next(i for i, line in enumerate(shown) if "instanses: 2" in line)
    assert shown[at + 1].index("^") == shown[at].index("instanses")
    assert "1 error" in result.stderr


def test_validate_as_json(tmp_path: Path) -> None:
    write(tmp_path, hello=BROKEN, good=HELLO.replace("hello", "good"))
    result = call("validate", tmp_path, "--format", "json")
    said = json.loads(result.stdout)
    assert result.exit_code == 1
    check("validate", said)
    assert said["checked"] == 2
    assert [(p["code"], p["line"]) for p in said["problems"]] == [("unknown-field", 5)]


def test_validate_one_file_within_its_source(tmp_path: Path) -> None:
    job = "apiVersion: reconciler/v1\nkind: Job\nmetadata: {name: j}\nspec: {}\n"
    write(tmp_path, reconciler="project: p\n", job=job, broken=BROKEN.replace("hello", "other"))
    write(tmp_path / "sub", hello=HELLO + "  job: j\n")
    result = call("validate", tmp_path / "sub" / "hello.yaml", "--format", "json")
    assert json.loads(result.stdout) == {"checked": 1, "problems": []}


def test_terminal_controls_in_manifests_are_made_visible(tmp_path: Path) -> None:
    write(tmp_path, hello=HELLO + '  "\\e[31mred": 1\n')
    result = call("validate", tmp_path)
    assert result.exit_code == 1
    assert "\x1b" not in result.output


def test_validate_what_is_not_there(tmp_path: Path) -> None:
    assert call("validate", tmp_path / "gone").exit_code == 1


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_invalid_manifests_change_nothing(verb: str, tmp_path: Path) -> None:
    write(tmp_path / "src", hello=BROKEN)
    result = call(verb, tmp_path / "src", "--state", tmp_path / "state")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "hello.yaml:5:3: error unknown-field" in result.stderr
    assert not (tmp_path / "state").exists()


def test_schema() -> None:
    listed = [line.split()[0] for line in call("schema").stdout.splitlines()]
    assert listed == [*manifests.kinds(), *manifests.configurations(), "all"]
    assert json.loads(call("schema", "task").stdout) == manifests.schema("Task")
    assert json.loads(call("schema", "source").stdout) == manifests.schema("source")


def test_schema_of_all() -> None:
    said = json.loads(call("schema", "all").stdout)
    assert said == json.loads(call("schema", "--format", "json").stdout)
    assert said["properties"]["kind"]["enum"] == list(manifests.kinds())


@pytest.mark.parametrize(("word", "meant"), [("Tsk", "did you mean Task?"), ("x", "there are B")])
def test_schema_of_what_is_none(word: str, meant: str) -> None:
    result = call("schema", word)
    assert (result.exit_code, result.stdout) == (1, "")
    assert meant in result.stderr


def test_profiles() -> None:
    listed = call("profiles").stdout
    assert all(profile.name in listed for profile in manifests.profiles())
    assert "kind: Profile" in call("profiles", "docker-batch").stdout
    plain = json.loads(call("profiles", "docker-batch", "--format", "json").stdout)
    assert plain["profiles"][0]["constants"]["DOCKER_TAG"] == "latest"
    assert "did you mean docker-batch?" in call("profiles", "docker-bach").stderr
