"""What is wrong with how a round's attempts have ended, if anything: starts against the record.

Decides from the start ledger and the event log alone, and asks nobody. What an engine lost when it
died is on record as lost, and tried again. What was given up on a node that was away (*forsaken*)
is tried elsewhere meanwhile: both may come to an end then, or one is not needed any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.e2e.project import Json

INSTANCES = 24
ENDS = ("succeeded", "failed", "lost", "cancelled")
_RETRIED = {"failed", "lost", "forsaken"}
# How a program's own failure is told.
_OWN_FAILURE = "exit code 3"

# Task, run, instance, attempt.
Attempt = tuple[str, int, int, int]
Fault = tuple[str, list[object]]


def fails_once(instance: int) -> bool:
    """Whether an instance's first start ends with a failure."""
    return instance % 4 == 1


class Outcomes:
    """A round's starts and its events, and what is wrong with them."""

    def __init__(self, starts: Counter[Attempt], told: Iterable[Json]) -> None:
        events = [*told]
        self._starts = starts
        self._ends = [event for event in events if event["kind"] in ENDS]
        self._forsaken = [event for event in events if event["kind"] == "forsaken"]
        self._lost = [end for end in self._ends if end["kind"] == "lost" or _is_made_up(end)]
        self.counts = Counter(event["kind"] for event in [*self._ends, *self._forsaken])

    def faults(self, *, disturbed: bool) -> Iterator[Fault]:
        """Yield what is wrong; `disturbed` is a round in which an engine or a node failed."""
        everything = (*self._of_attempts(), *self._of_retries(), *self._of_instances())
        yield from ((what, found) for what, found in everything if found)
        if not disturbed and (self._lost or self._forsaken):
            yield "lost by nobody's fault", [*self._lost, *self._forsaken]

    def _of_attempts(self) -> Iterator[Fault]:
        """Each start has one end."""
        recorded = Counter(map(_attempt, self._ends))
        yield "ended twice", [key for key, count in recorded.items() if count > 1]
        yield "started, and no end is on record", [*(self._starts - recorded)]
        never = Counter(_attempt(end) for end in [*self._lost, *self._of("cancelled")])
        yield "ended without a start", [*(recorded - self._starts - never)]

    def _of_retries(self) -> Iterator[Fault]:
        """Nothing starts more often than it is on record as tried again."""
        starts = Counter(instance for _, _, instance, _ in self._starts.elements())
        tried = [e for e in [*self._ends, *self._forsaken] if e["kind"] in _RETRIED]
        allowed = Counter(range(INSTANCES)) + _instances(tried)
        yield "more starts than are on record", [*(starts - allowed)]
        failed = _instances(end for end in self._of("failed") if end not in self._lost)
        expected = Counter(number for number in range(INSTANCES) if fails_once(number))
        yield "failed more often than once", [*(failed - expected)]
        excused = _instances([*self._lost, *self._forsaken])
        yield "did not fail", [*((expected - failed).keys() - excused.keys())]

    def _of_instances(self) -> Iterator[Fault]:
        """Each instance succeeds, and no more often than nodes were away with it."""
        succeeded, away = _instances(self._of("succeeded")), _instances(self._forsaken)
        yield "did not succeed", [*(set(range(INSTANCES)) - succeeded.keys())]
        yield "succeeded twice", [*(succeeded - Counter(range(INSTANCES)) - away)]
        yield "ended for nothing", [*(_instances(self._of("cancelled")) - away)]

    def _of(self, kind: str) -> list[Json]:
        return [end for end in self._ends if end["kind"] == kind]


def _attempt(event: Json) -> Attempt:
    return event["task"], event["run"], event["instance"], event["attempt"]


def _instances(events: Iterable[Json]) -> Counter[int]:
    return Counter(event["instance"] for event in events)


def _is_made_up(end: Json) -> bool:
    """Whether an engine that died with a container has made its exit up, and was believed."""
    return bool(end["kind"] == "failed" and end["message"] != _OWN_FAILURE)
