"""Attempts on the real engine: how many there are, how long they may take, how they end."""

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.process import eventually

pytestmark = pytest.mark.docker

AT_ONCE = {"initial": "10ms", "jitter": 0}


def reasons(project: Project, name: str) -> list[str]:
    return [instance["reason"] for instance in project.status(name)["instances"]]


def ended(project: Project, name: str) -> list[Json]:
    """Return the lines of the event log that tell how the task's attempts ended, in order."""
    kinds = {"succeeded", "failed", "lost", "cancelled"}
    return [e for e in project.events() if e["kind"] in kinds and e["task"] == name]


def test_bounds_are_of_each_instance_of_all_and_of_exit_codes(project: Project) -> None:
    project.declare(
        task("all", "exit 1", instances=3,
             retry={"perInstance": 5, "total": 2, "backoff": AT_ONCE}),
        task("never", "exit 2", retry={"perInstance": 5, "exitCodes": {"fail": [2]}}),
        task("only", "exit $((75 + ATTEMPT - 1))",
             retry={"exitCodes": {"retry": [75]}, "backoff": AT_ONCE}),
        task("most", 'exit "$INSTANCE_ID"', instances=2, success={"minSucceeded": 1}),
    )  # fmt: skip
    project.apply("--wait", code=1)
    assert len(ended(project, "all")) == 3 + 2
    assert all("of the 2 of retry.total" in reason for reason in reasons(project, "all"))
    assert reasons(project, "never") == ["exit code 2, which retry.exitCodes.fail excludes"]
    assert [end["message"] for end in ended(project, "only")] == ["exit code 75", "exit code 76"]
    assert project.status("most")["state"] == "Succeeded"
    project.forget("all", "never", "only")
    project.apply("--wait")


def test_an_attempt_that_runs_too_long_is_ended_also_by_a_successor(project: Project) -> None:
    project.declare(task("slow", timeout="3s", container={"stop": {"grace": "1s"}}))
    running = project.run()
    eventually(project.engine.running, "it to run")
    running.kill()
    running = project.run()
    project.await_states("slow", "Failed")
    running.terminate().ends(0)
    assert reasons(project, "slow") == ["ran longer than timeout 3s; retry.perInstance is 0"]
    assert len(project.engine.ids()) == 1


def test_memory_that_runs_out_is_told_apart(project: Project) -> None:
    container = {"resources": {"memory": "16Mi"}}
    project.declare(task("hungry", "exec tail /dev/zero", container=container))
    done = project.apply("--wait", code=1)
    assert "exit code 137 (out of memory)" in done.out


def test_waiting_for_a_node_comes_to_an_end(project: Project) -> None:
    project.declare(task("far", placement={"nodes": {"zone": "moon"}}, queueTimeout="1s"))
    running = project.run()
    project.await_states("far", "Failed")
    running.terminate().ends(0)
    (reason,) = reasons(project, "far")
    said = "waited longer than queueTimeout 1s for room on a node: fits on 0 of 1 node"
    assert reason.startswith(said)
