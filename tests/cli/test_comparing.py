"""`plan --from`: two revisions of a real repository, from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.helpers import HELLO, call, check
from tests.cli.test_startup import imported_by
from tests.support.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "demo")


def plan(repository: Repository, *words: str, path: str = "") -> Result:
    return call("plan", repository.root / path, *words)


def compared(repository: Repository, *words: str) -> Any:  # noqa: ANN401  # JSON
    result = plan(repository, "--format", "json", *words)
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    check("comparison", said)
    return said


def changes(said: Any) -> dict[str, str]:  # noqa: ANN401  # JSON
    return {task["name"]: task["change"] for task in said["tasks"]}


def test_two_revisions(repository: Repository) -> None:
    first = repository.commit(hello=HELLO)
    second = repository.commit(hello=HELLO.replace("echo hello", "echo bye"))
    repository.commit(hello=None)
    said = compared(repository, "--from", first, "--to", second[:10])
    assert changes(said) == {"hello": "rerun"}
    assert said["from"] == {"name": first, "revision": first}
    assert said["to"] == {"name": second[:10], "revision": second}
    difference = said["tasks"][0]["differences"][0]
    assert (difference["path"], difference["line"]) == ("hello.yaml", 6)


def test_without_to_it_is_the_folder_as_it_is(repository: Repository) -> None:
    repository.commit(hello=HELLO)
    (repository.root / "more.yaml").write_text(HELLO.replace("hello", "more"))
    said = compared(repository, "--from", "HEAD")
    assert changes(said) == {"more": "create"}
    assert said["to"]["name"] is None


def test_a_folder_below(repository: Repository) -> None:
    repository.commit(**{"a/hello": HELLO, "b/other": HELLO.replace("hello", "other")})
    repository.commit(**{"a/hello": None})
    said = compared(repository, "--from", "HEAD~1", "--to", "HEAD", "--path", "b")
    assert (changes(said), said["unchanged"]) == ({}, ["other"])
    (repository.root / "a").rmdir()
    below = plan(repository, "--from", "HEAD~1", "--path", "a")
    assert "there is no folder" in below.stdout
    assert "leave alone" in below.stdout


def test_exit_code(repository: Repository) -> None:
    repository.commit(hello=HELLO)
    assert plan(repository, "--from", "HEAD", "--exit-code").exit_code == 0
    (repository.root / "hello.yaml").unlink()
    assert plan(repository, "--from", "HEAD", "--exit-code").exit_code == 2
    assert plan(repository, "--from", "HEAD").exit_code == 0


def test_a_newer_revision_with_errors_is_refused_at_its_place(repository: Repository) -> None:
    repository.commit(hello=HELLO)
    repository.commit(hello=HELLO.replace("instances: 2", "instanses: 2"))
    result = plan(repository, "--from", "HEAD~1", "--to", "HEAD")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "hello.yaml:5:3: error unknown-field" in result.stderr
    assert "the manifests of HEAD have errors" in result.stderr


def test_of_an_older_one_with_errors_nothing_is_known(repository: Repository) -> None:
    repository.commit(hello="kind: Taks\n")
    repository.commit(hello=HELLO)
    said = compared(repository, "--from", "HEAD~1", "--to", "HEAD")
    assert changes(said) == {"hello": "create"}
    assert said["totals"]["before"] is None
    (note,) = said["notes"]
    assert note.startswith("the manifests of HEAD~1 have errors, so that everything is new: hello")


def test_a_revision_that_cannot_be_read_whole(repository: Repository) -> None:
    repository.commit(hello=HELLO)
    (repository.root / "out.yaml").symlink_to("/etc/hosts")
    repository.commit()
    result = plan(repository, "--from", "HEAD~1", "--to", "HEAD")
    assert result.exit_code == 1
    assert "HEAD cannot be read whole: out.yaml is a link out of the source" in result.stderr
    (note,) = compared(repository, "--from", "HEAD", "--to", "HEAD~1")["notes"]
    assert note.startswith("HEAD cannot be read whole, so that everything is new")


def test_another_project_name_is_told_of(repository: Repository) -> None:
    repository.commit(reconciler="project: one\n", hello=HELLO)
    repository.commit(reconciler="project: two\n")
    said = compared(repository, "--from", "HEAD~1", "--to", "HEAD")
    assert said["project"] == "two"
    assert said["notes"][0].startswith("the project's name changes from one to two")


def test_markdown_is_the_whole_answer(repository: Repository) -> None:
    repository.commit(hello=HELLO)
    result = plan(repository, "--from", "HEAD", "--format", "markdown")
    assert result.stdout.startswith("<!-- reconciler:plan:demo -->\n### Plan for `demo`\n")
    assert result.stderr == ""


def test_foreign_names_reach_machines_as_utf8(repository: Repository) -> None:
    (repository.root / "a\udcff.yaml").write_text(HELLO)
    (repository.root / "b.yaml").write_text(HELLO.replace("hello", "b"))
    repository.commit()
    repository.git("commit", "--quiet", "--allow-empty", "--message=x")
    (repository.root / "a\udcff.yaml").write_text(HELLO.replace("2", "3"))
    for form in ("text", "json", "markdown"):
        result = plan(repository, "--from", "HEAD", "--format", form)
        assert result.exit_code == 0
        assert result.stdout_bytes.decode("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "HEAD"), "give --from REV as well"),
        (("--path", "a"), "give --from REV as well"),
        (("--from", "HEAD", "--path", "../a"), "give a folder below SOURCE"),
        (("--from", "HEAD", "--path", "/a"), "give a folder below SOURCE"),
        (("--from", "HEAD", "--out", "x.plan"), "--out saves what is to be done now"),
    ],
)
def test_wrong_usage(repository: Repository, words: tuple[str, ...], said: str) -> None:
    result = plan(repository, *words)
    assert result.exit_code == 64
    assert said in " ".join(result.stderr.split())


@pytest.mark.parametrize("name", ["nowhere", "--from"])
def test_what_is_no_revision_is_one_sentence(repository: Repository, name: str) -> None:
    repository.commit(hello=HELLO)
    result = plan(repository, "--from", name)
    assert result.exit_code == 1
    assert result.stderr.startswith("reconciler: ")
    assert result.stderr.count("\n") == 1


def test_no_engine_comes_near_and_no_ledger(repository: Repository) -> None:
    repository.commit(hello=HELLO)
    code, modules = imported_by("plan", repository.root, "--from", "HEAD")
    assert code == 0
    assert modules & {"docker", "requests", "urllib3", "structlog", "watchdog", "rich"} == set()
