"""What the nodes show of each task, by the name that it has now.

Found for the tasks that are asked about, so that a pass costs what it is for. A renamed task's
containers still bear the names that it had when they were made.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import chain

from reconciler.model.history import History
from reconciler.model.identity import InstanceKey
from reconciler.model.observed import Container, Containers, Observed
from reconciler.planning.renaming import owned

Seen = dict[InstanceKey, list[Container]]
"""A task's containers by instance, each group ordered by run and attempt."""


class Sightings:
    """The containers of each task. What is found is kept, for it is given and does not change."""

    def __init__(self, observed: Observed, history: History, asked: int | None = None) -> None:
        """Find nothing yet. `asked` is about how many tasks there will be questions, None of all.

        Few are looked for on each node; for many it is found once who is where.
        """
        self._nodes = [view.containers for view in observed.nodes.values()]
        self._history = history
        self._former: dict[str, set[str]] = defaultdict(set)
        for (name, _), task in history.moved.items():
            self._former[task].add(name)
        self._found: dict[str, Seen] = {}
        there = sum(len(shown.tasks()) for shown in self._nodes)
        few = asked is not None and asked * len(self._nodes) < there
        self._where = None if few else self._places()
        # Whether of some node nothing is known. Asked for each task: too many nodes to look at.
        self.blind = not all(view.known for view in observed.nodes.values())

    @property
    def live(self) -> int:
        """How many containers run, of all tasks."""
        return sum(shown.live for shown in self._nodes)

    def tasks(self) -> Collection[str]:
        """Return the names of the tasks that there may be containers of."""
        return {*chain.from_iterable(shown.tasks() for shown in self._nodes), *self._former}

    def of(self, task: str) -> Seen:
        """Return a task's containers."""
        if task not in self._found:
            self._found[task] = self._look(task)
        return self._found[task]

    def _look(self, task: str) -> Seen:
        seen: Seen = {}
        for container in self._bearing({task, *self._former.get(task, ())}):
            if container.key.task == task:
                seen.setdefault(container.key, []).append(container)
        for group in seen.values():
            if len(group) > 1:
                group.sort(key=lambda c: (c.run, c.attempt, c.node))
        return seen

    def _places(self) -> dict[str, list[Containers]]:
        found: dict[str, list[Containers]] = defaultdict(list)
        for shown in self._nodes:
            for name in shown.tasks():
                found[name].append(shown)
        return found

    def _bearing(self, names: Collection[str]) -> Iterator[Container]:
        """Yield the containers whose labels say one of these names, as of whose they are now."""
        for name in sorted(names):
            nodes = self._nodes if self._where is None else self._where.get(name, ())
            for shown in nodes:
                yield from (owned(container, self._history) for container in shown.of(name))
