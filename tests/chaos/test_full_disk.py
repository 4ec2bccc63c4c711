"""A state folder whose disk is full: nothing is done that cannot be recorded, nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Project, service, task
from tests.support.disk import fill, small_disk
from tests.support.process import always

pytestmark = pytest.mark.docker


@pytest.fixture
def disk(project: Project, tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "4m") as place:
        project.state = project.reconciler.state = place / "state"
        yield place
        project.reconciler.close()


def test_run_waits_for_room_and_goes_on(project: Project, disk: Path) -> None:
    project.declare(task("before", "sleep 6"), service("web"))
    running = project.run()
    project.engine.await_running(project.engine.name("before"))
    project.await_states("web", "Running")
    ballast = fill(disk)
    project.declare(task("during", "true", instances=3))
    running.says("no room left on the disk")
    known = set(project.engine.ids())
    always(lambda: set(project.engine.ids()) == known, "nothing is made without a record", 2)
    assert running.alive
    ballast.unlink()
    project.await_states("during", *["Succeeded"] * 3)
    project.await_states("before", "Succeeded")
    running.terminate().ends(0)
    for name in ("before", "during"):
        assert all(name_[-2:] == ".1" for name_ in project.engine.ids(name)), "each began once"
    assert project.planned() == []
