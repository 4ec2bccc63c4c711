"""Following what all instances of a task print, those that begin later as well."""

import pytest

from tests.e2e.project import Project, task
from tests.support.process import eventually

pytestmark = pytest.mark.docker

# Says hello, and ends when it is told to.
SCRIPT = "echo hello $INSTANCE_ID; until test -e /tmp/over; do sleep 0.1; done; echo bye"


def test_instances_that_begin_later_join_and_it_ends_with_the_last(project: Project) -> None:
    project.declare(task("work", SCRIPT, onScale="keep"))
    running = project.run()
    project.await_states("work", "Running")
    following = project.reconciler.start("logs", "-f", "work")
    following.says("hello 0")
    project.declare(task("work", SCRIPT, instances=3, parallelism=2, onScale="keep"))
    following.says("1 | hello 1")
    project.engine.execute(project.engine.name("work", 0), "touch", "/tmp/over")
    following.says("0 | bye", "2 | hello 2")  # which waited for its turn
    assert following.alive
    for instance in (1, 2):
        project.engine.execute(project.engine.name("work", instance), "touch", "/tmp/over")
    said = following.wait().ends(0).out.splitlines()
    assert [line for line in said if "bye" not in line] == [
        "hello 0", "1 | hello 1", "2 | hello 2",
    ]  # fmt: skip
    assert sorted(line for line in said if "bye" in line) == [f"{n} | bye" for n in range(3)]
    eventually(lambda: project.states("work") == ["Succeeded"] * 3, "all is recorded")
    running.terminate().ends(0)
