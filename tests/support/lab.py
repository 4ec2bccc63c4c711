"""A whole reconciler on a simulated engine, in one thread, with a clock that tests turn."""

from collections.abc import Sequence
from pathlib import Path

from reconciler.controller.almanac import Wall
from reconciler.controller.core import Core
from reconciler.controller.execution import Carry, as_if
from reconciler.controller.happenings import Done
from reconciler.controller.inline import Inline
from reconciler.engines.engine import Engine
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.ledger import Ledger, LogEntry
from reconciler.ledger.journal import KEPT
from reconciler.model.action import Action, Verdict
from reconciler.model.data import Bucket
from reconciler.model.desired import Desired, DesiredJob, DesiredTask
from reconciler.model.fact import Fact
from reconciler.model.history import History
from reconciler.model.observed import Phase
from tests.support.desired import make_desired


class MemoryRecord:
    """A ledger's face over a list of facts: what survives a crash of the core."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.entries: list[LogEntry] = []

    def load(self) -> History:
        history = History()
        for fact in self.facts:
            history.apply(fact)
        return history

    def record(self, facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        self.facts += facts
        self.entries += events


class Lab:
    """One project on one machine. `apply` commits and settles; `crash` forgets all but disk.

    Facts are kept in `folder`, with so many `entries` of the event log; without one in memory.
    """

    def __init__(
        self,
        *tasks: DesiredTask,
        folder: Path | None = None,
        jobs: Sequence[DesiredJob] = (),
        now: float = 1_000_000.0,
        entries: int = KEPT,
        buckets: Sequence[Bucket] = (),
    ) -> None:
        self.jobs = jobs
        self.buckets = buckets
        self.locks: dict[str, str] = {}
        self.now = now
        # By how much the wall clock is ahead of elapsed time.
        self.ahead = 0.0
        self.world = World("local", lambda: self.now + self.ahead)
        self.world.images = {"busybox:stable": "sha256:b0"}
        self.record: MemoryRecord | Ledger = MemoryRecord()
        if folder is not None:
            self.record = Ledger.open(folder, write=True, project="demo", kept=entries)
        # Makes the calls that carry data.
        self.carry: Carry = as_if
        self.revision = 0
        self.desired = self._next(tasks)
        self.driver = self._driver()

    def _next(self, tasks: Sequence[DesiredTask], *, prunable: bool = True) -> Desired:
        self.revision += 1
        name = f"f-{self.revision}"
        return make_desired(
            *tasks,
            revision=name,
            prunable=prunable,
            jobs=self.jobs,
            buckets=self.buckets,
            locks=self.locks,
        )

    def _driver(self) -> Inline:
        almanac = Wall(lambda: self.now + self.ahead)
        core = Core(self.desired, self.record, lambda: self.now, almanac)
        engines = {"local": SimulatedEngine(self.world)}
        return Inline(core, engines, self._carried)

    def _carried(self, engine: Engine, action: Action) -> Done:
        return self.carry(engine, action)

    @property
    def core(self) -> Core:
        return self.driver.core

    def commit(self, *tasks: DesiredTask, prunable: bool = True) -> None:
        """Put another revision in force; nothing happens before `settle`."""
        self.desired = self._next(tasks, prunable=prunable)
        self.core.set_desired(self.desired)

    def apply(self, *tasks: DesiredTask, prunable: bool = True) -> list[Action]:
        """Commit, settle, and return what was done."""
        self.commit(*tasks, prunable=prunable)
        return self.settle()

    def settle(self) -> list[Action]:
        """Look, and act until nothing more is to be done now."""
        self.driver.look()
        return self.driver.settle()

    def crash(self) -> None:
        """Lose everything that is not on disk or in the engine."""
        self.driver = self._driver()

    def wait(self, seconds: float) -> list[Action]:
        """Let time pass, then settle."""
        self.now += seconds
        return self.settle()

    def live(self) -> list[str]:
        """Return the names of the containers that run."""
        boxes = self.world.boxes.values()
        return sorted(b.name for b in boxes if b.phase is Phase.RUNNING)

    def verdict(self, task: str, instance: int = 0) -> Verdict:
        """Return what is thought of one instance."""
        return next(v for v in self.core.verdicts[task] if v.key.instance == instance)
