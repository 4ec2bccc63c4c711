"""A plan that was looked at is carried out as it was, or not at all."""

import stat
from pathlib import Path

import pytest

from tests.e2e.project import Project, service, task
from tests.support.process import Done, eventually

pytestmark = pytest.mark.docker


@pytest.fixture
def file(project: Project) -> Path:
    return project.home / "agreed.plan"


def save(project: Project, file: Path) -> Done:
    return project.reconciler("plan", "--out", str(file)).ends(0)


def carry_out(project: Project, file: Path, *words: str, code: int = 0) -> Done:
    return project.apply("--plan", str(file), *words, code=code)


def test_what_was_saved_is_done_and_a_second_time_refused(project: Project, file: Path) -> None:
    project.declare(task("work", "exit 0", instances=3, parallelism=1), service("web"))
    said = save(project, file).out
    assert "3 later" in said or "later, as if all succeed" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert project.engine.ids() == {}
    carry_out(project, file, "--wait")
    assert project.states("work") == ["Succeeded"] * 3
    assert list(project.engine.running()) == [project.engine.name("web")]
    before = project.engine.ids()
    with project.engine.watched() as record:
        again = carry_out(project, file, code=3)
        assert record.of("create", "start", "die", "destroy") == []
    assert "reality has moved since" in again.err
    assert f"no longer to be done: create {project.engine.name('web')}" in again.err
    assert project.engine.ids() == before


def test_a_plan_of_nothing_may_be_carried_out_again(project: Project, file: Path) -> None:
    project.declare(service("web"))
    project.apply()
    save(project, file)
    for _ in range(2):
        assert "nothing to do" in carry_out(project, file).out


def test_a_container_that_died_since_is_a_refusal(project: Project, file: Path) -> None:
    project.declare(service("web"), service("other"))
    project.apply()
    project.declare(service("other", "exec sleep 601"))
    save(project, file)
    before = project.engine.running("other")
    project.engine.kill(project.engine.name("web"))
    refused = carry_out(project, file, code=3)
    assert "now to be done as well: collect" in refused.err
    assert project.engine.running("other") == before


def test_an_edit_since_is_a_refusal(project: Project, file: Path) -> None:
    project.declare(task("work"))
    save(project, file)
    project.declare(task("work", env={"A": "1"}))
    refused = carry_out(project, file, code=3)
    assert "the source has been edited since the plan was saved" in refused.err
    assert project.engine.ids() == {}


def test_what_dies_under_way_is_left_alone(project: Project, file: Path) -> None:
    """The death comes after the plan has been checked: the new task's program waits for it."""
    project.declare(service("web"))
    project.apply()
    gate = project.home / "gate"
    gate.mkdir()
    wait = "until test -e /gate/open; do sleep 0.1; done"
    mounts = [{"type": "bind", "source": str(gate), "target": "/gate", "readOnly": True}]
    project.declare(task("work", wait, container={"mounts": mounts}))
    save(project, file)
    applying = project.reconciler.start("apply", "--plan", str(file), "--wait")
    eventually(lambda: project.engine.running("work"), "work to be started")
    project.engine.kill(project.engine.name("web"))
    (gate / "open").touch()
    done = applying.wait().ends(3)
    assert "web/0: left alone, for the saved plan does not hold it: collect" in done.err
    assert "reality asks for more than the saved plan holds: run `plan` again" in done.err
    assert project.states("work") == ["Succeeded"]
    assert project.engine.running("web") == {}

    def brought_back() -> dict[str, str]:
        project.apply()
        return project.engine.running("web")

    eventually(brought_back, "web to be brought back once its pause is over", pause=0.5)


def test_a_file_that_is_no_plan_of_this_project(project: Project, file: Path) -> None:
    project.declare(task("work"))
    save(project, file)
    content = file.read_text()
    file.write_text(content.replace("work.1.0.1", "work.1.0.9"))
    assert "has been changed since it was saved" in carry_out(project, file, code=1).err
    file.write_text("kind: Task\n")
    assert "holds no plan" in carry_out(project, file, code=1).err
    file.write_text(content)
    project.write("reconciler.yaml", f"project: {project.name}-b\n")
    assert f"is a plan for project {project.name}" in carry_out(project, file, code=1).err
    assert "No such file" in carry_out(project, file.with_name("gone"), code=1).err
    assert project.engine.ids() == {}


def test_a_plan_is_no_manifest(project: Project) -> None:
    project.declare(task("work"))
    refused = project.reconciler("plan", "--out", "saved.json").ends(1)
    assert "saved.json would be read as a manifest" in refused.err
    assert not (project.source / "saved.json").exists()
