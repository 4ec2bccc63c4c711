"""Somebody kills and removes containers behind the reconciler's back, whatever they are doing.

Each that is gone costs its attempt, once; none starts twice, and all is done in the end.
"""

import random
import time
from collections import Counter
from contextlib import suppress

import pytest
from docker.errors import APIError

from tests.e2e.project import Project, service, task
from tests.support.process import eventually

pytestmark = pytest.mark.docker
INSTANCES, TIMES = 16, 12
SCRIPT = 'echo "$TASK_NAME $INSTANCE_ID $ATTEMPT" >> /starts/ledger; sleep 0.7'
ENDS = ("succeeded", "failed", "lost", "cancelled")


@pytest.mark.timeout(240)
def test_what_is_killed_and_removed_by_hand_is_made_up_for_once(project: Project) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201  # it repeats the choices
    starts = project.home / "starts"
    starts.mkdir()
    starts.chmod(0o777)
    mounts = {"mounts": [{"type": "bind", "source": str(starts), "target": "/starts"}]}
    retry = {"perInstance": TIMES, "backoff": {"initial": "100ms", "max": "200ms"}}
    project.declare(
        task("work", SCRIPT, instances=INSTANCES, parallelism=4, retry=retry, container=mounts),
        service("web", retry={"backoff": {"initial": "100ms", "max": "200ms"}}),
    )
    running = project.run()
    eventually(project.engine.running, "something to run")
    meddle(project, random.Random(seed))
    eventually(lambda: project.states("work") == ["Succeeded"] * INSTANCES, "all", 120, 0.3)
    eventually(lambda: len(project.engine.running("web")) == 1, "the service")
    running.terminate().ends(0)

    lines = [line.split() for line in (starts / "ledger").read_text().splitlines()]
    started = Counter((int(instance), int(attempt)) for _, instance, attempt in lines)
    told = [e for e in project.events() if e["kind"] in ENDS and e["task"] == "work"]
    ends = Counter((event["instance"], event["attempt"]) for event in told)
    assert max(started.values()) == 1, "no attempt starts twice"
    assert max(ends.values()) == 1, "each counts once"
    assert started.keys() <= ends.keys(), "each has its end"
    succeeded = [event["instance"] for event in told if event["kind"] == "succeeded"]
    assert sorted(succeeded) == [*range(INSTANCES)]
    assert len(ends) <= INSTANCES + TIMES, "nobody but the meddler costs an attempt"
    assert project.planned() == []


def meddle(project: Project, rng: random.Random) -> None:
    """Kill or remove some container of the work, and now and then the service's, at any moment."""
    for number in range(TIMES):
        time.sleep(rng.uniform(0.05, 0.5))
        unfinished = {*project.engine.ids("work")} - {
            project.engine.name("work", *found) for found in completed(project)
        }
        victims = sorted(unfinished) if number % 4 else [*project.engine.ids("web")]
        if victims:
            victim, how = (
                rng.choice(victims),
                rng.choice([project.engine.kill, project.engine.remove]),
            )
            with suppress(APIError):  # it has ended by itself, or is gone
                how(victim)


def completed(project: Project) -> list[tuple[int, int, int]]:
    """Return the instance, run and attempt of all that are on record as done."""
    done = [e for e in project.events() if e["kind"] == "succeeded"]
    return [(e["instance"], e["run"], e["attempt"]) for e in done]
