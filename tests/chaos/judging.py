"""What is judged of a siege, from outside: the start ledger, and what the verbs say came of it.

The start ledger is a file that the containers themselves append to.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from signal import SIGKILL
from statistics import median, quantiles
from typing import NamedTuple

from tests.chaos.attending import Attendant
from tests.e2e.project import Json, Project
from tests.support.process import Running

INSTANCES = 24
# How long a reconciler may take to look at the engine after it was started again, in seconds.
RESUME = 2.0
_ENDS = ("succeeded", "failed", "lost", "cancelled")

Attempt = tuple[str, int, int, int]


class Resumed(NamedTuple):
    """From when to when it took a reconciler to look at its engine, and what of a processor."""

    begin: float
    end: float
    processor: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


def fails_once(instance: int) -> bool:
    """Whether an instance's first start ends with a failure."""
    return instance % 4 == 1


class Judge:
    """Holds what was expected against what is there, round after round."""

    def __init__(self, project: Project, attendant: Attendant) -> None:
        self.faults: list[str] = []
        self._project = project
        self._attendant = attendant
        self._ends: Counter[str] = Counter()
        self._closed: dict[str, Counter[Attempt]] = {}
        self._restarts = 0
        self._web: dict[str, str] = {}

    def begin(self) -> None:
        """Remember what is to be left alone."""
        self._restarts = self._attendant.restarts
        self._web = self._project.engine.ids("web")

    def look_at(self, dead: Running) -> None:
        """See that a reconciler that has ended was killed, and did not end by itself."""
        done = dead.wait()
        self._blame("ended by itself", () if done.code == -SIGKILL else [done.told()])

    def judge(self, name: str) -> None:
        """Look at a round that has come to its end, and at everything before it."""
        with self._attendant.calm:
            disturbed = self._attendant.restarts > self._restarts
            self._judge_starts(name)
            self._judge_outcomes(name, disturbed=disturbed)
            self._judge_services(name, disturbed=disturbed)
            self._blame("left to do", self._project.planned())
            self.begin()

    def judge_ruins(self) -> None:
        """Look at what is left when everything was taken down."""
        self._blame("not taken down", self._project.engine.ids())
        self._blame("still claimed", self._project.engine.volumes())

    def _judge_starts(self, name: str) -> None:
        started = Counter(self.starts())
        self._blame("started twice", (key for key, count in started.items() if count > 1))
        for earlier, known in self._closed.items():
            now = _of(started, earlier)
            self._blame("completed, and started again", now - known)
            self._blame("forgotten by the start ledger", known - now)
        self._closed[name] = _of(started, name)

    def _judge_outcomes(self, name: str, *, disturbed: bool) -> None:
        """An attempt that the engine lost with itself is on record as lost, and tried again."""
        ends = [e for e in self._project.events() if e["kind"] in _ENDS and e["task"] == name]
        recorded = Counter(_attempt(end) for end in ends)
        self._blame("ended twice", (key for key, count in recorded.items() if count > 1))
        self._blame("started, and no end is on record", self._closed[name] - recorded)
        lost = Counter(_attempt(end) for end in ends if end["kind"] == "lost")
        self._blame("ended without a start", recorded - self._closed[name] - lost)
        self._blame("lost by nobody's fault", () if disturbed else lost)
        failed = {end["instance"] for end in ends if end["kind"] == "failed"}
        expected = {number for number in range(INSTANCES) if fails_once(number)}
        excused = {end["instance"] for end in ends if end["kind"] == "lost"}
        self._blame("failed, or did not fail", (failed ^ expected) - excused)
        counts = Counter(end["kind"] for end in ends)
        right = counts["succeeded"] == INSTANCES and not counts["cancelled"]
        self._blame("recorded", () if right else [counts])
        states = Counter(self._project.states(name))
        self._blame("not all succeeded", [states] if states != {"Succeeded": INSTANCES} else ())
        self._ends += counts

    def _judge_services(self, name: str, *, disturbed: bool) -> None:
        web = self._project.engine.ids("web")
        self._blame("not left alone", () if disturbed or web == self._web else [web])
        running = self._project.engine.running("stubborn")
        made = [self._project.engine.env(container).get("ROUND") for container in running]
        self._blame("the service of this round", () if made == [name] else [running])

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
        ends = ", ".join(f"{self._ends[kind]} {kind}" for kind in _ENDS)
        yield f"{INSTANCES * len(self._closed)} instances: {starts} starts; on record {ends}"
        yield f"{len(self.faults)} faults"
        found = self._attendant.found
        known = f"{self._attendant.count('wedged')} wedges, {self._attendant.count('gone')} deaths"
        yield f"engine: {known} of its own, {len(found)} restarts"
        measured = [r for r in resumed if not self._attendant.troubled(r.begin, r.end)]
        yield f"{len(resumed) - len(measured)} restarts of the reconciler met a troubled engine"
        slow = sum(r.seconds > RESUME for r in measured)
        load = f"the machine's load being {os.getloadavg()[2]:.1f} on {os.cpu_count()} processors"
        yield f"{slow} of {len(measured)} took longer than {RESUME:g} s to look at theirs, {load}"
        yield f"until then: {_spread([r.seconds for r in measured])}"
        yield f"of a processor: {_spread([r.processor for r in measured])}"

    def slow(self, resumed: list[Resumed]) -> bool:
        """Whether a reconciler took too long to look at an engine that was well."""
        return any(
            r.seconds > RESUME and not self._attendant.troubled(r.begin, r.end) for r in resumed
        )

    def traces(self) -> Iterator[str]:
        """Yield what the product and the engine say of all that has happened."""
        containers = [(c["Names"], c["Status"]) for c in self._project.engine.containers()]
        yield f"containers: {containers}"
        told = self._project.reconciler("events", "--format", "json", "--tail", "100000")
        yield told.said


def _of(starts: Counter[Attempt], name: str) -> Counter[Attempt]:
    return Counter({key: count for key, count in starts.items() if key[0] == name})


def _attempt(event: Json) -> Attempt:
    return event["task"], event["run"], event["instance"], event["attempt"]


def _spread(measured: list[float]) -> str:
    if len(measured) < 2:
        return "too few to tell"
    often = quantiles(measured, n=20, method="inclusive")[-1]
    return f"{median(measured):.2f} s (median), {often:.2f} s (p95), {max(measured):.2f} s (max)"
