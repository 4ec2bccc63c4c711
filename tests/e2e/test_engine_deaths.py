"""Twenty restarts and ten kills of an engine under forty instances: none is a false success.

They come at moments that nobody chose: while containers are made, started, ended and looked at. A
seed is printed, and RECONCILER_TEST_SEED repeats its choices. What really happened is what the
programs themselves wrote down.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.private_engine import POSSIBLE, Manner, PrivateEngine
from tests.support.process import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root and dockerd"),
]

INSTANCES, AT_ONCE = 40, 6
RESTARTS, KILLS = 20, 10
MANNERS: Counter[Manner] = Counter({"stop": RESTARTS, "kill": KILLS})
# Told to end, it exits with 0 and is not done: a success that was none.
SCRIPT = """
trap 'exit 0' TERM
echo "start $INSTANCE_ID $ATTEMPT" >> /notes/ledger
until [ -e "/notes/go-$INSTANCE_ID" ]; do sleep 0.1; done
echo "done $INSTANCE_ID $ATTEMPT" >> /notes/ledger
"""
# It goes on through everything, and is done when all else is.
KEEPER = 0
ENDS = ("succeeded", "failed", "lost", "cancelled")
WITHIN = 300.0
Attempt = tuple[int, int]


@pytest.fixture(params=[False, True], ids=["without live-restore", "with live-restore"])
def lives_on(request: pytest.FixtureRequest) -> bool:
    """Whether containers outlive their engine."""
    return bool(request.param)


@pytest.fixture
def engine(lives_on: bool) -> Iterator[PrivateEngine]:
    made = PrivateEngine(*(["--live-restore"] if lives_on else []))
    made.start()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes-of-programs"
    folder.mkdir()
    (folder / "ledger").touch()
    return folder


@pytest.fixture
def project(tmp_path: Path, engine: PrivateEngine, notes: Path) -> Iterator[Project]:
    made = Project(tmp_path, engine.url)
    mount = {"type": "bind", "source": str(notes), "target": "/notes"}
    retry = {"perInstance": 60, "backoff": {"initial": "100ms", "max": "200ms"}}
    container = {"mounts": [mount], "init": False, "user": "0"}
    made.declare(
        task("work", SCRIPT, instances=INSTANCES, parallelism=AT_ONCE, retry=retry,
             container=container),
    )  # fmt: skip
    try:
        yield made
    finally:
        made.reconciler.close()


def written(notes: Path, word: str) -> Counter[Attempt]:
    """Return what the programs wrote: how often this happened in which attempt."""
    lines = [line.split() for line in (notes / "ledger").read_text().splitlines()]
    return Counter(
        (int(instance), int(attempt)) for said, instance, attempt in lines if said == word
    )


def recorded(project: Project) -> dict[str, Counter[Attempt]]:
    """Return which attempts are on record as having ended how, and how often."""
    told: list[Json] = [event for event in project.events() if event["kind"] in ENDS]
    return {
        kind: Counter((e["instance"], e["attempt"]) for e in told if e["kind"] == kind)
        for kind in ENDS
    }


@pytest.mark.timeout(1800)
def test_thirty_deaths_of_an_engine_under_forty_instances(
    project: Project, engine: PrivateEngine, notes: Path, lives_on: bool
) -> None:
    seed = int(os.environ.get("RECONCILER_TEST_SEED") or random.randrange(1_000_000))
    rng = random.Random(seed)
    manners = [*MANNERS.elements()]
    rng.shuffle(manners)
    running = project.run()
    completed: set[int] = set()
    for number, manner in enumerate(manners, 1):
        eventually(project.engine.running, "something to run", WITHIN)
        (notes / f"go-{number}").touch()
        time.sleep(rng.uniform(0, 2))
        engine.restart(manner)
        now = {instance for instance, _ in recorded(project)["succeeded"]}
        assert completed <= now, "what has completed stays so"
        completed = now
    for number in range(INSTANCES):
        if number != KEEPER:
            (notes / f"go-{number}").touch()
    eventually(lambda: len(recorded(project)["succeeded"]) == INSTANCES - 1, "the rest", WITHIN, 1)
    (notes / f"go-{KEEPER}").touch()
    project.await_states("work", *["Succeeded"] * INSTANCES)
    running.terminate().ends(0)

    ends, started = recorded(project), written(notes, "start")
    lost = sum(ends["lost"].values())
    print(f"seed {seed}: {len(completed)} had completed before the last of {len(manners)} deaths,")  # noqa: T201
    failures = sum(ends["failed"].values())
    print(f"{sum(started.values())} starts, {INSTANCES} successes, {lost} lost, {failures} failed")  # noqa: T201
    assert ends["succeeded"].keys() <= written(notes, "done").keys(), "no false success"
    assert Counter(i for i, _ in ends["succeeded"].elements()) == dict.fromkeys(range(INSTANCES), 1)
    # Engines end what has not begun yet or does not heed its signal, and say how that exited. What
    # one says that was back before anybody noticed is taken at its word: it makes 255 up.
    failed = [e for e in project.events() if e["kind"] == "failed"]
    blamed = {(e["instance"], e["attempt"]) for e in failed if e["message"] != "exit code 255"}
    assert not blamed & written(notes, "done").keys(), "what is done has not failed"
    assert not ends["cancelled"]
    assert max(started.values()) == 1, "no attempt starts twice"
    everything = ends["succeeded"] + ends["lost"] + ends["failed"]
    assert started.keys() <= everything.keys(), "each has its end"
    assert max(everything.values()) == 1, "and one only"
    last = dict(sorted(started))
    assert ends["succeeded"].keys() == last.items(), "nothing starts after it has succeeded"
    starts_of_keeper = sum(instance == KEEPER for instance, _ in started)
    assert starts_of_keeper == 1 if lives_on else starts_of_keeper > 1
