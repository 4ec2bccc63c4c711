"""What people ask for while and after work runs: retry, rerun, wait, and a job's stop."""

import pytest

from tests.cli.helpers import check
from tests.e2e.project import Project, task
from tests.support.process import eventually

pytestmark = pytest.mark.docker

ONCE_TAUGHT = "test $ATTEMPT -gt 1"
JOB = {"apiVersion": "reconciler/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {}}


def test_what_failed_goes_on_and_what_is_over_is_waited_for(project: Project) -> None:
    project.declare(JOB, task("good", "true", job="j"), task("bad", ONCE_TAUGHT, job="j"))
    running = project.run()
    waited = project.reconciler("wait", "--format", "json").ends(1).json()
    check("wait", waited)
    assert [(t["target"], t["state"]) for t in waited["targets"]] == [
        ("bad", "Failed"), ("good", "Succeeded"),
    ]  # fmt: skip
    assert "retry bad/0" in project.reconciler("why", "bad").ends(0).out
    assert "bad/0 goes on in run 1" in project.reconciler("retry", "job/j").ends(0).out
    project.reconciler("wait", "job/j").ends(0)
    project.reconciler("retry", "bad").ends(1)
    project.reconciler("rerun", "good").ends(0)
    project.reconciler("wait", "good/0").ends(0)
    assert [i["attempt"] for i in project.status("good")["instances"]] == [1]
    assert project.status("good")["run"] == 2
    told = project.reconciler_json("history", "job/j")
    check("runs", told)
    assert [[a["result"] for a in run["attempts"]] for run in told["runs"]] == [
        ["failed", "succeeded"], ["succeeded"], ["succeeded"],
    ]  # fmt: skip
    project.reconciler("history", "j", "--timeline", "j.svg").ends(0)
    assert (project.source / "j.svg").read_text().count('class="succeeded"') == 3
    running.terminate().ends(0)


def test_a_job_is_stopped_and_goes_on_without_a_writer(project: Project) -> None:
    project.declare(JOB, task("a", job="j"), task("b", job="j"), task("c"))
    project.apply()
    project.reconciler("suspend", "job/j").ends(0)
    assert [project.status(name)["state"] for name in "abc"] == ["Suspended"] * 2 + ["Running"]
    project.reconciler("resume", "--job", "j").ends(0)
    project.reconciler("stop", "job/j").ends(0)
    assert [*project.engine.running()] == [project.engine.name("c", 0)]
    project.reconciler("wait", "job/j").ends(1)
    assert "a" in project.reconciler("retry", "job/j").ends(0).out
    assert len(project.engine.running()) == 3


def test_waiting_goes_on_until_something_happens(project: Project) -> None:
    project.declare(task("work", "until test -e /tmp/over; do sleep 0.1; done"))
    running = project.run()
    project.await_states("work", "Running")
    assert "not over within 1s" in project.reconciler("wait", "work", "--timeout", "1s").ends(1).err
    waiting = project.reconciler.start("wait", "work")
    project.engine.execute(project.engine.name("work"), "touch", "/tmp/over")
    assert "Succeeded" in waiting.wait().ends(0).out
    running.terminate().ends(0)


def test_nobody_is_waited_for_in_vain(project: Project) -> None:
    project.declare(task("work", "exit 3", retry={"perInstance": 5, "backoff": {"initial": "1h"}}))
    project.apply("--timeout", "20s")
    eventually(lambda: not project.engine.running(), "the program to end")
    assert "nobody runs this project now" in project.reconciler("wait").ends(3).err


def test_after_its_ttl_only_the_outcome_is_left(project: Project) -> None:
    project.declare(task("work", "echo hello", ttl="1s"), task("long", "echo hello", ttl="1h"))
    running = project.run()
    project.await_states("work", "Succeeded")
    eventually(lambda: not project.engine.ids("work"), "the container to go")
    done = project.reconciler("logs", "work").ends(0)
    assert (done.out, "its ttl is over" in done.err) == ("", True)
    assert project.reconciler("logs", "long").ends(0).out == "hello\n"
    running.terminate().ends(0)
    assert "nothing to do" in project.apply().out
    assert project.plan()["actions"] == []
    starts = [event for event in project.events() if event["kind"] == "started"]
    assert len(starts) == 2


def test_how_far_it_is_and_what_it_used(project: Project) -> None:
    work = "echo epoch 1/4; until test -e /tmp/over; do echo busy > /dev/null; done; echo epoch 4/4"
    project.declare(task("work", work, progress=[r"epoch (\d+)/(\d+)"]))
    running = project.run()

    def seen() -> dict[str, object]:
        told = project.status("work")["instances"]
        return told[0] if told and told[0]["progress"] and told[0]["cpuSeconds"] else {}

    first = eventually(seen, "progress and usage", pause=0.5)
    assert first["progress"] == {"fraction": 0.25, "text": "epoch 1/4"}
    assert "25%, epoch 1/4" in project.reconciler("status").ends(0).out
    assert "25%, epoch 1/4" in project.reconciler("why", "work/0").ends(0).out
    project.engine.execute(project.engine.name("work"), "touch", "/tmp/over")
    project.await_states("work", "Succeeded")
    (attempt,) = project.reconciler_json("history", "work")["runs"][0]["attempts"]
    assert attempt["cpuSeconds"] > 0
    assert 0 < attempt["peakMemory"] < 2**30
    assert attempt["wallSeconds"] > 0
    assert attempt["logTail"] == ["epoch 1/4", "epoch 4/4"]
    running.terminate().ends(0)
    assert not (project.state / "live.json").exists()
