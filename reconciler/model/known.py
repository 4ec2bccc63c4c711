"""What is known to have happened, as planning reads it: tasks, their runs, their attempts.

Answers questions, and changes nothing: facts do that, in `history`.
"""

from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.model.equals import Equals
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.node import NodeRecords
from reconciler.model.pool import PoolRecords
from reconciler.model.revision import Revision, newest
from reconciler.model.run import Attempt, TaskHistory, Trouble
from reconciler.model.suspension import Suspension


class Known(Struct, dict=True):
    """All that is known to have happened in one project.

    `moved` tells, for runs that were opened under a former name of their task, what it is called
    now. `revisions` are in the order seen, the newest last.
    """

    tasks: dict[str, TaskHistory] = field(default_factory=dict)
    specs: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    approved_revision: str = ""
    destroyed_revision: str = ""
    lost: bool = False
    moved: dict[tuple[str, int], str] = field(default_factory=dict)
    suspensions: dict[str, Suspension] = field(default_factory=dict)
    revisions: list[Revision] = field(default_factory=list)
    pinned_revision: str = ""
    nodes: NodeRecords = field(default_factory=dict)
    pools: PoolRecords = field(default_factory=dict)

    @cached_property
    def equals(self) -> Equals:
        """Which attempts have completed equal work; found when it is asked for first."""
        return Equals(self.tasks)

    def task(self, name: str) -> TaskHistory:
        """Return a task's history, made on first use."""
        return self.tasks.setdefault(name, TaskHistory(name))

    def has_run(self, task: str, number: int) -> bool:
        """Whether a run is on record."""
        known = self.tasks.get(task)
        return known is not None and number in known.runs

    def attempt(self, key: AttemptKey) -> Attempt | None:
        """Return the record of one attempt."""
        task = self.tasks.get(key.key.task)
        run = task.runs.get(key.run) if task else None
        if run is None:
            return None
        for attempt in reversed(run.attempts.get(key.key.instance, ())):
            if attempt.number == key.attempt:
                return attempt
        return None

    def owner(self, key: AttemptKey) -> AttemptKey:
        """Return whose attempt it is that a container's name and labels tell of."""
        task = self.moved.get((key.key.task, key.run))
        return replace(key, key=InstanceKey(task, key.key.instance)) if task else key

    def container_name(self, key: AttemptKey, project: str) -> str:
        """Return the name of an attempt's container, which a renaming of its task leaves alone."""
        known = self.attempt(key) if self.moved else None
        if known is not None and known.named:
            key = replace(key, key=InstanceKey(known.named, key.key.instance))
        return key.container_name(project)

    def last_run_of(self, name: str) -> int:
        """Return the highest run number that containers of this name may bear, 0 for none."""
        known = self.tasks.get(name)
        numbers = [run for task, run in self.moved if task == name]
        numbers += known.runs if known else ()
        return max(numbers, default=0)

    def destroyed(self, revision: str) -> bool:
        """Whether a person asked for the end of everything while this revision was in force.

        Where none is in force nobody has: its name is empty, and so is that of what was destroyed
        as long as nothing was.
        """
        return bool(revision) and revision == self.destroyed_revision

    def revision(self, name: str) -> Revision | None:
        """Return what is remembered of a revision, as it was seen last."""
        position = newest(self.revisions, name)
        return None if position is None else self.revisions[position]
