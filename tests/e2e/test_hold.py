"""Too large to happen without a person: mass teardown, mass re-run."""

import pytest

from tests.e2e.project import Project, task
from tests.support.process import always, eventually

pytestmark = pytest.mark.docker


def test_a_mass_teardown_is_held_until_approved(project: Project) -> None:
    project.declare(task("many", instances=6), task("few"))
    project.apply()
    before = project.engine.running()
    project.forget("many")
    done = project.apply(code=3)
    assert "held: 6 of 7 running instances would be torn down" in done.err
    assert project.engine.running() == before
    (hold,) = project.plan()["holds"]
    assert (hold["kind"], hold["count"], hold["tasks"]) == ("teardown", 6, ["many"])
    project.reconciler("approve").ends(0)
    eventually(lambda: len(project.engine.ids()) == 1, "them to be gone")
    project.apply()


def test_a_later_revision_cancels_the_wait(project: Project) -> None:
    project.declare(task("many", instances=6), task("few"))
    project.apply()
    before = project.engine.running()
    content = (project.source / "many.yaml").read_text()
    project.forget("many")
    project.apply(code=3)
    project.write("many.yaml", content)
    project.apply()
    assert project.engine.running() == before


def test_half_or_five_are_not_held(project: Project) -> None:
    project.declare(task("five", instances=5))
    project.apply()
    project.declare(task("none", instances=0))
    project.forget("five")
    project.apply()
    assert project.engine.ids() == {}


def test_scaling_down_is_never_held(project: Project) -> None:
    project.declare(task("many", instances=8))
    project.apply()
    project.declare(task("many", instances=1))
    project.apply()
    assert len(project.engine.ids()) == 1


def test_a_mass_rerun_is_held_until_approved_under_run(project: Project) -> None:
    project.declare(task("many", "true", instances=6))
    running = project.run()
    project.await_states("many", *["Succeeded"] * 6)
    with project.engine.watched() as record:
        project.declare(task("many", "exit 0", instances=6))
        running.says("held: 6 of 6 completed would run again")
        always(lambda: running.alive, "run goes on", during=1.0)
        assert record.told == []
    assert "held: 6 of 6 completed would run again" in project.reconciler("plan").out
    project.reconciler("approve").ends(0)
    last = project.engine.name("many", 5, run=2)
    eventually(lambda: project.engine.inspect(last) is not None, "the second run")
    project.await_states("many", *["Succeeded"] * 6)
    running.terminate().ends(0)


def test_rerun_field_runs_again_and_is_held_when_it_is_much(project: Project) -> None:
    project.declare(task("few", "true", instances=2))
    project.apply("--wait")
    project.declare(task("few", "true", instances=2, rerun=1))
    assert "2 completed instances would run again" in project.reconciler("plan").out
    project.apply("--wait")
    assert project.status("few")["run"] == 2
    project.declare(task("few", "true", instances=6, rerun=1))
    project.apply("--wait")
    project.declare(task("few", "true", instances=6, rerun=2))
    done = project.apply("--wait", code=3)
    assert "`approve` allows it" in done.err
    assert project.engine.inspect(project.engine.name("few", run=3)) is None
