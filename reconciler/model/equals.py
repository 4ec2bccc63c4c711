"""Which attempts have completed equal work with equal inputs, found at once.

Kept beside the record and made of it alone: whatever is forgotten there is gone from here. Must not
know what makes work equal.
"""

from collections.abc import Iterable, Mapping

from reconciler.model.fact import Result
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.run import Attempt, Run, TaskHistory


class Equals:
    """Completed attempts by what is equal of them."""

    def __init__(self, tasks: Mapping[str, TaskHistory]) -> None:
        """Look at all that is on record."""
        self._known: dict[str, set[AttemptKey]] = {}
        for task in tasks.values():
            for run in task.runs.values():
                for instance, attempts in run.attempts.items():
                    for attempt in attempts:
                        self.add(_key(task.name, run, instance, attempt), attempt)

    def of(self, equal: str) -> frozenset[AttemptKey]:
        """Return the attempts that have completed what this stands for."""
        return frozenset(self._known.get(equal, ()))

    def add(self, key: AttemptKey, attempt: Attempt) -> None:
        """Know of an attempt, if it has completed."""
        if attempt.equal and attempt.result is Result.SUCCEEDED:
            self._known.setdefault(attempt.equal, set()).add(key)

    def drop(self, key: AttemptKey, attempt: Attempt) -> None:
        """Know of an attempt no more."""
        keys = self._known.get(attempt.equal)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._known[attempt.equal]

    def forget(self, task: str, run: Run, instance: int, numbers: Iterable[int]) -> None:
        """Know of an instance's attempts no more."""
        gone = {*numbers}
        for attempt in run.attempts_of(instance):
            if attempt.number in gone:
                self.drop(_key(task, run, instance, attempt), attempt)

    def forget_run(self, task: str, run: Run) -> None:
        """Know of a run no more."""
        for instance, attempts in run.attempts.items():
            self.forget(task, run, instance, [attempt.number for attempt in attempts])


def _key(task: str, run: Run, instance: int, attempt: Attempt) -> AttemptKey:
    return AttemptKey(InstanceKey(task, instance), run.number, attempt.number)
