"""The first example, from the first plan to the second apply."""

import shutil

import pytest

from tests.e2e.project import Project, task
from tests.support.process import ROOT

pytestmark = pytest.mark.docker
# What the engine tells of each verb of a plan.
TOLD = {"create": "create", "start": "start", "stop": "kill", "remove": "destroy"}


@pytest.fixture
def hello(project: Project) -> Project:
    shutil.copy(ROOT / "examples" / "hello" / "hello.yaml", project.source)
    return project


def test_apply_wait_brings_every_instance_to_its_outcome(hello: Project) -> None:
    done = hello.apply("--wait")
    assert "4 succeeded" in done.out
    assert hello.states("hello") == ["Succeeded"] * 4
    assert hello.status("hello")["state"] == "Succeeded"


def test_logs_show_what_each_instance_printed(hello: Project) -> None:
    hello.apply("--wait")
    said = hello.reconciler("logs", "hello").ends(0).out
    for number in range(4):
        assert f"Hello from instance {number} of 4" in said
    one = hello.reconciler("logs", "hello/2").ends(0).out
    assert "instance 2 of 4" in one
    assert "instance 1 of 4" not in one


def test_logs_outlive_the_container(hello: Project) -> None:
    hello.apply("--wait")
    hello.engine.remove(hello.engine.name("hello", 3))
    assert "Hello from instance 3 of 4" in hello.reconciler("logs", "hello/3").ends(0).out


def test_a_second_apply_changes_nothing(hello: Project) -> None:
    hello.apply("--wait")
    before = hello.engine.ids()
    with hello.engine.watched() as record:
        assert "nothing to do" in hello.apply().out
        assert "nothing to do" in hello.apply("--wait").out
        assert record.told == []
    assert hello.engine.ids() == before


def test_plan_after_apply_is_empty(hello: Project) -> None:
    hello.apply("--wait")
    done = hello.reconciler("plan", "--exit-code").ends(0)
    assert "Nothing to do" in done.out
    assert hello.plan()["actions"] == []


def test_plan_changes_nothing_anywhere(hello: Project) -> None:
    with hello.engine.watched() as record:
        hello.reconciler("plan", "--exit-code").ends(2)
        hello.plan()
        assert record.told == []
    assert not hello.state.exists()
    assert hello.engine.ids() == {}
    assert hello.engine.volumes() == {}


def test_plan_of_hello_is_what_apply_does(hello: Project) -> None:
    actions = hello.plan()["actions"]
    with hello.engine.watched() as record:
        hello.apply("--wait")
        for verb in ("create", "start"):
            planned = [a["container"] for a in actions if a["verb"] == verb]
            assert sorted(planned) == sorted(n for n in record.of(verb) if "claim" not in n)
    now = {a["instance"] for a in actions if a["when"] == "now"}
    assert now == {0, 1}, "parallelism lets two begin now"


def test_apply_does_exactly_what_plan_said(project: Project) -> None:
    """Over a change that creates, replaces, scales down and tears down at once."""
    project.declare(
        task("stays"), task("changes", instances=2), task("shrinks", instances=3), task("goes")
    )
    _same(project)
    project.declare(
        task("changes", instances=2, env={"NEW": "1"}), task("shrinks"), task("comes", instances=2)
    )
    project.forget("goes")
    performed = _same(project)
    assert {verb for verb, _ in performed} == {"create", "start", "stop", "remove"}
    assert not any(".stays." in name for _, name in performed)


def _same(project: Project) -> list[tuple[str, str]]:
    """Compare a plan with what the engine and the event log tell of the apply after it."""
    actions = [a for a in project.plan()["actions"] if a["when"] == "now"]
    planned = sorted((a["verb"], a["container"]) for a in actions if a["verb"] in TOLD)
    logged = len(project.events()) if project.state.exists() else 0
    with project.engine.watched() as record:
        project.apply()
        told = record.told
    back = {action: verb for verb, action in TOLD.items()}
    ours = [(back[action], name) for action, name in told if action in back]
    performed = sorted(pair for pair in ours if pair[1].count(".") >= 4)  # no claim
    assert performed == planned
    said = [e for e in project.events()[logged:] if e["kind"] in TOLD]
    entries = {(e["kind"], e["task"], e["instance"], e["run"], e["attempt"]) for e in said}
    wanted = {
        (a["verb"], a["task"], a["instance"], a["run"], a["attempt"])
        for a in actions
        if a["verb"] in TOLD and a["verb"] != "start"
    }
    assert entries == wanted
    return performed
