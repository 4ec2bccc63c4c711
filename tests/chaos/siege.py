"""Rounds of work under a reconciler that is killed again and again, judged from outside.

The start ledger is a file that the containers themselves append to. Each round is a new task;
the work of earlier rounds stays declared, so that a completed instance that runs again shows. A
service lives through everything.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.chaos.crashing import POINTS, VARIABLE
from tests.e2e.project import Project, service, task
from tests.support.process import ROOT, Running, eventually
from tests.support.proxy import Proxy

INSTANCES = 12
KEPT_ROUNDS = 3
# How long a reconciler may take to look at the engine after it was started again, in seconds.
RESUME = 2.0
# Instances 1, 5 and 9 fail when they start for the first time; every third one lives for a while.
SCRIPT = """
echo "$TASK_NAME $RUN $INSTANCE_ID $ATTEMPT" >> /starts/ledger
[ $((INSTANCE_ID % 3)) != 0 ] || sleep 0.5
[ $((INSTANCE_ID % 4)) = 1 ] || exit 0
[ $(grep -c "^$TASK_NAME $RUN $INSTANCE_ID " /starts/ledger) -gt 1 ] || exit 3
"""


def fails_once(instance: int) -> bool:
    """Whether an instance's first start ends with a failure."""
    return instance % 4 == 1


@dataclass
class Siege:
    """What is besieged, how often it is still to be killed, and what has happened so far."""

    project: Project
    engine: Proxy
    kills: int
    rng: random.Random
    rounds: list[str] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    moments: list[tuple[str, str]] = field(default_factory=list)
    resumed: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        starts = self.project.home / "starts"
        starts.mkdir()
        starts.chmod(0o777)
        ledger = starts / "ledger"
        ledger.touch()
        ledger.chmod(0o666)
        self.project.reconciler.env["DOCKER_HOST"] = self.engine.url
        self.project.declare(service("web"))
        self.project.apply("--wait")

    def lay(self) -> Iterator[str]:
        """Go through rounds until the kills are used up; yield each round's name."""
        web = self.project.engine.ids("web")
        while self.kills and not self.faults:
            name = f"round-{len(self.rounds) + 1}"
            self.rounds.append(name)
            self._declare(name)
            while self.kills and self._unfinished(name):
                self._strike()
            self.project.apply("--wait")
            self._judge(name)
            if self.project.engine.ids("web") != web:
                self.faults.append("the service was not left alone")
            yield name

    def _declare(self, name: str) -> None:
        starts = str(self.project.home / "starts")
        mount = {"type": "bind", "source": starts, "target": "/starts"}
        work = task(
            name,
            SCRIPT,
            instances=INSTANCES,
            parallelism=6,
            retry={"perInstance": 2, "backoff": {"initial": "100ms"}},
            container={"mounts": [mount]},
        )
        self.project.declare(work)
        if len(self.rounds) > KEPT_ROUNDS:
            self.project.forget(self.rounds[-KEPT_ROUNDS - 1])

    # --- striking ------------------------------------------------------------------------------

    def _strike(self) -> None:
        """Let it run, and die once: at a named point or a moment that nobody chose."""
        if self.rng.random() < 0.5:
            aim = f"{self.rng.choice(POINTS)}:{self.rng.randint(1, 5)}"
            running = self._start(aim)
            died = self._await_death(running, 2.5)
            aim = aim.partition(":")[0]
        else:
            seconds = self.rng.uniform(0.3, 1.6)
            aim, running = "any moment", self._start("")
            died = not self._await_death(running, seconds)
        if died:
            self.kills -= 1
            self.deaths[aim] += 1
            self.moments.append((self.rounds[-1], aim))
        if running.alive:
            running.kill()

    def _start(self, aim: str) -> Running:
        seen, began = len(self.engine.requests), time.monotonic()
        running = self.project.reconciler.start(
            "run", module="tests.chaos.crashing", env={"PYTHONPATH": str(ROOT), VARIABLE: aim}
        )
        self._measure(running, seen, began)
        return running

    def _measure(self, running: Running, seen: int, began: float) -> None:
        """Note how long it takes until it has looked at the engine."""

        def looked() -> bool:
            asked = {(one.method, one.path) for one in self.engine.requests[seen:]}
            return ("GET", "/containers/json") in asked or not running.alive

        eventually(looked, "a look at the engine", pause=0.005)
        if running.alive:
            self.resumed.append(time.monotonic() - began)

    def _await_death(self, running: Running, seconds: float) -> bool:
        """Wait until it is dead; return whether it is."""
        deadline = time.monotonic() + seconds
        while running.alive and time.monotonic() < deadline:
            time.sleep(0.005)
        return not running.alive

    # --- judging -------------------------------------------------------------------------------

    def starts(self) -> list[tuple[str, int, int, int]]:
        """Return each start as its container told it: task, run, instance, attempt."""
        lines = (self.project.home / "starts" / "ledger").read_text().splitlines()
        words = [line.split() for line in lines]
        return [(name, int(run), int(number), int(attempt)) for name, run, number, attempt in words]

    def _unfinished(self, name: str) -> bool:
        wanted = INSTANCES + sum(fails_once(number) for number in range(INSTANCES))
        return sum(start[0] == name for start in self.starts()) < wanted

    def _judge(self, name: str) -> None:
        """Look at a round that has come to its end, and at everything before it."""
        started = Counter(self.starts())
        self._blame("started twice", [key for key, count in started.items() if count > 1])
        per_instance = Counter((task_, number) for task_, _, number, _ in self.starts())
        wanted = {
            (round_, number): 1 + fails_once(number)
            for round_ in self.rounds
            for number in range(INSTANCES)
        }
        off = {key: per_instance[key] for key in wanted if per_instance[key] != wanted[key]}
        self._blame("started too often, or not often enough", list(off.items()))
        status = self.project.status(name)
        states = Counter(instance["state"] for instance in status["instances"])
        self._blame("not all succeeded", [states] if states != {"Succeeded": INSTANCES} else [])
        told = [e for e in self.project.events() if e["kind"] in {"failed", "lost", "cancelled"}]
        failed = sorted(e["instance"] for e in told if e["task"] == name)
        expected = [number for number in range(INSTANCES) if fails_once(number)]
        self._blame("recorded failures", [failed] if failed != expected else [])
        self._blame("left to do", self.project.planned())

    def _blame(self, what: str, found: Sequence[object]) -> None:
        if found:
            self.faults.append(f"{what}: {found}")

    def evidence(self) -> str:
        """Return everything that helps to understand what went wrong."""
        told = self.project.reconciler("events", "--format", "json", "--tail", "100000")
        containers = [(c["Names"], c["Status"]) for c in self.project.engine.containers()]
        parts = [*self.faults, f"deaths: {self.moments}", f"containers: {containers}", told.said]
        return "\n".join(parts)

    def summary(self) -> str:
        """Return in some lines what has been done and seen."""
        deaths = ", ".join(f"{count} {point}" for point, count in sorted(self.deaths.items()))
        slow = sum(seconds > RESUME for seconds in self.resumed)
        looks = f"looked at the engine after {median(self.resumed):.2f} s (median)"
        most = f"{max(self.resumed):.2f} s at most, {slow} of {len(self.resumed)} over {RESUME:g} s"
        return "\n".join(
            [
                f"{sum(self.deaths.values())} deaths in {len(self.rounds)} rounds: {deaths}",
                f"{len(self.starts())} starts, {len(self.faults)} faults",
                f"{looks}, {most}",
            ]
        )
