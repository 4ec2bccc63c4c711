"""The laws of order, held against fate: any tasks, any conditions, any ends, edits and crashes.

What is checked is the record alone: at the moment of a run's first attempt all that it depends
on had come to what it was waited for. Once fate rests, nobody waits for what cannot come.
"""

from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec.structs import replace

from reconciler.ledger import LogEntry
from reconciler.model.action import InstanceState
from reconciler.model.desired import (
    Condition,
    Dependency,
    Desired,
    DesiredJob,
    DesiredTask,
    Retry,
)
from reconciler.model.fact import Approved, AttemptReserved, Fact, RunCancelled
from reconciler.model.history import History
from reconciler.planning.concluding import Ended, conclusion_of
from tests.support.desired import make_job, make_task
from tests.support.lab import Lab, MemoryRecord

NAMES = ("a", "b", "c", "d", "e")
MET = {
    Condition.SUCCESS: {Ended.SUCCEEDED},
    Condition.FAILURE: {Ended.FAILED},
    Condition.CANCELLED: {Ended.CANCELLED},
    Condition.ANY: set(Ended),
}
DONE = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}
conditions = st.sampled_from([*Condition, Condition.SUCCESS, Condition.SUCCESS])
some_conditions = st.dictionaries(st.sampled_from(NAMES), conditions, max_size=3)


class Judge(MemoryRecord):
    """A record that looks at each first attempt of a run as it is written."""

    def __init__(self, lab: "Lab") -> None:
        super().__init__()
        self.lab = lab
        self.known = History()

    def record(self, facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        for fact in facts:
            if isinstance(fact, AttemptReserved):
                self.judge(self.lab.desired, fact)
            self.known.apply(fact)
        super().record(facts, events)

    def judge(self, desired: Desired, fact: AttemptReserved) -> None:
        key = fact.attempt.key
        if not self.known.tasks[key.task].runs[fact.attempt.run].attempts:
            for one in desired.tasks[key.task].depends_on:
                assert self.ended(desired.tasks[one.task]) in MET[one.condition], (fact, one)

    def ended(self, task: DesiredTask) -> Ended | None:
        """Return how the run of a task's present work has ended."""
        if not task.instances:
            return Ended.SUCCEEDED
        known = self.known.tasks.get(task.name)
        run = known.run_for(task) if known else None
        found = conclusion_of(task, run) if run else None
        return found.ended if found else None


class Order(RuleBasedStateMachine):
    """A few tasks that wait for one another, in a job and out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab()
        self.lab.record = Judge(self.lab)
        self.lab.crash()
        self.tasks = {name: make_task(name) for name in NAMES}

    @initialize(
        job=st.builds(make_job, cancel=st.booleans(), deadline=st.sampled_from([0.0, 50.0])),
        wanted=st.lists(some_conditions, min_size=len(NAMES), max_size=len(NAMES)),
    )
    def begin(self, job: DesiredJob, wanted: list[dict[str, Condition]]) -> None:
        self.lab.jobs = [job]
        for name, others in zip(NAMES, wanted, strict=True):
            self.want(name, others)
        self.commit()

    def commit(self) -> None:
        self.lab.commit(*self.tasks.values())
        self.lab.core.note([Approved(self.lab.desired.revision, self.lab.now)])

    @rule(name=st.sampled_from(NAMES), wanted=some_conditions, job=st.sampled_from(["", "j"]))
    def wait_for(self, name: str, wanted: dict[str, Condition], job: str) -> None:
        self.tasks[name] = replace(self.tasks[name], job=job)
        self.want(name, wanted)
        self.commit()

    def want(self, name: str, wanted: dict[str, Condition]) -> None:
        """Have a task wait for earlier names only: no circle is ever in force."""
        after = tuple(Dependency(o, c) for o, c in sorted(wanted.items()) if o < name)
        self.tasks[name] = replace(self.tasks[name], depends_on=after)

    @rule(name=st.sampled_from(NAMES), count=st.integers(0, 2), work=st.integers(0, 2))
    def change(self, name: str, count: int, work: int) -> None:
        old = self.tasks[name]
        made = make_task(name, count, spec={"command": (str(work),)}, retry=Retry(work % 2))
        self.tasks[name] = replace(made, depends_on=old.depends_on, job=old.job)
        self.commit()

    @rule(name=st.sampled_from(NAMES))
    def rerun(self, name: str) -> None:
        self.tasks[name] = replace(self.tasks[name], rerun=self.tasks[name].rerun + 1)
        self.commit()

    @rule(name=st.sampled_from(NAMES))
    def stop(self, name: str) -> None:
        known = self.lab.core.history.tasks.get(name)
        task = self.tasks[name]
        run = known.run_for(task) if known else None
        if run is not None:
            self.lab.core.note([RunCancelled(name, run.number, None, "stopped", self.lab.now)])

    @precondition(lambda self: self.lab.live())
    @rule(data=st.data(), code=st.sampled_from([0, 0, 1]))
    def end_a_program(self, data: st.DataObject, code: int) -> None:
        self.lab.world.finish(data.draw(st.sampled_from(self.lab.live())), code)

    @rule(steps=st.integers(1, 8))
    def step(self, steps: int) -> None:
        for _ in range(steps):
            self.lab.driver.step()

    @rule(seconds=st.sampled_from([1.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.lab.now += seconds

    @rule()
    def crash(self) -> None:
        self.lab.crash()

    @rule(code=st.sampled_from([0, 1]))
    def all_is_calm(self, code: int) -> None:
        """Everything ends, and each instance is where it stays, before a restart and after."""
        for _ in range(2 * len(NAMES) + 2):
            for name in self.lab.live():
                self.lab.world.finish(name, code)
            self.lab.wait(10.0)
        for verdict in self.lab.core.all_verdicts():
            assert verdict.state in DONE, verdict
        for task in self.tasks.values():
            run = self.lab.core.history.task(task.name).run_for(task)
            cancel = run.cancels.get(None) if run else None
            assert cancel is None or not cancel.passing or self.in_vain(task), (task, run)
        before = self.states()
        self.lab.crash()
        assert self.lab.settle() == []
        assert self.states() == before

    def in_vain(self, task: DesiredTask) -> bool:
        """Whether there is still cause for a task's run to be ended for what others came to."""
        judge = self.lab.record
        assert isinstance(judge, Judge)
        ends = {name: judge.ended(other) for name, other in self.tasks.items()}
        unmet = any(ends[one.task] not in MET[one.condition] for one in task.depends_on)
        mates = (name for name, other in self.tasks.items() if task.job and other.job == task.job)
        return unmet or (self.lab.jobs[0].cancel and any(ends[m] is Ended.FAILED for m in mates))

    def states(self) -> dict[str, str]:
        return {str(v.key): f"{v.state} {v.reason}" for v in self.lab.core.all_verdicts()}


TestOrder = Order.TestCase
TestOrder.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
