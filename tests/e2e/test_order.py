"""Tasks that wait for one another, on a real engine."""

import shutil
from typing import Any

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.process import ROOT, eventually

pytestmark = pytest.mark.docker
DIAMOND = ("prepare", "left", "right", "report")


def after(name: str, *others: str, script: str = "true", **spec: Any) -> Json:  # noqa: ANN401  # as of task
    return task(name, script, dependsOn=[{"task": other} for other in others], **spec)


def in_job(job: Json, *manifests: Json) -> list[Json]:
    """Return a job's manifest and those of its tasks."""
    head = {"apiVersion": "reconciler/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": job}
    return [head, *(one | {"spec": {**one["spec"], "job": "j"}} for one in manifests)]


def test_the_diamond_goes_from_top_to_bottom(project: Project) -> None:
    shutil.copy(ROOT / "examples" / "diamond" / "diamond.yaml", project.source)
    planned = [(a["when"], a["task"]) for a in project.plan()["actions"] if a["verb"] == "create"]
    assert planned[0] == ("now", "prepare")
    assert {when for when, _ in planned[1:]} == {"later"}
    assert planned[-1][1] == "report"
    with project.engine.watched() as record:
        project.apply("--wait")
        told = [(what, name.split(".")[1]) for what, name in record.told]
    ends = {name: _last(told, "die", name) for name in DIAMOND}
    for name, first in (("left", "prepare"), ("right", "prepare"), ("report", "left"),
                        ("report", "right")):  # fmt: skip
        assert told.index(("create", name)) > ends[first], f"{name} after {first}: {told}"
    assert {project.status(name)["state"] for name in DIAMOND} == {"Succeeded"}


def test_a_failure_ends_what_comes_after_it_and_a_mended_one_revives_it(project: Project) -> None:
    project.declare(
        task("first", "exit 3"),
        after("second", "first"),
        after("third", "second"),
        task("notify", "echo told", dependsOn=[{"task": "first", "condition": "failure"}]),
    )
    project.apply("--wait", code=1)
    assert project.states("third") == ["Cancelled"]
    assert project.states("notify") == ["Succeeded"]
    assert not project.engine.ids("second")
    why = project.reconciler("why", "third").ends(0).out
    assert "waited for task second to succeed, which was cancelled" in why
    assert "once task first gets another try or another run" in why
    project.declare(task("first", "exit 0"))
    project.apply("--wait")
    assert [project.states(name) for name in ("first", "second", "third")] == [["Succeeded"]] * 3
    assert project.states("notify") == ["Succeeded"], "what has completed stays so"
    assert len(project.engine.ids("notify")) == 1


def test_a_running_reconciler_begins_what_comes_next(project: Project) -> None:
    project.declare(task("first", "until [ -e /go ]; do sleep 0.1; done"), after("next", "first"))
    running = project.run()
    first = project.engine.name("first")
    project.engine.await_running(first)
    assert project.status("next")["reason"].endswith("waits for task first to succeed: 0 of 1 done")
    running.kill()
    running = project.run()
    project.engine.execute(first, "touch", "/go")
    eventually(lambda: project.states("next") == ["Succeeded"], "next to be done", pause=0.3)
    running.terminate().ends(0)


def test_a_job_stops_the_rest_when_a_task_fails_or_time_is_up(project: Project) -> None:
    files = in_job({"onTaskFailure": "cancel"}, task("bad", "exit 1"), task("long"))
    project.declare(*files)
    project.apply("--wait", code=1)
    assert project.states("long") == ["Cancelled"]
    assert not project.engine.running()
    project.declare(*in_job({"deadline": "2s"}, task("bad", "exit 0"), task("long", rerun=1)))
    project.apply("--wait", code=1)
    (long,) = project.status("long")["instances"]
    assert (long["state"], long["reason"]) == ("Failed", "job j's deadline of 2s has passed")
    assert project.states("bad") == ["Succeeded"]
    assert not project.engine.running()


def _last(told: list[tuple[str, str]], what: str, name: str) -> int:
    return max(at for at, one in enumerate(told) if one == (what, name))
