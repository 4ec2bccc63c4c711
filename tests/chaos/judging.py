"""What is judged of a siege, from outside: the start ledger, and what the verbs say came of it.

The start ledger is a file that the containers themselves append to.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from signal import SIGKILL
from statistics import median, quantiles
from typing import NamedTuple

from tests.chaos.grounds import Ground
from tests.chaos.outcomes import ENDS, INSTANCES, Attempt, Outcomes
from tests.e2e.project import Project
from tests.support.process import Running

# How long a reconciler may take to look at the engine after it was started again, in seconds.
RESUME = 2.0


class Resumed(NamedTuple):
    """From when to when it took a reconciler to look at its engine, and what of a processor."""

    begin: float
    end: float
    processor: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


class Judge:
    """Holds what was expected against what is there, round after round."""

    def __init__(self, project: Project, ground: Ground) -> None:
        self.faults: list[str] = []
        self._project = project
        self._ground = ground
        self._ends: Counter[str] = Counter()
        self._closed: dict[str, Counter[Attempt]] = {}
        self._restarts = 0
        self._web: dict[str, str] = {}

    def begin(self) -> None:
        """Remember what is to be left alone."""
        self._restarts = self._ground.restarts
        self._web = self._ground.ids("web")

    def look_at(self, dead: Running) -> None:
        """See that a reconciler that has ended was killed, and did not end by itself."""
        done = dead.wait()
        self._blame("ended by itself", () if done.code == -SIGKILL else [done.told()])

    def judge(self, name: str) -> None:
        """Look at a round that has come to its end, and at everything before it."""
        with self._ground.calm():
            disturbed = self._ground.restarts > self._restarts
            self._judge_starts(name)
            self._judge_outcomes(name, disturbed=disturbed)
            self._judge_services(name, disturbed=disturbed)
            self._blame("left to do", self._project.planned())
            self.begin()

    def judge_ruins(self) -> None:
        """Look at what is left when everything was taken down."""
        self._blame("not taken down", self._ground.ids())
        self._blame("still claimed", self._ground.volumes())

    def _judge_starts(self, name: str) -> None:
        started = Counter(self.starts())
        self._blame("started twice", (key for key, count in started.items() if count > 1))
        for earlier, known in self._closed.items():
            now = _of(started, earlier)
            self._blame("completed, and started again", now - known)
            self._blame("forgotten by the start ledger", known - now)
        self._closed[name] = _of(started, name)

    def _judge_outcomes(self, name: str, *, disturbed: bool) -> None:
        told = [event for event in self._project.events() if event["task"] == name]
        outcomes = Outcomes(self._closed[name], told)
        for what, found in outcomes.faults(disturbed=disturbed):
            self._blame(what, found)
        states = Counter(self._project.states(name))
        self._blame("not all succeeded", [states] if states != {"Succeeded": INSTANCES} else ())
        self._ends += outcomes.counts

    def _judge_services(self, name: str, *, disturbed: bool) -> None:
        web = self._ground.ids("web")
        self._blame("not left alone", () if disturbed or web == self._web else [web])
        running = self._ground.running("web")
        self._blame("the other service", () if len(running) == 1 else [running])
        made = [variables.get("ROUND") for variables in self._ground.running("stubborn")]
        self._blame("the service of this round", () if made == [name] else [made])

    def _blame(self, what: str, found: Iterable[object]) -> None:
        told = [*found]
        if told:
            self.faults.append(f"{what}: {told}")

    # --- telling -------------------------------------------------------------------------------

    def starts(self) -> list[Attempt]:
        """Return each start as its container told it: task, run, instance, attempt."""
        lines = (self._project.home / "starts" / "ledger").read_text().splitlines()
        words = [line.split() for line in lines]
        return [(name, int(run), int(number), int(attempt)) for name, run, number, attempt in words]

    def figures(self, resumed: list[Resumed]) -> Iterator[str]:
        """Yield in some lines what was counted and measured."""
        starts = sum(sum(counts.values()) for counts in self._closed.values())
        ends = ", ".join(f"{self._ends[kind]} {kind}" for kind in (*ENDS, "forsaken"))
        yield f"{INSTANCES * len(self._closed)} instances: {starts} starts; on record {ends}"
        yield f"{len(self.faults)} faults"
        ground = self._ground
        known = f"{ground.count('wedged')} wedges, {ground.count('gone')} deaths of their own"
        yield f"engines: {known}"
        if ground.hazards:
            befell = ", ".join(f"{count} {what}" for what, count in ground.hazards.counts().items())
            yield f"nodes: {befell}"
        measured = [r for r in resumed if not ground.troubled(r.begin, r.end)]
        yield f"{len(resumed) - len(measured)} restarts of the reconciler met a troubled engine"
        slow = sum(r.seconds > RESUME for r in measured)
        load = f"the machine's load being {os.getloadavg()[2]:.1f} on {os.cpu_count()} processors"
        yield f"{slow} of {len(measured)} took longer than {RESUME:g} s to look at theirs, {load}"
        yield f"until then: {_spread([r.seconds for r in measured])}"
        yield f"of a processor: {_spread([r.processor for r in measured])}"

    def slow(self, resumed: list[Resumed]) -> bool:
        """Whether a reconciler took too long to look at an engine that was well."""
        return any(
            r.seconds > RESUME and not self._ground.troubled(r.begin, r.end) for r in resumed
        )

    def traces(self) -> Iterator[str]:
        """Yield what the product and the engine say of all that has happened."""
        found = self._ground.containers()
        containers = [(node, c["Names"], c["Status"]) for node, c in found]
        yield f"containers: {containers}"
        told = self._project.reconciler("events", "--format", "json", "--tail", "100000")
        yield told.said


def _of(starts: Counter[Attempt], name: str) -> Counter[Attempt]:
    return Counter({key: count for key, count in starts.items() if key[0] == name})


def _spread(measured: list[float]) -> str:
    if len(measured) < 2:
        return "too few to tell"
    often = quantiles(measured, n=20, method="inclusive")[-1]
    return f"{median(measured):.2f} s (median), {often:.2f} s (p95), {max(measured):.2f} s (max)"
