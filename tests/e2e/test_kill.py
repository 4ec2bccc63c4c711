"""Law 4, from outside: however often the reconciler is killed, each instance starts once.

The start ledger is a file that the containers themselves append to. Kills come at random
moments of converging; a seed is printed, and RECONCILER_TEST_SEED repeats it.
"""

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.project import Project, task
from tests.support.process import Running

INSTANCES = 20
# Every third lives for about a second, the others end at once.
SCRIPT = (
    'echo "$TASK_NAME $INSTANCE_ID" >> /starts/ledger; [ $((INSTANCE_ID % 3)) != 0 ] || sleep 1'
)


@dataclass
class Siege:
    """Rounds of work, each a new task of twenty instances, and kills until they are used up."""

    project: Project
    kills: int
    rng: random.Random
    rounds: list[str] = field(default_factory=list)
    moments: list[tuple[str, str, float]] = field(default_factory=list)

    @property
    def starts(self) -> Path:
        return self.project.home / "starts"

    def prepare(self) -> None:
        self.starts.mkdir()
        self.starts.chmod(0o777)
        ledger = self.starts / "ledger"
        ledger.touch()
        ledger.chmod(0o666)

    def lay(self) -> None:
        while self.kills:
            name = f"round-{len(self.rounds) + 1}"
            self.rounds.append(name)
            mount = {"type": "bind", "source": str(self.starts), "target": "/starts"}
            work = task(name, SCRIPT, instances=INSTANCES, container={"mounts": [mount]})
            self.project.declare(work)
            self._kill_while_converging(name)
            try:
                self.project.apply("--wait")
            except AssertionError as error:
                raise AssertionError(f"{error}\n{self.evidence()}") from error

    def _kill_while_converging(self, name: str) -> None:
        """Start, kill at a random moment and start anew until nothing is left to converge."""
        while self.kills and len(self._started(name)) < INSTANCES:
            verb = self.rng.choice(["apply", "run"])
            args = [verb, "--wait"] if verb == "apply" else [verb]
            running = self.project.reconciler.start(*args)
            moment = self.rng.uniform(0.05, 1.2)
            self.moments.append((name, verb, round(moment, 3)))
            if self._outlives(running, moment):
                running.kill()
                self.kills -= 1

    def _outlives(self, running: Running, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while running.alive and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(0.01, left))
        return running.alive

    def _started(self, name: str) -> list[str]:
        return [line for line in self.ledger() if line.startswith(f"{name} ")]

    def ledger(self) -> list[str]:
        return (self.starts / "ledger").read_text().splitlines()

    def evidence(self) -> str:
        """Return everything that helps to understand what went wrong."""
        told = self.project.reconciler("events", "--format", "json", "--tail", "100000")
        containers = [
            (c["Names"], c["Status"], c["Created"]) for c in self.project.engine.containers()
        ]
        return "\n".join(
            [
                f"moments: {self.moments}",
                f"more than once: {[(k, n) for k, n in Counter(self.ledger()).items() if n > 1]}",
                f"containers: {containers}",
                told.said,
            ]
        )


def besiege(project: Project, kills: int) -> None:
    given = os.environ.get("RECONCILER_TEST_SEED")
    seed = int(given) if given else random.randrange(1_000_000)
    siege = Siege(project, kills, random.Random(seed))
    siege.prepare()
    siege.lay()
    print(f"seed {seed}, {len(siege.rounds)} rounds, kills at {siege.moments}")  # noqa: T201
    for name in siege.rounds:
        expected = sorted(f"{name} {number}" for number in range(INSTANCES))
        assert sorted(siege._started(name)) == expected, siege.evidence()
        status = project.status(name)
        assert status["state"] == "Succeeded", (status, siege.evidence())
        assert {i["state"] for i in status["instances"]} == {"Succeeded"}, siege.evidence()
        assert len(status["instances"]) == INSTANCES, siege.evidence()
        left = project.engine.containers(name)
        assert len(left) == INSTANCES, siege.evidence()
        assert {c["State"] for c in left} == {"exited"}, siege.evidence()
    ends = [e for e in project.events() if e["kind"] in {"failed", "lost", "cancelled"}]
    assert not ends, siege.evidence()
    assert project.planned() == [], siege.evidence()


@pytest.mark.docker
def test_twenty_kills_start_nothing_twice(project: Project) -> None:
    besiege(project, kills=20)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_kills_start_nothing_twice(project: Project) -> None:
    besiege(project, kills=100)
