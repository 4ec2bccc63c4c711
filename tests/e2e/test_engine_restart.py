"""Engines that die with what they run: no exit is taken for a success that was none.

What really happened is what the programs themselves wrote down.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Project, service, task
from tests.support.private_engine import POSSIBLE, Manner, PrivateEngine
from tests.support.process import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root and dockerd"),
]

# Told to end, it exits with 0 and is not done; the last ones are done only when they may be.
SCRIPT = """
trap 'exit 0' TERM
echo "start $INSTANCE_ID $ATTEMPT" >> /notes/ledger
[ "$INSTANCE_ID" -lt 3 ] || until [ -e /notes/go ]; do sleep 0.05; done
echo "done $INSTANCE_ID $ATTEMPT" >> /notes/ledger
"""
QUICK, SLOW = 3, 3
Written = list[tuple[str, int, int]]


@pytest.fixture
def project(tmp_path: Path, engine: PrivateEngine) -> Iterator[Project]:
    made = Project(tmp_path, engine.url)
    notes = tmp_path / "notes-of-programs"
    notes.mkdir()
    (notes / "ledger").touch()
    mount = {"type": "bind", "source": str(notes), "target": "/notes"}
    retry = {"perInstance": 9, "backoff": {"initial": "100ms", "max": "200ms"}}
    container = {"mounts": [mount], "init": False, "user": "0"}
    made.declare(
        task("work", SCRIPT, instances=QUICK + SLOW, retry=retry, container=container),
        service("web", "trap 'exit 0' TERM; while true; do sleep 0.05; done"),
    )
    try:
        yield made
    finally:
        made.reconciler.close()


def written(project: Project) -> Written:
    """Return what the programs wrote: what happened, to which instance, in which attempt."""
    lines = (project.home / "notes-of-programs" / "ledger").read_text().splitlines()
    words = [line.split() for line in lines]
    return [(word, int(instance), int(attempt)) for word, instance, attempt in words]


def ended(project: Project, kind: str) -> list[tuple[int, int]]:
    """Return the (instance, attempt) that are on record as having ended so."""
    told = [e for e in project.events() if e["kind"] == kind and e["task"] == "work"]
    return [(event["instance"], event["attempt"]) for event in told]


def await_all_under_way(project: Project, attempt: int) -> None:
    """Wait until the quick ones are on record, and this attempt of each other one runs."""
    slow = {("start", QUICK + number, attempt) for number in range(SLOW)}
    eventually(lambda: slow <= set(written(project)), f"attempt {attempt} of the slow ones")
    eventually(lambda: project.states("work").count("Succeeded") == QUICK, "the quick ones")


def test_what_had_completed_stays_and_what_ran_is_run_again(
    project: Project, engine: PrivateEngine
) -> None:
    running = project.run()
    manners: list[Manner] = ["kill", "stop", "crash"]
    for number, manner in enumerate(manners, 1):
        await_all_under_way(project, number)
        engine.restart(manner)
    await_all_under_way(project, 4)
    running.kill()
    engine.restart("kill")
    running = project.run()
    await_all_under_way(project, 5)
    (project.home / "notes-of-programs" / "go").touch()
    project.await_states("work", *["Succeeded"] * (QUICK + SLOW))
    eventually(lambda: project.status("web")["state"] == "Running", "the service to run")
    running.terminate().ends(0)

    done = {(instance, attempt) for word, instance, attempt in written(project) if word == "done"}
    assert set(ended(project, "succeeded")) == done, "no false success, and none lost"
    assert sorted(ended(project, "lost")) == [
        (QUICK + number, attempt) for number in range(SLOW) for attempt in (1, 2, 3, 4)
    ]
    starts = Counter(instance for word, instance, _ in written(project) if word == "start")
    assert starts == dict.fromkeys(range(QUICK), 1) | dict.fromkeys(range(QUICK, QUICK + SLOW), 5)


def test_with_live_restore_what_ran_goes_on(tmp_path: Path) -> None:
    """The engine takes its containers over: nothing has happened to them."""
    engine = PrivateEngine("--live-restore")
    engine.start()
    project = Project(tmp_path, engine.url)
    try:
        script = "until [ -e /notes/go ]; do sleep 0.05; done"
        notes = tmp_path / "notes-of-programs"
        notes.mkdir()
        mount = {"type": "bind", "source": str(notes), "target": "/notes"}
        project.declare(task("work", script, instances=2, container={"mounts": [mount]}))
        running = project.run()
        eventually(lambda: len(project.engine.running()) == 2, "both to run")
        engine.go("kill")
        running.says("node-lost")
        engine.start()
        (notes / "go").touch()
        project.await_states("work", "Succeeded", "Succeeded")
        running.terminate().ends(0)
        assert len(project.engine.ids()) == 2
    finally:
        project.reconciler.close()
        engine.close()
