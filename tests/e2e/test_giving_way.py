"""How what runs gives way to what is wanted, and what starts together, on the real engine."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import Json, Project, service, task
from tests.support.process import always, eventually

pytestmark = pytest.mark.docker
CHECK = {"command": "test -e /tmp/well", "interval": "200ms", "timeout": "5s", "retries": 2}
# Runs until its gate is opened from outside.
WAITS = "until test -e /gate/$INSTANCE_ID; do sleep 0.1; done; echo $RUN >> /gate/said"


def gated(project: Project, script: str = WAITS, **spec: Any) -> Json:  # noqa: ANN401  # as of a task
    """Return a task whose instances see a folder of this machine."""
    gate(project).mkdir(exist_ok=True, mode=0o777)
    mount = {"type": "bind", "source": str(gate(project)), "target": "/gate"}
    return task("work", script, container={"mounts": [mount]}, **spec)


def gate(project: Project) -> Path:
    return project.home / "gate"


def web(script: str, **spec: Any) -> Json:  # noqa: ANN401  # as of a task
    return service("web", script, instances=2, container={"health": CHECK}, **spec)


def test_changed_work_waits_for_what_runs_to_finish(project: Project) -> None:
    project.declare(gated(project, instances=2, onChange="finish"))
    project.apply()
    old = project.engine.running()
    project.declare(gated(project, f"{WAITS}; true", instances=2, onChange="finish"))
    said = project.apply().said
    assert project.engine.running() == old
    assert "what follows 2 instances of former work" in said
    reasons = {instance["reason"] for instance in project.status("work")["instances"]}
    assert reasons == {"run 2 waits for attempt 1 of run 1 to finish"}
    for number in (0, 1):
        (gate(project) / str(number)).touch()
    project.apply("--wait")
    assert project.states("work") == ["Succeeded", "Succeeded"]
    assert sorted((gate(project) / "said").read_text().split()) == ["1", "1", "2", "2"]


def test_with_surge_the_new_one_is_healthy_before_the_old_one_ends(project: Project) -> None:
    serve = "touch /tmp/well; exec sleep {}"
    project.declare(web(serve.format(600), rollout={"maxSurge": 1}))
    project.apply("--wait")
    project.declare(web(serve.format(601), rollout={"maxSurge": 1}))
    with project.engine.watched() as record:
        project.apply("--wait")
        told = record.told
    assert sorted(project.engine.running()) == [
        project.engine.name("web", n, run=2) for n in (0, 1)
    ]
    for number in (0, 1):
        old, new = (project.engine.name("web", number, run) for run in (1, 2))
        assert told.index(("start", new)) < told.index(("die", old))
    live, most, fewest = 2, 2, 2
    for action, _ in told:
        live += {"start": 1, "die": -1}.get(action, 0)
        most, fewest = max(most, live), min(fewest, live)
    assert (fewest, most) == (2, 3)


def test_a_rollout_of_what_does_not_work_is_halted_until_it_does(project: Project) -> None:
    project.declare(web("touch /tmp/well; exec sleep 600"))
    project.apply("--wait")
    second = project.engine.running()[project.engine.name("web", 1)]
    project.declare(web("exit 3"))
    done = project.apply(code=1)
    assert "the rollout is halted, for web/0 fails (exit code 3)" in done.said
    assert project.engine.running()[project.engine.name("web", 1)] == second
    why = project.reconciler("why", "web/1").ends(0).out
    assert "it goes on when web/0 is ready, or with another change" in why
    assert any("halted" in entry["message"] for entry in project.events())
    project.declare(web("touch /tmp/well; exec sleep 601"))
    project.apply("--wait")
    assert sorted(project.engine.running()) == [
        project.engine.name("web", n, run=3) for n in (0, 1)
    ]


def test_a_gang_starts_whole_and_starts_over_whole(project: Project) -> None:
    script = (
        'test "$INSTANCE_ID.$ATTEMPT" = 1.1 && exit 4; test "$ATTEMPT" -ge 2 && exit 0; '
        "exec sleep 600"
    )
    retry = {"perInstance": 1, "backoff": {"initial": "100ms", "jitter": 0}}
    stop = {"stop": {"signal": "SIGKILL"}}
    crew = task("crew", script, instances=3, retry=retry, placement={"gang": True}, container=stop)
    project.declare(crew)
    with project.engine.watched() as record:
        project.apply("--wait")
        told = record.told
    assert project.states("crew") == ["Succeeded"] * 3
    for attempt in (1, 2):
        names = {project.engine.name("crew", number, attempt=attempt) for number in range(3)}
        made = [told.index(("create", name)) for name in names]
        started = [told.index(entry) for entry in told if entry[0] == "start" and entry[1] in names]
        assert max(made) < min(started), told
    ended = [e["message"] for e in project.events() if e["kind"] == "cancelled"]
    assert set(ended) == {"crew/1 failed (exit code 4), and so its gang"}


def test_a_gang_of_four_in_room_for_three_takes_none_of_it(project: Project) -> None:
    """What gives room is parallelism: a node takes all that it is asked for.

    It is refused where it never has room for all; here one of four places is still taken.
    """
    spec: dict[str, Any] = {"instances": 4, "placement": {"gang": True}, "onChange": "finish"}
    refused = gated(project, parallelism=3, **spec)
    project.declare(refused)
    said = project.reconciler("validate").ends(1).said
    assert "parallelism: 3 lets no gang of 4 instances start together" in said
    project.declare(gated(project, parallelism=4, **spec))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 4, "the first to run")
    with project.engine.watched() as record:
        project.declare(gated(project, f"{WAITS}; true", parallelism=4, **spec))
        for number in range(3):
            (gate(project) / str(number)).touch()
        last = {project.engine.name("work", 3)}
        eventually(lambda: project.engine.running().keys() == last, "three to end")
        always(lambda: project.engine.running().keys() == last, "none starts in three places", 3)
        assert "a gang starts together" in project.reconciler("why", "work/0").out
        assert record.of("start") == []
        (gate(project) / "3").touch()
        project.await_states("work", *["Succeeded"] * 4)
        told = [what for what, _ in record.told if what in {"create", "start"}]
    assert told == ["create"] * 4 + ["start"] * 4, "none starts before all are there"
    assert sorted((gate(project) / "said").read_text().split()) == ["1"] * 4 + ["2"] * 4
    running.terminate().ends(0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sixty_instances_are_scaled_up_and_down_while_they_run(project: Project) -> None:
    def ask(parallelism: int, instances: int = 60) -> None:
        project.declare(gated(project, script, instances=instances, parallelism=parallelism))

    def running(count: int) -> dict[str, str]:
        eventually(lambda: len(project.engine.running()) == count, f"{count} to run", within=120)
        return project.engine.running()

    script = "until test -e /gate/all; do sleep 0.2; done"
    ask(10)
    reconciler = project.run()
    ten = running(10)
    ask(20)
    twenty = running(20)
    assert ten.items() <= twenty.items()
    ask(5)
    five = running(5)
    assert five.items() <= ten.items()
    ask(5, instances=3)
    three = running(3)
    assert three.items() <= five.items()
    ask(5)
    assert three.items() <= running(5).items()
    (gate(project) / "all").touch()
    eventually(
        lambda: project.states("work") == ["Succeeded"] * 60, "all to end", within=400, pause=2
    )
    starts = [e for e in project.events() if e["kind"] == "started"]
    assert len(starts) == 60 + 15 + 2
    reconciler.terminate().ends(0)
