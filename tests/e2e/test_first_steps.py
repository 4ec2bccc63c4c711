"""From an empty folder to a clean machine, as a new user goes."""

import json
from pathlib import Path

import pytest

from tests.e2e.project import Project, task

pytestmark = pytest.mark.docker


@pytest.fixture
def starter(project: Project) -> Project:
    """A folder that `init` has filled."""
    (project.source / "reconciler.yaml").unlink()
    folder = project.source.rename(project.home / project.name)
    project.source = project.reconciler.source = folder
    done = project.init(".")
    assert "made" in done.out
    return project


def test_init_validate_apply_logs_destroy(starter: Project) -> None:
    assert "valid" in starter.reconciler("validate").ends(0).out
    assert "3 to create" in starter.reconciler("plan").ends(0).out
    starter.apply("--wait")
    assert starter.states("hello") == ["Succeeded"] * 3
    assert "hello from instance 2 of 3" in starter.reconciler("logs", "hello").ends(0).out
    starter.reconciler("destroy", "--yes").ends(0)
    assert starter.engine.ids() == {}
    assert starter.engine.volumes() == {}


def test_init_overwrites_nothing(starter: Project) -> None:
    def contents() -> dict[Path, bytes]:
        return {p: p.read_bytes() for p in starter.source.rglob("*") if p.is_file()}

    before = contents()
    starter.init(".", code=1)
    assert contents() == before


def test_apply_after_destroy_opens_a_new_run(project: Project) -> None:
    project.declare(task("work", "true"))
    project.apply("--wait")
    project.reconciler("destroy", "--yes").ends(0)
    assert project.planned()
    project.apply("--wait")
    assert project.status("work")["run"] == 2
    assert list(project.engine.ids()) == [project.engine.name("work", run=2)]


def test_destroy_keeps_outcomes_and_takes_nothing_else(project: Project) -> None:
    stranger = project.engine.run_foreign(f"{project.name}-stranger")
    project.declare(task("work", "echo remembered"))
    project.apply("--wait")
    project.reconciler("destroy", "--yes").ends(0)
    assert "remembered" in project.reconciler("logs", "work").ends(0).out
    found = project.engine.inspect(f"{project.name}-stranger")
    assert found is not None
    assert found["Id"] == stranger
    project.reconciler("destroy", "--yes").ends(0)


def test_destroy_of_nothing_is_done(project: Project) -> None:
    project.declare(task("work"))
    project.reconciler("destroy", "--yes").ends(0)
    assert project.engine.volumes() == {}


def test_status_json_has_the_contracts_keys(project: Project) -> None:
    project.declare(task("work", "exit 4"))
    project.apply("--wait", code=1)
    status = project.reconciler("status", "--format", "json").ends(0).json()
    assert {"project", "revision", "tasks", "pools", "nodes"} <= status.keys()
    (work,) = status["tasks"]
    expected = {"name", "job", "pool", "profile", "state", "reason", "run", "instances"}
    assert expected <= work.keys()
    (instance,) = work["instances"]
    assert {
        "id", "state", "attempt", "node", "container", "exitCode", "reason", "startedAt",
        "finishedAt",
    } <= instance.keys()  # fmt: skip
    assert (instance["id"], instance["state"], instance["exitCode"]) == (0, "Failed", 4)
    assert instance["container"] == project.engine.ids()[project.engine.name("work")]
    assert instance["startedAt"] <= instance["finishedAt"]


def test_every_json_answer_parses(project: Project) -> None:
    project.declare(task("work", "echo said", instances=2))
    project.apply("--wait")
    for verb in ("validate", "plan", "status", "profiles"):
        project.reconciler_json(verb)
    for verb in ("describe", "why"):
        project.reconciler_json(verb, "work/1")
        project.reconciler_json(verb, "work")
    schema = project.plain("schema", "Task")
    assert json.loads(schema.out)["title"] == "Task"
    assert all({"id", "at", "kind", "message"} <= entry.keys() for entry in project.events())


def test_validate_json_points_at_the_place(project: Project) -> None:
    project.write("bad.yaml", "apiVersion: reconciler/v1\nkind: Task\nmetadata: {nme: x}\n")
    found = project.reconciler("validate", "--format", "json").ends(1).json()
    assert found["checked"] >= 1
    expected = {"code", "severity", "path", "line", "column", "pointer", "message", "hint"}
    assert all(expected <= problem.keys() for problem in found["problems"])
    misspelt = next(p for p in found["problems"] if p["pointer"] == "/metadata/nme")
    assert (misspelt["path"], misspelt["line"], misspelt["column"]) == ("bad.yaml", 3, 12)
    assert "name" in misspelt["hint"]


def test_wrong_usage_is_64(project: Project) -> None:
    project.plain("aply", code=64)
    project.reconciler("apply", "--no-such-option").ends(64)


def test_a_mistyped_task_is_told_the_nearest(project: Project) -> None:
    project.declare(task("simulation", "true"))
    project.apply("--wait")
    for verb in ("logs", "why", "describe", "stop"):
        done = project.reconciler(verb, "simulatoin").ends(1)
        assert "did you mean simulation?" in done.err
