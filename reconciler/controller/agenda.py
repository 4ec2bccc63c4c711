"""What is to be planned next: the tasks of which something is new, and those for whom that matters.

Decides nothing about a task. Must not know what happened to it, only that something did: where
a task has come to something, those that wait for it, or share its job, are planned next.
"""

from collections.abc import Iterable
from typing import Final

from reconciler.model.action import Plan
from reconciler.model.desired import Desired
from reconciler.model.fact import (
    AttemptEnded,
    AttemptForsaken,
    Fact,
    PoolFact,
    RetryGranted,
    RunCancelled,
)
from reconciler.model.milestone import Reached
from reconciler.model.pool import preparer_of

_UNSEEN: Final = object()


class Agenda:
    """The tasks that the next pass is for; None where it is for all of them."""

    def __init__(self) -> None:
        """Begin with everything."""
        self.dirty: set[str] | None = None
        self._reached: dict[str, Reached | None] = {}

    @property
    def due(self) -> bool:
        """Whether single tasks are to be planned, whatever happens or not."""
        return bool(self.dirty)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be planned before something happens."""
        return self.dirty is not None and not self.dirty

    def everything(self) -> None:
        """Plan every task next."""
        self.dirty = None

    def add(self, tasks: Iterable[str]) -> None:
        """Plan these tasks next."""
        if self.dirty is not None:
            self.dirty.update(tasks)

    def take(self) -> set[str] | None:
        """Return what is to be planned, None for all, and begin anew."""
        taken, self.dirty = self.dirty, set()
        return taken

    def put_back(self, taken: set[str] | None) -> None:
        """Plan next what was taken in vain."""
        self.dirty = None if taken is None or self.dirty is None else taken | self.dirty

    def planned(self, made: Plan, desired: Desired, *, everything: bool) -> None:
        """Take in what was planned, and plan next those for whom it is news.

        Where it was `everything`, all have heard it.
        """
        if everything:
            self._reached.clear()
        for name, reached in made.reached.items():
            if not everything and self._reached.get(name, _UNSEEN) != reached:
                self.add(desired.followers(name))
        self._reached |= made.reached
        self.add(name for fact in made.facts for name in _changed(fact))


def _changed(fact: Fact) -> Iterable[str]:
    """Return the task that is to be looked at again once a fact of a plan is on record."""
    if isinstance(fact, AttemptEnded | AttemptForsaken):
        return (fact.attempt.key.task,)
    if isinstance(fact, PoolFact):
        return (preparer_of(fact.pool),)
    return (fact.task,) if isinstance(fact, RunCancelled | RetryGranted) else ()
