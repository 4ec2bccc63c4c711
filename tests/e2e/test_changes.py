"""An edit does what it says and nothing else: container ids tell."""

import pytest

from tests.e2e.project import Project, service, task
from tests.support.process import eventually

pytestmark = pytest.mark.docker


def test_scaling_creates_and_tears_down_exactly_the_difference(project: Project) -> None:
    project.declare(task("work", instances=3))
    project.apply()
    three = project.engine.running()
    assert len(three) == 3
    project.declare(task("work", instances=5))
    project.apply()
    five = project.engine.running()
    assert set(five) - set(three) == {project.engine.name("work", n) for n in (3, 4)}
    assert three.items() <= five.items()
    project.declare(task("work", instances=2))
    project.apply()
    kept = {project.engine.name("work", n): five[project.engine.name("work", n)] for n in (0, 1)}
    assert project.engine.ids() == kept


def test_scaling_by_ranges_keeps_what_is_asked_for_before_and_after(project: Project) -> None:
    project.declare(task("work", instances="0-2"))
    project.apply()
    before = project.engine.running()
    project.declare(task("work", instances="2,5"))
    project.apply()
    after = project.engine.running()
    assert sorted(after) == [project.engine.name("work", n) for n in (2, 5)]
    assert before.items() & after.items() == {
        (project.engine.name("work", 2), before[project.engine.name("work", 2)])
    }


def test_changed_work_replaces_just_the_instances_concerned(project: Project) -> None:
    project.declare(task("work", instances=2), task("other"))
    project.apply()
    other = project.engine.ids("other")
    changes = {
        "command": task("work", "sleep 601", instances=2),
        "env": task("work", "sleep 601", instances=2, env={"A": "1"}),
        "image": task("work", "sleep 601", instances=2, env={"A": "1"}, image=project.engine.tag()),
    }
    for run, (what, changed) in enumerate(changes.items(), start=2):
        project.declare(changed)
        project.apply()
        ours = [project.engine.name("work", number, run=run) for number in range(2)]
        assert sorted(project.engine.running("work")) == ours, what
        assert sorted(project.engine.ids()) == sorted([*ours, *other]), what
        assert project.engine.ids("other") == other, what


def test_plan_says_which_field_changed_from_what_to_what_and_where(project: Project) -> None:
    project.declare(task("work", env={"A": "old"}))
    project.apply()
    project.declare(task("work", env={"A": "new"}))
    causes = [a["cause"] for a in project.plan()["actions"] if a["verb"] == "create"]
    (cause,) = causes
    assert (cause["field"], cause["old"], cause["new"]) == ("env.A", "old", "new")
    assert cause["path"] == "work.yaml"
    line = (project.source / "work.yaml").read_text().splitlines()[cause["line"] - 1]
    assert "A: new" in line
    said = project.reconciler("plan").ends(0).out
    assert "old → new" in said
    assert f"work.yaml:{cause['line']}" in said


def test_changed_work_of_completed_instances_runs_again_in_a_new_run(project: Project) -> None:
    project.declare(task("work", "echo one", instances=2))
    project.apply("--wait")
    project.declare(task("work", "echo two", instances=2))
    project.apply("--wait")
    assert project.status("work")["run"] == 2
    assert project.engine.logs(project.engine.name("work", 1, run=2)) == "two\n"


def test_going_back_to_earlier_work_resumes_its_run(project: Project) -> None:
    for script in ("echo one", "echo two"):
        project.declare(task("work", script))
        project.apply("--wait")
    project.declare(task("work", "echo one"))
    with project.engine.watched() as record:
        project.apply("--wait")
        assert record.of("start") == []
    assert project.status("work")["run"] == 1
    assert project.states("work") == ["Succeeded"]


def test_changed_shape_replaces_what_runs_and_leaves_what_completed(project: Project) -> None:
    def with_memory(limit: str) -> None:
        limits = {"resources": {"memory": limit}}
        project.declare(
            task("done", "true", instances=2, container=limits),
            service("serving", container=limits),
        )

    with_memory("64Mi")
    project.apply("--wait")
    before = project.engine.ids("done")
    with_memory("96Mi")
    project.apply("--wait")
    assert project.engine.ids("done") == before
    (serving,) = project.engine.running("serving")
    found = project.engine.inspect(serving)
    assert found is not None
    assert found["HostConfig"]["Memory"] == 96 * 2**20
    assert serving == project.engine.name("serving", attempt=2)


def test_raised_memory_never_reruns_after_the_container_is_gone(project: Project) -> None:
    project.declare(task("done", "true"))
    project.apply("--wait")
    project.engine.remove(project.engine.name("done"))
    project.declare(task("done", "true", container={"resources": {"memory": "64Mi"}}))
    assert project.planned() == []
    project.apply("--wait")
    assert project.engine.ids() == {}


def test_a_manifest_that_goes_away_is_torn_down(project: Project) -> None:
    project.declare(task("goes", instances=2), task("stays"))
    project.apply()
    before = project.engine.ids("stays")
    project.forget("goes")
    project.apply()
    assert project.engine.ids() == before


def test_a_task_that_comes_back_resumes_its_run(project: Project) -> None:
    project.declare(task("done", "true"), task("stays"))
    project.apply()
    eventually(lambda: not project.engine.running("done"), "the program to end")
    project.apply()
    project.forget("done")
    project.apply()
    project.declare(task("done", "true"))
    with project.engine.watched() as record:
        project.apply()
        assert record.of("start") == []
    assert project.states("done") == ["Succeeded"]


def test_edits_that_change_no_work_and_no_shape_touch_nothing(project: Project) -> None:
    project.declare(task("work", instances=2, retry={"perInstance": 1}))
    project.apply()
    before = project.engine.ids()
    manifest = task("work", instances=2, retry={"perInstance": 3})
    manifest["metadata"]["labels"] = {"team": "physics"}
    moved = project.write("deep/inside/moved.yml", manifest)
    moved.write_text("# a comment\n" + moved.read_text())
    project.forget("work")
    with project.engine.watched() as record:
        assert project.planned() == []
        project.apply()
        assert record.told == []
    assert project.engine.ids() == before


def test_an_emptied_source_tears_nothing_down(project: Project) -> None:
    project.declare(task("work", instances=2))
    project.apply()
    before = project.engine.running()
    project.forget("work")
    (project.source / "reconciler.yaml").unlink()
    renamed = project.source.rename(project.source.parent / project.name)
    project.reconciler.source = renamed
    project.apply(code=3)
    assert project.engine.running() == before


def test_a_source_with_errors_changes_nothing(project: Project) -> None:
    project.declare(task("work"))
    project.apply()
    before = project.engine.ids()
    project.write("work.yaml", "kind: Taks\n")
    done = project.apply(code=1)
    assert "work.yaml:1" in done.err
    assert project.engine.ids() == before
