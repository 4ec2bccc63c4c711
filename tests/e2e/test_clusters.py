"""Clusters without ssh, on the real engine: who knows whom, one outcome, and nothing left."""

import random
import time
from typing import Any, Final

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.process import eventually

pytestmark = pytest.mark.docker
NOTE: Final = 'echo "$RUN $INSTANCE_ID $ATTEMPT" >>/starts/ledger'
# The others answer for as long as they are let; the master asks each of them, and is done.
PEERS: Final = "$(cut -d' ' -f1 /job/hostfile | tail -n +2)"
MASTER: Final = f"{NOTE}; for peer in {PEERS}; do nc $peer 80; done; sleep 1"
WORKER: Final = f"{NOTE}; hostname >/tmp/name; while true; do nc -l -p 80 -e cat /tmp/name; done"
SIZE: Final = 4
KILLS: Final = 12


def crew(project: Project, master: str = MASTER, **spec: Any) -> Json:  # noqa: ANN401
    starts = project.home / "starts"
    starts.mkdir(exist_ok=True)
    bind = {"type": "bind", "source": str(starts), "target": "/starts"}
    made = task(
        "crew", profile="docker-cluster", instances=SIZE, container={"mounts": [bind]}, **spec
    )
    del made["spec"]["container"]["command"]
    words = {"DOCKER_CMD_MASTER": master, "DOCKER_CMD_WORKER": WORKER}
    quoted = {name: "sh -c '" + said.replace("'", "'\\''") + "'" for name, said in words.items()}
    made["spec"]["constants"] = quoted
    return made


def starts(project: Project) -> list[str]:
    file = project.home / "starts" / "ledger"
    return sorted(file.read_text().splitlines()) if file.exists() else []


def nothing_is_left(project: Project) -> bool:
    return not (project.engine.containers() or project.engine.networks())


def test_the_master_reaches_all_others_by_name(project: Project) -> None:
    project.declare(crew(project))
    project.apply("--wait")
    assert project.reconciler("logs", "crew/0").ends(0).out.split() == [
        "crew-1",
        "crew-2",
        "crew-3",
    ]
    assert project.states("crew") == ["Succeeded"] * SIZE
    assert starts(project) == [f"1 {number} 1" for number in range(SIZE)]
    assert nothing_is_left(project)
    assert project.planned() == []


def test_what_the_master_comes_to_is_what_the_task_comes_to(project: Project) -> None:
    project.declare(crew(project, f"{NOTE}; exit 3"))
    project.apply("--wait", code=1)
    assert project.states("crew") == ["Failed", *["Cancelled"] * (SIZE - 1)]
    assert nothing_is_left(project)


@pytest.mark.timeout(300)
def test_a_reconciler_that_is_killed_again_and_again_starts_each_once(project: Project) -> None:
    """From before the network is made until after all is gone, each at a moment of its own."""
    moments = random.Random(7)  # of a test
    project.declare(crew(project))
    for _ in range(KILLS):
        running = project.run()
        time.sleep(moments.uniform(0.2, 0.9))  # what is held is that no moment matters
        running.kill()
        running.wait()
    project.run()
    eventually(lambda: project.states("crew") == ["Succeeded"] * SIZE, "the outcome", 60)
    eventually(lambda: nothing_is_left(project), "all to be gone", 60)
    assert starts(project) == [f"1 {number} 1" for number in range(SIZE)]


def test_another_size_is_another_cluster_in_the_same_run(project: Project) -> None:
    project.declare(crew(project, f"{NOTE}; sleep 600"))
    project.run()
    eventually(lambda: len(project.engine.running("crew")) == SIZE, "the cluster", 60)
    made = crew(project, f"{NOTE}; sleep 600")
    made["spec"]["instances"] = SIZE + 1
    project.declare(made)
    again = sorted(project.engine.name("crew", number, attempt=2) for number in range(SIZE))
    again.append(project.engine.name("crew", SIZE))
    eventually(lambda: sorted(project.engine.running("crew")) == sorted(again), "all anew", 60)


def test_destroy_leaves_nothing(project: Project) -> None:
    project.declare(crew(project, f"{NOTE}; sleep 600"))
    project.apply()
    assert project.engine.networks()
    project.reconciler("destroy", "--yes").ends(0)
    assert nothing_is_left(project)
