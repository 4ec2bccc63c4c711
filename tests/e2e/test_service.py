"""Services come back, whatever happened to their containers."""

import pytest

from tests.e2e.project import Project, service, task
from tests.support.process import always, eventually

pytestmark = pytest.mark.docker
# Healthy as long as the file is there.
CHECK = {"command": "test -e /tmp/well", "interval": "200ms", "timeout": "2s", "retries": 2}


def test_a_killed_service_comes_back(project: Project) -> None:
    project.declare(service("web", instances=2))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 2, "both to run")
    other = project.engine.running()[project.engine.name("web", 1)]
    project.engine.kill(project.engine.name("web"))
    again = project.engine.name("web", attempt=2)
    project.engine.await_running(again)
    assert project.engine.running()[project.engine.name("web", 1)] == other
    running.terminate().ends(0)


def test_a_removed_service_comes_back(project: Project) -> None:
    project.declare(service("web"))
    running = project.run()
    for attempt in (1, 2):
        name = project.engine.name("web", attempt=attempt)
        project.engine.await_running(name)
        project.engine.remove(name)
    back = project.engine.name("web", attempt=3)
    project.engine.await_running(back)
    running.terminate().ends(0)


def test_a_service_that_went_while_nobody_looked_is_back_after_apply(project: Project) -> None:
    project.declare(service("web"))
    project.apply("--wait")
    project.engine.remove(project.engine.name("web"))
    project.apply("--wait")
    assert list(project.engine.running()) == [project.engine.name("web", attempt=2)]


def test_a_service_comes_back_after_a_clean_exit(project: Project) -> None:
    project.declare(service("web", 'test "$ATTEMPT" -ge 2 && exec sleep 600; exit 0'))
    running = project.run()
    back = project.engine.name("web", attempt=2)
    project.engine.await_running(back)
    running.terminate().ends(0)


def test_an_unhealthy_service_is_replaced(project: Project) -> None:
    project.declare(service("web", "touch /tmp/well; exec sleep 600", container={"health": CHECK}))
    project.apply("--wait")
    first = project.engine.name("web")
    running = project.run()
    project.engine.execute(first, "rm", "/tmp/well")
    back = project.engine.name("web", attempt=2)
    project.engine.await_running(back)
    eventually(lambda: project.engine.inspect(first) is None, "the old one to be gone")
    causes = [e["message"] for e in project.events() if e["kind"] == "stop"]
    assert any("health" in cause for cause in causes)
    running.terminate().ends(0)


def test_wait_waits_for_health(project: Project) -> None:
    script = "sleep 2; touch /tmp/well; exec sleep 600"
    check = {**CHECK, "startPeriod": "20s"}
    project.declare(service("web", script, container={"health": check}))
    project.apply("--wait")
    found = project.engine.inspect(project.engine.name("web"))
    assert found is not None
    assert found["State"]["Health"]["Status"] == "healthy"


def test_a_rolling_update_leaves_one_out_at_a_time(project: Project) -> None:
    check = {"health": CHECK}
    project.declare(service("web", "touch /tmp/well; exec sleep 600", instances=3, container=check))
    project.apply("--wait")
    project.declare(service("web", "touch /tmp/well; exec sleep 601", instances=3, container=check))
    fewest = 3
    running = project.reconciler.start("apply", "--wait")
    while running.alive:
        fewest = min(fewest, len(project.engine.running()))
    running.wait().ends(0)
    assert fewest == 2
    assert sorted(project.engine.running()) == [
        project.engine.name("web", number, run=2) for number in range(3)
    ]


def test_restart_on_failure_tries_failures_again_and_leaves_successes(project: Project) -> None:
    retry = {"perInstance": 2, "backoff": {"initial": "100ms", "jitter": 0}}
    project.declare(
        task("ends", "exit 0", restart="on-failure", retry=retry),
        task("fails", "exit 1", restart="on-failure", retry=retry),
    )
    project.apply("--wait", code=1)
    assert project.states("ends") == ["Succeeded"]
    (fails,) = project.status("fails")["instances"]
    assert (fails["state"], fails["attempt"]) == ("Failed", 3)


def test_the_engine_restarts_nothing_by_itself(project: Project) -> None:
    project.declare(service("web"), task("work"))
    project.apply()
    for entry in project.engine.containers():
        found = project.engine.inspect(entry["Id"])
        assert found is not None
        assert found["HostConfig"]["RestartPolicy"]["Name"] == "no"
    project.engine.kill(project.engine.name("web"))
    always(lambda: not project.engine.running("web"), "nobody brings it back", during=0.5)
