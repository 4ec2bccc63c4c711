"""What is thought of each task since it was planned last, and what is left to be done.

Decides nothing: it keeps what plans have said, in such a way that a question about all tasks
costs no more than what was planned since. One thread.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from reconciler.model.action import Plan, Verdict
from reconciler.model.desired import DesiredTask
from reconciler.model.pool import PoolView, SlotState
from reconciler.model.shared import SharedMap
from reconciler.planning.converging import lacks, stirs


class Assessment:
    """Verdicts by task, and the tasks of which something is yet to come."""

    def __init__(self) -> None:
        """Begin with nothing planned."""
        # Replaced rather than changed, so that whoever looks on may keep what there was.
        self.verdicts: SharedMap[tuple[Verdict, ...]] = SharedMap()
        self.wakes: dict[str, float] = {}
        # Why the rollouts of tasks do not go on, by task.
        self.halts: dict[str, str] = {}
        # Tasks that go on when a node gets more room.
        self.crowded: set[str] = set()
        # How many of their instances lack nothing but a slot of their pool.
        self.queued: dict[str, int] = {}
        # How it stands with pools, by name.
        self.pools: dict[str, PoolView] = {}
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
    ) -> bool:
        """Replace what was thought of the planned tasks: `only` these, all where it is None.

        Return whether other slots of pools take work than did before.
        """
        found: dict[str, list[Verdict]] = {}
        for verdict in made.verdicts:
            found.setdefault(verdict.key.task, []).append(verdict)
        planned = set(self.verdicts) if only is None else only
        for known in (self.wakes, self.halts, self.queued):
            for name in planned & known.keys():
                del known[name]
        self.wakes |= {task: min(at, self.wakes.get(task, at)) for task, at in made.wakes.items()}
        self.halts |= made.halts
        self.queued |= made.queued
        self.crowded = (self.crowded - planned) | made.crowded
        self._stirring -= planned
        self._stirring |= {name for name, verdicts in found.items() if stirs(verdicts)}
        self._lacking -= planned
        self._lacking |= {n for n, verdicts in found.items() if lacks(tasks.get(n), verdicts)}
        new = {name: tuple(verdicts) for name, verdicts in found.items()}
        self.verdicts = self.verdicts.changed(new, planned - new.keys())
        before = {n: view for n, view in self.pools.items() if n not in made.quiet}
        now = {view.name: view for view in made.pools}
        self.pools = {n: v for n, v in self.pools.items() if n in made.quiet} | now
        return _working(before) != _working(now)


def _working(pools: Mapping[str, PoolView]) -> set[tuple[str, int, SlotState]]:
    """Return the slots that there are, and of those that take no work why."""
    idle = {SlotState.PREPARING, SlotState.FAILED, SlotState.CLOSING}
    return {
        (view.name, slot.number, slot.state if slot.state in idle else SlotState.READY)
        for view in pools.values()
        for slot in view.slots
    }
