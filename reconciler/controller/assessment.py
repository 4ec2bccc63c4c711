"""What is thought of each task since it was planned last, and what is left to be done.

Decides nothing: it keeps what plans have said, in such a way that a question about all tasks
costs no more than what was planned since. One thread.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from reconciler.model.action import Plan, Verdict
from reconciler.model.desired import DesiredTask
from reconciler.planning.converging import lacks, stirs


class Assessment:
    """Verdicts by task, and the tasks of which something is yet to come."""

    def __init__(self) -> None:
        """Begin with nothing planned."""
        self.verdicts: dict[str, tuple[Verdict, ...]] = {}
        self.wakes: dict[str, float] = {}
        self._stirring: set[str] = set()
        self._lacking: set[str] = set()

    @property
    def at_rest(self) -> bool:
        """Whether only the instances' own progress, or a person, is awaited."""
        return not self._stirring

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be done, of what is at rest."""
        return not self._lacking

    def due(self, now: float) -> set[str]:
        """Return the tasks that are to be planned by now (epoch seconds) without a happening."""
        return {task for task, at in self.wakes.items() if at <= now}

    def take(
        self, made: Plan, only: AbstractSet[str] | None, tasks: Mapping[str, DesiredTask]
    ) -> None:
        """Replace what was thought of the planned tasks: `only` these, all where it is None."""
        found: dict[str, list[Verdict]] = {}
        for verdict in made.verdicts:
            found.setdefault(verdict.key.task, []).append(verdict)
        for name in {*self.verdicts} if only is None else only:
            self._forget(name)
        for name, verdicts in found.items():
            self.verdicts[name] = tuple(verdicts)
            if stirs(verdicts):
                self._stirring.add(name)
            if lacks(tasks.get(name), verdicts):
                self._lacking.add(name)
        self.wakes |= made.wakes

    def _forget(self, name: str) -> None:
        self.verdicts.pop(name, None)
        self.wakes.pop(name, None)
        self._stirring.discard(name)
        self._lacking.discard(name)
