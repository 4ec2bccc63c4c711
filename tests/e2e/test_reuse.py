"""Equal work is done once: what it came to is taken over, on a real engine and a folder."""

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import validate

from tests.e2e.project import Json, Project, task
from tests.support.process import ROOT

pytestmark = pytest.mark.docker
# What it writes is another text each time that it runs.
ONCE = "mkdir -p /job; cat /proc/sys/kernel/random/uuid > /job/a.txt"
KEEP = {"bucket": "results", "prefix": "${TASK_NAME}/${INSTANCE_ID}/", "source": "/job"}
SCHEMA = ROOT / "schemas" / "output" / "result-manifest.json"


def once(name: str) -> Json:
    return task(name, ONCE, instances=2, cache=True, outputs=KEEP)


@pytest.fixture
def folder(project: Project) -> Path:
    """Declare a bucket that is a folder, with the results of a first task in it."""
    root = project.home / "bucket"
    root.mkdir()
    project.declare(
        {
            "apiVersion": "reconciler/v1",
            "kind": "Bucket",
            "metadata": {"name": "results"},
            "spec": {"url": f"file://{root}"},
        },
        once("first"),
    )
    project.apply("--wait")
    return root


def written(folder: Path, name: str) -> list[str]:
    return [(folder / name / str(number) / "a.txt").read_text() for number in range(2)]


def test_what_equal_work_came_to_is_taken_over(project: Project, folder: Path) -> None:
    project.declare(once("second"))
    assert "= reuse second/0" in " ".join(project.reconciler("plan").ends(0).out.split())
    project.apply("--wait")
    assert project.states("second") == ["Succeeded"] * 2
    assert written(folder, "second") == written(folder, "first")
    assert not [event for event in project.events() if event["task"] == "second"
                and event["kind"] in {"create", "started"}]  # fmt: skip
    said = project.reconciler("why", "second/1").ends(0).out
    assert "taken over from first/1 (run 1, attempt 1)" in said
    told = json.loads((folder / "second/1/.reconciler/second.1.1.json").read_text())
    validate(told, json.loads(SCHEMA.read_text()))
    assert told["reusedFrom"] == {"task": "first", "run": 1, "instance": 1, "attempt": 1}
    there = project.home / "fetched"
    project.reconciler("results", "second", "--fetch", str(there)).ends(0)
    assert (there / "1" / "a.txt").read_text() == written(folder, "first")[1]


def test_it_runs_where_that_is_wanted_or_the_results_are_gone(
    project: Project, folder: Path
) -> None:
    project.declare(once("wanted"))
    project.apply("--wait", "--no-cache")
    assert not {*written(folder, "wanted")} & {*written(folder, "first")}
    shutil.rmtree(folder / "first")
    shutil.rmtree(folder / "wanted")
    project.declare(once("gone"))
    project.apply("--wait")
    assert project.states("gone") == ["Succeeded"] * 2
    assert len(written(folder, "gone")) == 2
    said = [event["message"] for event in project.events() if event["kind"] == "results-gone"]
    assert len(said) == 4
    assert all("has no wanted/" in line or "has no first/" in line for line in said)
