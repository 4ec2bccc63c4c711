"""What completed stays completed; what failed is tried again within its limit."""

from datetime import datetime

import pytest

from tests.e2e.project import Project, task
from tests.support.process import eventually

pytestmark = pytest.mark.docker
QUICK = {"initial": "200ms", "factor": 2, "max": "1s", "jitter": 0}


def test_completed_stays_completed_without_its_container(project: Project) -> None:
    project.declare(task("work", "true", instances=2))
    project.apply("--wait")
    project.engine.remove(project.engine.name("work"))
    assert project.planned() == []
    with project.engine.watched() as record:
        project.apply("--wait")
        assert record.told == []
    assert project.states("work") == ["Succeeded"] * 2


def test_completed_stays_completed_when_its_container_goes_during_run(project: Project) -> None:
    project.declare(task("work", "true", instances=2))
    running = project.run()
    project.await_states("work", *["Succeeded"] * 2)
    with project.engine.watched() as record:
        for number in range(2):
            project.engine.remove(project.engine.name("work", number))
        project.declare(task("other", "true"))
        project.await_states("other", "Succeeded")
        assert record.of("create", "start") == [project.engine.name("other")] * 2
    running.terminate().ends(0)


def test_an_end_that_nobody_watched_counts(project: Project) -> None:
    project.declare(task("work", "sleep 1; exit 0"), task("broken", "sleep 1; exit 7"))
    project.apply()
    eventually(lambda: not project.engine.running(), "the programs to end")
    with project.engine.watched() as record:
        project.apply("--wait", code=1)
        assert record.of("start") == []
    assert project.states("work") == ["Succeeded"]
    (broken,) = project.status("broken")["instances"]
    assert (broken["state"], broken["exitCode"]) == ("Failed", 7)


def test_wait_hears_at_once_of_the_end_of_what_runs_already(project: Project) -> None:
    project.declare(task("work", "sleep 3"))
    project.apply()
    project.reconciler("apply", "--wait", within=15).ends(0)
    assert project.states("work") == ["Succeeded"]


def test_a_failing_batch_is_retried_within_its_limit_and_then_failed(project: Project) -> None:
    retry = {"perInstance": 2, "backoff": QUICK}
    project.declare(task("work", 'echo "attempt $ATTEMPT"; exit 3', retry=retry))
    done = project.apply("--wait", code=1)
    assert "exit code 3" in done.out
    status = project.status("work")
    assert status["state"] == "Failed"
    (instance,) = status["instances"]
    assert (instance["attempt"], instance["exitCode"]) == (3, 3)
    ends = [e for e in project.events() if e["kind"] == "failed"]
    assert [e["attempt"] for e in ends] == [1, 2, 3]
    project.apply("--wait", code=1)
    assert len([e for e in project.events() if e["kind"] == "create"]) == 3
    assert "attempt 3" in project.reconciler("logs", "work").ends(0).out


def test_backoff_lies_between_attempts_and_grows(project: Project) -> None:
    backoff = {"initial": "500ms", "factor": 3, "jitter": 0}
    project.declare(task("work", "exit 1", retry={"perInstance": 2, "backoff": backoff}))
    project.apply("--wait", code=1)
    log = project.events()
    created, failed = (
        {e["attempt"]: datetime.fromisoformat(e["at"]) for e in log if e["kind"] == kind}
        for kind in ("create", "failed")
    )
    waits = [(created[n + 1] - failed[n]).total_seconds() for n in (1, 2)]
    assert 0.45 <= waits[0] < 1.4
    assert 1.45 <= waits[1] < 2.9


def test_a_second_attempt_that_succeeds_is_a_success(project: Project) -> None:
    retry = {"perInstance": 3, "backoff": QUICK}
    project.declare(task("work", 'test "$ATTEMPT" -ge 2', instances=2, retry=retry))
    project.apply("--wait")
    assert [i["attempt"] for i in project.status("work")["instances"]] == [2, 2]


def test_a_killed_batch_is_a_failure_and_retried(project: Project) -> None:
    project.declare(task("work", retry={"perInstance": 1, "backoff": QUICK}))
    running = project.run()
    for attempt in (1, 2):
        name = project.engine.name("work", attempt=attempt)
        project.engine.await_running(name)
        project.engine.kill(name)
    project.await_states("work", "Failed")
    assert "137" in project.reconciler("why", "work/0").ends(0).out
    running.terminate().ends(0)
    assert project.engine.running() == {}


def test_a_removed_running_batch_counts_and_is_retried_within_its_limit(project: Project) -> None:
    project.declare(task("work", retry={"perInstance": 1, "backoff": QUICK}))
    running = project.run()
    for attempt in (1, 2):
        name = project.engine.name("work", attempt=attempt)
        project.engine.await_running(name)
        project.engine.remove(name)
    project.await_states("work", "Failed")
    running.terminate().ends(0)
    assert project.engine.ids() == {}


def test_a_batch_removed_while_nobody_looked_counts_as_an_attempt(project: Project) -> None:
    project.declare(task("work", retry={"perInstance": 1, "backoff": QUICK}))
    project.apply()
    project.engine.remove(project.engine.name("work"))
    running = project.run()
    second = project.engine.name("work", attempt=2)
    project.engine.await_running(second)
    running.terminate().ends(0)
    project.engine.remove(project.engine.name("work", attempt=2))
    project.apply("--wait", code=1)
    assert project.states("work") == ["Failed"]


@pytest.mark.parametrize("init", [True, False])
def test_a_nonexistent_program_fails_with_a_sentence(project: Project, init: bool) -> None:
    retry = {"perInstance": 1, "backoff": QUICK}
    bad = task("work", retry=retry, container={"init": init})
    bad["spec"]["container"]["command"] = ["/no/such/program"]
    project.declare(bad, task("good", "true"))
    done = project.apply("--wait", code=1)
    assert "/no/such/program" in done.out
    (instance,) = project.status("work")["instances"]
    assert (instance["state"], instance["exitCode"], instance["attempt"]) == ("Failed", 127, 2)
    assert project.states("good") == ["Succeeded"]
