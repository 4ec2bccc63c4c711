"""Rounds of work under a reconciler that is killed again and again, on one engine or on four nodes.

Each round is a new task; the work of earlier rounds stays declared, so that a completed instance
that runs again shows. One service lives through everything, another is replaced in every round.
What has come of it all is for `judging` to say.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.attending import DEADLINE
from tests.chaos.crashing import (
    ANSWER_POINTS,
    CLOSING_POINTS,
    FIRST_POINTS,
    OPENING_POINTS,
    POINTS,
    VARIABLE,
)
from tests.chaos.grounds import Ground, four_engines, one_engine
from tests.chaos.judging import Judge, Resumed
from tests.chaos.outcomes import INSTANCES, fails_once
from tests.e2e.project import Json, Project, service, task
from tests.support.process import ROOT, Running, eventually

KEPT_ROUNDS = 3
# As long as it takes to notice a wedged engine, to restart it, and to be noticed by a reconciler.
_WEDGED = 240.0
# A reconciler that is killed so often without anything getting done would never get it done.
_MOST_STRIKES = 150
# How many of the deaths come before it has looked at its engine.
_EARLY = 0.1
# How many live long enough to give up a node that they have lost, where there are several.
_LONG = 0.3
# Each fourth one fails when it starts for the first time; every third one lives for a while.
SCRIPT = """
echo "$TASK_NAME $RUN $INSTANCE_ID $ATTEMPT" >> /starts/ledger
[ $((INSTANCE_ID % 3)) != 0 ] || sleep "$LINGER"
[ $((INSTANCE_ID % 4)) = 1 ] || exit 0
[ $(grep -c "^$TASK_NAME $RUN $INSTANCE_ID " /starts/ledger) -gt 1 ] || exit 3
"""
# It does not end when it is told to, so that it is killed.
STUBBORN = """
trap '' TERM
echo "$TASK_NAME $RUN $INSTANCE_ID $ATTEMPT" >> /starts/ledger
while true; do sleep 0.1; done
"""


@dataclass
class Siege:
    """What is besieged, how often it is still to be killed, and what has happened so far."""

    project: Project
    ground: Ground
    kills: int
    rng: random.Random
    rounds: list[str] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    moments: list[tuple[str, str]] = field(default_factory=list)
    resumed: list[Resumed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.judge = Judge(self.project, self.ground)

    def prepare(self) -> None:
        starts = self.project.home / "starts"
        starts.mkdir()
        starts.chmod(0o777)
        ledger = starts / "ledger"
        ledger.touch()
        ledger.chmod(0o666)
        self.ground.prepare(self.project)
        self.project.declare(service("web", "exec sleep 1000000"))
        for point in OPENING_POINTS:
            self._die_at(point, "run")
        self._settle()
        self.judge.begin()
        for point in ANSWER_POINTS:
            self._die_at(point, "run", asked="reconcile")

    def raze(self) -> None:
        """Take everything down, over two more deaths: nothing is left."""
        for point in CLOSING_POINTS:
            self._die_at(point, "destroy", "--yes")
        self.project.reconciler("destroy", "--yes", within=_WEDGED).ends(0)
        self.judge.judge_ruins()

    def lay(self) -> Iterator[str]:
        """Go through rounds until the kills are used up; yield each round's name."""
        if self.ground.hazards:
            self.ground.hazards.start()
        while self.kills and not self.judge.faults:
            name = f"round-{len(self.rounds) + 1}"
            self.rounds.append(name)
            self._declare(name)
            strikes = 0
            while self.kills and self._unfinished(name) and strikes < _MOST_STRIKES:
                if self.rng.random() < _EARLY:
                    self._strike_early()
                else:
                    self._strike(first=not strikes)
                strikes += 1
            with self.ground.peace:
                self._settle()
                self.judge.judge(name)
            yield name
        if self.ground.hazards:
            self.ground.hazards.stop()

    def _declare(self, name: str) -> None:
        starts = str(self.project.home / "starts")
        mounts = [{"type": "bind", "source": starts, "target": "/starts"}]
        work = task(
            name,
            SCRIPT,
            instances=INSTANCES,
            container={"mounts": mounts},
            **self._manner(),
        )
        # Ready by its check: without one it would be after 10 s.
        health = {"command": ["true"], "interval": "1s"}
        container = {"mounts": mounts, "stop": {"grace": "500ms"}, "health": health}
        stubborn = service("stubborn", STUBBORN, env={"ROUND": name}, container=container)
        self.project.declare(work, stubborn)
        if len(self.rounds) > KEPT_ROUNDS:
            self.project.forget(self.rounds[-KEPT_ROUNDS - 1])

    def _manner(self) -> Json:
        """Return how a round's work is done: where nodes are lost, longer and with more retries."""
        backoff = {"initial": "100ms", "max": "1s"}
        if not self.ground.hazards:
            retry = {"perInstance": 4, "backoff": backoff}
            return {"parallelism": 4, "retry": retry, "env": {"LINGER": "0.5"}}
        return {
            "parallelism": 12,
            "retry": {"perInstance": 30, "backoff": backoff},
            "env": {"LINGER": "3"},
            "placement": {"onNodeLoss": self.rng.choice(["wait", "replace"])},
        }

    def _unfinished(self, name: str) -> bool:
        wanted = INSTANCES + sum(fails_once(number) for number in range(INSTANCES))
        return sum(start[0] == name for start in self.judge.starts()) < wanted

    def _settle(self) -> None:
        """Let everything come to its end; where the engine had to be restarted, once more."""
        while True:
            before = self.ground.restarts
            done = self.project.reconciler("apply", "--wait", within=_WEDGED)
            if done.code == 0:
                return
            restarted = lambda: self.ground.restarts > before  # noqa: B023, E731  # used here
            eventually(restarted, f"an engine that is to blame for this: {done.told()}", _WEDGED)

    # --- striking ------------------------------------------------------------------------------

    def _strike(self, *, first: bool) -> None:
        """Let it run, and die once: at a named point or a moment that nobody chose."""
        aim, seconds = self._choose(first=first)
        running = self._start(aim)
        died = self._await_death(running, seconds)
        if died:
            self.judge.look_at(running)
        if running.alive:
            running.kill()
        if died or not aim:
            self._count(aim.partition(":")[0] or "any moment")

    def _strike_early(self) -> None:
        """Kill it while it begins."""
        running = self._launch("")
        time.sleep(self.rng.uniform(0.05, 1.2))
        running.kill()
        self._count("while it begins")

    def _die_at(self, point: str, *words: str, asked: str = "") -> None:
        """Let a verb die at a point that is reached once; `asked` is what a live one is told."""
        running = self._launch(point, *words)
        if asked:
            eventually(lambda: self.project.writer() == running.pid, "it to hold the lock", _WEDGED)
            self.project.reconciler(asked, within=_WEDGED)
        if self._await_death(running, _WEDGED):
            self.judge.look_at(running)
        else:
            running.kill()
            self.judge.faults.append(f"{point} was never reached")
        self.deaths[point] += 1

    def _count(self, point: str) -> None:
        self.kills -= 1
        self.deaths[point] += 1
        self.moments.append((self.rounds[-1], point))

    def _choose(self, *, first: bool) -> tuple[str, float]:
        """Return where it is to die, empty for nowhere, and how long it is let live at most."""
        if self.ground.hazards and self.rng.random() < _LONG:
            return "", self.rng.uniform(6.0, 25.0)
        if self.rng.random() < 0.4:
            return "", self.rng.uniform(0.2, 1.6)
        if first and self.rng.random() < 0.5:
            return f"{self.rng.choice(FIRST_POINTS)}:1", 2.5
        point = self.rng.choice([*POINTS])
        return f"{point}:{self.rng.randint(1, POINTS[point])}", 2.5

    def _start(self, aim: str) -> Running:
        seen, began = len(self.ground.proxy.requests), time.monotonic()
        running = self._launch(aim)
        self._measure(running, seen, began)
        return running

    def _launch(self, aim: str, *words: str) -> Running:
        env = {"PYTHONPATH": str(ROOT), VARIABLE: aim}
        verb = words or ("run",)
        return self.project.reconciler.start(*verb, module="tests.chaos.crashing", env=env)

    def _measure(self, running: Running, seen: int, began: float) -> None:
        """Note how long it takes until it has looked at the engine."""

        def looked() -> bool:
            asked = {(one.method, one.path) for one in self.ground.proxy.requests[seen:]}
            return ("GET", "/containers/json") in asked or not running.alive

        eventually(looked, "a look at the engine", _WEDGED, pause=0.005)
        if running.alive:
            self.resumed.append(Resumed(began, time.monotonic(), running.processor_seconds))

    def _await_death(self, running: Running, seconds: float) -> bool:
        """Wait until it is dead; return whether it is."""
        deadline = time.monotonic() + seconds
        while running.alive and time.monotonic() < deadline:
            time.sleep(0.005)
        return not running.alive

    def summary(self) -> str:
        """Return in some lines what has been done and seen."""
        deaths = ", ".join(f"{count} {point}" for point, count in sorted(self.deaths.items()))
        told = f"{sum(self.deaths.values())} deaths in {len(self.rounds)} rounds: {deaths}"
        return "\n".join([told, *self.judge.figures(self.resumed)])

    def evidence(self) -> str:
        """Return everything that helps to understand what went wrong."""
        return "\n".join([*self.judge.faults, f"deaths: {self.moments}", *self.judge.traces()])


@contextmanager
def besieging(
    home: Path, kills: int, seed: int, *, deadline: int = DEADLINE, several: bool = False
) -> Iterator[Siege]:
    """Prepare a siege in a folder, on an engine of its own, and remove all that became of it.

    With `several` it is laid to four nodes; else `deadline` is for `one_engine`.
    """
    with ExitStack() as held:
        laid = four_engines(home, seed) if several else one_engine(home, deadline)
        ground = held.enter_context(laid)
        project = Project(home, [*ground.engines.values()][-1])
        held.callback(project.close)
        held.callback(ground.close)
        siege = Siege(project, ground, kills, random.Random(seed))
        siege.prepare()
        yield siege


def seed_of(environment: str = "RECONCILER_TEST_SEED") -> int:
    """Return the seed that the environment asks for, or any."""
    return int(os.environ.get(environment) or random.randrange(1_000_000))
