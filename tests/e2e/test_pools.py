"""Pools on a real engine: slots that are prepared, used and closed."""

from typing import Any

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.engines import IMAGE
from tests.support.process import eventually

pytestmark = pytest.mark.docker
UNTIL_TOLD = "until [ -e /go ]; do sleep 0.1; done"
QUEUE = {"name": "queue", "minSlots": 0, "maxSlots": 4, "idleFor": "3s"}


def pool(name: str = "lab", script: str = "echo ready", **spec: Any) -> Json:  # noqa: ANN401  # as of task
    repository, _, tag = IMAGE.partition(":")
    given = {
        "constants": {"DOCKER_REPO": repository, "DOCKER_TAG": tag},
        "slotsPerNode": 4,
        "slot": {"cpus": 0.1, "memory": "64Mi"},
        "prepare": {"command": ["sh", "-c", script] if script else ""},
        "scaling": [QUEUE],
    }
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Pool",
        "metadata": {"name": name},
        "spec": given | spec,
    }


def slots(project: Project, name: str = "lab") -> dict[int, str]:
    """Return the states of a pool's slots, by number."""
    found = {p["name"]: p for p in project.reconciler_json("pools")["pools"]}
    return {s["number"]: s["state"] for s in found[name]["slots"]} if name in found else {}


def test_a_pool_grows_with_what_waits_and_goes_back_to_nothing(project: Project) -> None:
    project.declare(pool(), task("work", UNTIL_TOLD, pool="lab", instances=6))
    running = project.run()
    eventually(lambda: list(slots(project).values()) == ["Busy"] * 4, "four busy slots", pause=0.3)
    eventually(lambda: len(project.engine.running()) == 4, "all of them to run", pause=0.3)
    waiting = [i for i in project.status("work")["instances"] if i["state"] == "Pending"]
    assert len(waiting) == 2
    assert "fits in 0 of 4 slots of pool lab: 4 are busy" in waiting[0]["reason"]
    for number in range(6):
        name = project.engine.name("work", number)
        project.engine.await_running(name)
        limits = (project.engine.inspect(name) or {})["HostConfig"]
        assert (limits["NanoCpus"], limits["Memory"]) == (100_000_000, 64 << 20)
        project.engine.execute(name, "touch", "/go")
    project.await_states("work", *["Succeeded"] * 6)
    eventually(lambda: slots(project) == {}, "no slot", pause=0.3)
    running.terminate().ends(0)
    prepared = [e for e in project.events() if e["kind"] == "started" and e["task"] == "pool_lab"]
    assert sorted(e["instance"] for e in prepared) == [0, 1, 2, 3], "each slot once"
    said = [e["message"] for e in project.events() if e["kind"] == "slot"]
    assert sum("is opened" in message for message in said) == 4
    assert sum("is closed" in message for message in said) == 4


def test_apply_prepares_slots_and_waits_for_the_work_in_them(project: Project) -> None:
    fixed = [{"name": "two", "slots": 2}]
    project.declare(pool(scaling=fixed), task("work", "echo $INSTANCE_ID", pool="lab", instances=5))
    project.apply("--wait")
    assert project.states("work") == ["Succeeded"] * 5
    assert slots(project) == {0: "Idle", 1: "Idle"}
    said = project.reconciler("pools").ends(0).out
    assert "lab/0" in said
    assert "two" in said
    assert project.planned() == []
    assert "ready" in project.reconciler("logs", "pool_lab").ends(0).out
    project.declare(pool(scaling=fixed, prepare={"command": ["sh", "-c", "echo other"]}))
    project.apply("--wait")
    assert slots(project) == {2: "Ready", 3: "Ready"}
    project.reconciler("destroy", "--yes").ends(0)
    assert slots(project) == {}
    assert project.engine.running() == {}


def test_a_preparation_that_fails_is_repeated_then_told(project: Project) -> None:
    project.declare(
        pool(script="echo no compiler; exit 3", scaling=[{"name": "one", "slots": 1}]),
        task("work", "true", pool="lab"),
    )
    running = project.run()
    eventually(lambda: slots(project) == {0: "Failed"}, "a failed slot", pause=0.5)
    (shown,) = project.reconciler_json("pools")["pools"]
    assert "exit code 3" in shown["slots"][0]["reason"]
    assert "1 could not be prepared" in project.status("work")["reason"]
    assert project.status("work")["state"] == "Blocked"
    attempts = project.reconciler("logs", "pool_lab/0").ends(0).out
    assert "no compiler" in attempts
    running.kill()
    project.declare(pool(script="true", scaling=[{"name": "one", "slots": 1}]))
    project.apply("--wait")
    assert project.states("work") == ["Succeeded"]


def test_a_pool_without_a_command_runs_nothing_before_the_work(project: Project) -> None:
    project.declare(pool(script="", scaling=[{"name": "one", "slots": 1}]))
    project.apply()
    assert slots(project) == {0: "Ready"}
    assert project.engine.ids("pool_lab") == {}
    assert "image is present" not in project.reconciler("status").ends(0).out
    project.declare(task("work", "true", pool="lab"))
    project.apply("--wait")
    assert project.states("work") == ["Succeeded"]
