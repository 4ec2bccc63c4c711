"""The laws of docs/semantics.md, held against a machine that plays fate.

A rule-based state machine commits revisions, lets programs end, removes and kills containers
by hand, crashes the reconciler between any two steps, drops, doubles and reorders events, and
loses answers after the engine has acted. After every step the laws that must hold at any time
are checked from outside: on the world's own journal, not on what the reconciler believes.
"""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from reconciler.controller.execution import carry_out
from reconciler.controller.happenings import Finished, Hinted, Listed
from reconciler.engines.engine import UnreachableError
from reconciler.engines.simulated import SimulatedEngine
from reconciler.engines.simulated.world import Manner, When
from reconciler.model.action import Action, InstanceState
from reconciler.model.desired import Backoff, DesiredTask, OnChange, Restart, Retry
from reconciler.model.fact import (
    Approved,
    AttemptEnded,
    AttemptReserved,
    AttemptsForgotten,
    Result,
    Resumed,
    RunsForgotten,
    Suspended,
)
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey, parse_container_name
from reconciler.model.observed import Phase
from reconciler.model.spec import Resources
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord
from tests.support.limits import keeping

LIMIT = 1
SURGE = 1
TOTAL = 2
FOREIGN = ("demo.batch.1.0.1", "somebody", "demo.web.1.0.2")
commands = st.sampled_from([("true",), ("false",)])
sizes = st.integers(0, 4)


class Fate(RuleBasedStateMachine):
    """One project, one machine, and everything that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab()
        self.batch: DesiredTask | None = None
        self.web: DesiredTask | None = None
        self.inbox: list[Finished] = []
        self.lists: list[Listed] = []
        self.told: list[Hinted] = []
        self.to_do: list[Action] = []
        self.listen()
        self.drop_next = False
        self.foreign: dict[str, str] = {}
        self.ended_with_the_engine: set[str] = set()
        self.names = ["batch"]
        self.lab.world.faults = self.fault

    def listen(self) -> None:
        self.stream = SimulatedEngine(self.lab.world).events("demo")
        self.era = self.lab.world.era

    def fault(self, call: str, subject: str, when: When) -> Exception | None:
        del subject
        if self.drop_next and when == "after" and call in {"create", "start", "signal", "remove"}:
            self.drop_next = False
            return UnreachableError("the answer was lost")
        return None

    # --- people --------------------------------------------------------------------------

    @initialize(count=st.integers(1, 4))
    def begin(self, count: int) -> None:
        self.want_service(count, "busybox:stable")
        self.want_batch(count, ("true",), 0, None)
        self.commit()

    @rule(
        count=sizes,
        command=commands,
        memory=st.sampled_from([0, 64]),
        parallelism=st.sampled_from([None, 1, 2]),
        change=st.sampled_from(OnChange),
    )
    def commit_batch(
        self,
        count: int,
        command: tuple[str, ...],
        memory: int,
        parallelism: int | None,
        change: OnChange,
    ) -> None:
        self.want_batch(count, command, memory, parallelism, change)
        self.commit()

    def want_batch(
        self,
        count: int,
        command: tuple[str, ...],
        memory: int,
        parallelism: int | None,
        change: OnChange = OnChange.REPLACE,
    ) -> None:
        spec = {"command": command, "resources": Resources(memory=memory)}
        retry = Retry(LIMIT, Backoff(jitter=0.0), TOTAL)
        fields = {"spec": spec, "retry": retry, "parallelism": parallelism, "on_change": change}
        self.batch = make_task(self.names[-1], count, renamed_from=self.former(), **fields)

    def former(self) -> str:
        """Return the name under which batch has run so far, if that is another one."""
        tasks = self.lab.record.load().tasks
        known = [name for name in self.names if name in tasks and tasks[name].runs]
        return next((name for name in known[-1:] if name != self.names[-1]), "")

    @precondition(lambda self: self.batch is not None)
    @rule()
    def rename_batch(self) -> None:
        assert self.batch is not None
        self.names.append(f"batch-{len(self.names)}")
        self.batch = replace(self.batch, name=self.names[-1], renamed_from=self.former())
        self.commit()

    @precondition(lambda self: self.batch is not None)
    @rule(ttl=st.sampled_from([None, 0.0, 20.0]))
    def keep_what_has_ended(self, ttl: float | None) -> None:
        assert self.batch is not None
        self.batch = replace(self.batch, ttl=ttl)
        self.commit()

    @rule(what=st.sampled_from(["", "task/web"]), stop=st.booleans(), end=st.booleans())
    def suspend(self, what: str, *, stop: bool, end: bool) -> None:
        until = self.lab.now + 60 if end else 0.0
        self.lab.core.note([Suspended(what, self.lab.now, until, "", stop)])

    @rule(what=st.sampled_from(["", "task/web"]))
    def resume(self, what: str) -> None:
        self.lab.core.note([Resumed(what, self.lab.now)])

    @precondition(lambda self: self.web is not None)
    @rule(on=st.booleans())
    def protect_service(self, *, on: bool) -> None:
        assert self.web is not None
        self.web = replace(self.web, protected=on)
        self.commit()

    @rule(
        count=sizes,
        image=st.sampled_from(["busybox:stable", "busybox:2"]),
        memory=st.sampled_from([0, 64]),
        surge=st.sampled_from([0, SURGE]),
    )
    def commit_service(self, count: int, image: str, memory: int, surge: int) -> None:
        self.want_service(count, image, memory, surge)
        self.commit()

    def want_service(self, count: int, image: str, memory: int = 0, surge: int = 0) -> None:
        retry = Retry(None, Backoff(jitter=0.0))
        spec = {"image": image, "resources": Resources(memory=memory)}
        fields = {"spec": spec, "restart": Restart.ALWAYS, "retry": retry, "max_surge": surge}
        self.web = make_task("web", count, **fields)

    @rule(batch=st.booleans())
    def remove_manifest(self, *, batch: bool) -> None:
        if batch:
            self.batch = None
        else:
            self.web = None
        self.commit()

    def commit(self) -> None:
        tasks = [task for task in (self.batch, self.web) if task]
        self.lab.commit(*tasks)
        approval = Approved(self.lab.desired.revision, self.lab.now)
        self.lab.record.record([approval])
        self.lab.core.history.apply(approval)

    @rule(name=st.sampled_from(FOREIGN))
    def run_a_foreign_container(self, name: str) -> None:
        if name not in self.lab.world.boxes:
            labels = {"io.reconciler.project": "demo", "io.reconciler.task": "batch"}
            self.foreign[name] = self.lab.world.run_by_hand(name, labels)

    @precondition(lambda self: self.ours())
    @rule(data=st.data())
    def remove_by_hand(self, data: st.DataObject) -> None:
        self.lab.world.remove_by_hand(data.draw(st.sampled_from(self.ours())))

    # --- programs ------------------------------------------------------------------------

    @precondition(lambda self: self.running())
    @rule(data=st.data(), code=st.sampled_from([0, 0, 1]))
    def end_a_program(self, data: st.DataObject, code: int) -> None:
        self.lab.world.finish(data.draw(st.sampled_from(self.running())), code)

    @rule(code=st.sampled_from([None, 0, 1]))
    def programs_end_at_once(self, code: int | None) -> None:
        self.lab.world.autoexit = lambda _: code

    @rule(
        end=st.sampled_from(
            [("crash", 0), ("crash", 255), ("kill", 0), ("kill", 143), ("stop", 143), ("stop", 137)]
        )
    )
    def the_engine_restarts(self, end: tuple[Manner, int]) -> None:
        """Its stream ends; what it told last may still be heard."""
        manner, code = end
        self.lab.world.restart(code, manner)
        self.remember_what_was_told()
        self.listen()
        self.ended_with_the_engine |= self.foreign.keys()

    # --- the reconciler, in strides and step by step ---------------------------------------

    @rule(turns=st.integers(1, 6), data=st.data(), late=st.booleans())
    def stride(self, turns: int, data: st.DataObject, *, late: bool) -> None:
        """Several turns in a row, of which one may have an answer lost, and a list come late."""
        losing = data.draw(st.integers(0, 2 * turns))
        for number in range(turns):
            if late and not self.lists:
                self.a_list_begins()
            self.to_do += self.lab.core.turn()
            for position, action in enumerate(self.to_do):
                self.drop_next = number == losing and position == 0
                self.inbox.append(carry_out(self.lab.driver.engines["local"], action))
                self.drop_next = False
            self.to_do.clear()
            while self.inbox:
                self.hear(self.inbox.pop())
            self.hear_events()
            if late and self.lists:
                self.a_list_arrives()

    @rule()
    def turn(self) -> None:
        self.to_do += self.lab.core.turn()

    @precondition(lambda self: self.to_do)
    @rule(data=st.data(), lose=st.booleans())
    def carry_out_one(self, data: st.DataObject, *, lose: bool) -> None:
        action = self.to_do.pop(data.draw(st.integers(0, len(self.to_do) - 1)))
        self.drop_next = lose
        self.inbox.append(carry_out(self.lab.driver.engines["local"], action))
        self.drop_next = False

    @precondition(lambda self: self.inbox)
    @rule(data=st.data())
    def hear_one(self, data: st.DataObject) -> None:
        self.hear(self.inbox.pop(data.draw(st.integers(0, len(self.inbox) - 1))))

    @rule(data=st.data())
    def events_come_as_they_like(self, data: st.DataObject) -> None:
        """Dropped, doubled, late and out of order."""
        self.remember_what_was_told()
        if self.told:
            for hint in data.draw(st.lists(st.sampled_from(self.told), max_size=4)):
                self.lab.core.hinted(hint)

    def hear_events(self) -> None:
        for hint in self.remember_what_was_told():
            self.lab.core.hinted(hint)

    def remember_what_was_told(self) -> list[Hinted]:
        new = [Hinted("local", event, self.era) for event in self.stream.pending()]
        self.told = (self.told + new)[-20:]
        return new

    @rule()
    def a_list_begins(self) -> None:
        shown = self.lab.driver.engines["local"].list("demo")
        self.lists.append(Listed("local", self.lab.core.board.step, shown, self.lab.world.era))

    @precondition(lambda self: self.lists)
    @rule()
    def a_list_arrives(self) -> None:
        self.lab.core.listed(self.lists.pop(0))

    @rule(seconds=st.sampled_from([0.5, 2.0, 30.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.lab.now += seconds

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """Every answer is lost. A call that was on its way lands after the next one has looked."""
        self.to_do += self.lab.core.turn()
        self.inbox.clear()
        self.lists.clear()
        self.lab.crash()
        for action in self.to_do:
            if data.draw(st.booleans()):
                carry_out(self.lab.driver.engines["local"], action)
        self.to_do.clear()

    def hear(self, heard: Finished) -> None:
        if self.lab.core.finished(heard):
            self.lab.driver.look()

    # --- what is seen from outside -------------------------------------------------------

    def ours(self) -> list[str]:
        return sorted(n for n in self.lab.world.boxes if n not in self.foreign)

    def running(self) -> list[str]:
        boxes = self.lab.world.boxes
        return [n for n in self.ours() if boxes[n].phase is Phase.RUNNING]

    def facts(self) -> list[object]:
        record = self.lab.record
        assert isinstance(record, MemoryRecord)
        return list(record.facts)

    def all_that_happened(self) -> History:
        """Return what would be on record if nothing were ever forgotten."""
        history = History()
        for fact in self.facts():
            if not isinstance(fact, RunsForgotten | AttemptsForgotten):
                history.apply(fact)
        return history

    @invariant()
    def law_1_slot_uniqueness(self) -> None:
        """One live container for each identity, and of a service as many more as may surge."""
        live = Counter(_identity(name) for name in self.running())
        more = {key: count - 1 for key, count in live.items() if count > 1}
        assert all(key.task == "web" for key in more), live
        assert sum(more.values()) <= SURGE, live

    @invariant()
    def law_2_completion_is_final(self) -> None:
        """No attempt is reserved for a batch instance that has succeeded in this run."""
        succeeded: set[tuple[InstanceKey, int]] = set()
        for fact in self.facts():
            if isinstance(fact, AttemptEnded) and fact.result is Result.SUCCEEDED:
                succeeded.add((_lineage(fact.attempt.key), fact.attempt.run))
            if isinstance(fact, AttemptReserved) and fact.attempt.key.task != "web":
                assert (_lineage(fact.attempt.key), fact.attempt.run) not in succeeded

    @invariant()
    def law_3_each_attempt_ends_once(self) -> None:
        ended = Counter(
            (_lineage(f.attempt.key), f.attempt.run, f.attempt.attempt)
            for f in self.facts()
            if isinstance(f, AttemptEnded)
        )
        assert all(count == 1 for count in ended.values()), ended

    @invariant()
    def law_4_no_attempt_starts_twice(self) -> None:
        starts = Counter(self.lab.world.journal.starts)
        assert all(count == 1 for count in starts.values()), starts

    @invariant()
    def law_4_starts_are_accounted_for(self) -> None:
        """Starts ≤ one for each instance and run, and one more for each recorded end of another.

        A service that may surge starts that one before the end.
        """
        names = self.lab.world.journal.starts
        starts = Counter((_identity(name), _parsed(name).run) for name in names)
        again = Counter(
            (_lineage(f.attempt.key), f.attempt.run)
            for f in self.facts()
            if isinstance(f, AttemptEnded) and f.result is not Result.BURNT
        )
        early = {key: SURGE if key[0].task == "web" else 0 for key in starts}
        most = {key: 1 + again[key] + early[key] for key in starts}
        assert all(count <= most[key] for key, count in starts.items()), (starts, again)

    @invariant()
    def law_8_record_before_remove(self) -> None:
        """A container that had started is removed by us only when its outcome is on record."""
        history = self.all_that_happened()
        for call in self.lab.world.journal.calls:
            if call.verb == "remove" and call.ok and call.name in self.lab.world.journal.starts:
                record = history.attempt(history.owner(_parsed(call.name)))
                assert record is not None
                assert record.ended, call

    @invariant()
    def law_9_only_ours(self) -> None:
        boxes = self.lab.world.boxes
        for name, container in self.foreign.items():
            assert boxes[name].id == container
            if name not in self.ended_with_the_engine:
                assert boxes[name].phase is Phase.RUNNING

    @invariant()
    def law_12_bounds(self) -> None:
        failed = Counter(
            (_lineage(f.attempt.key), f.attempt.run)
            for f in self.facts()
            if isinstance(f, AttemptEnded) and f.result in {Result.FAILED, Result.LOST}
            if f.attempt.key.task != "web"
        )
        assert all(count <= LIMIT + 1 for count in failed.values()), failed
        again = Counter[tuple[str, int]]()
        for (key, run), count in failed.items():
            again[key.task, run] += count - 1
        assert all(count <= TOTAL for count in again.values()), again

    @invariant()
    def law_15_no_false_success(self) -> None:
        """What counts as a success came to a good end by itself, not by its engine's doing."""
        history = self.all_that_happened()
        for fact in self.facts():
            if isinstance(fact, AttemptEnded) and fact.result is Result.SUCCEEDED:
                name = history.container_name(history.owner(fact.attempt), "demo")
                assert name in self.lab.world.journal.done, fact

    # --- once faults stop ----------------------------------------------------------------

    @rule()
    def all_is_calm(self) -> None:
        """Laws 6, 7, 12 and 17: one resync, and everything is where it should be."""
        self.lab.world.autoexit = lambda _: None
        for action in self.to_do:
            self.inbox.append(carry_out(self.lab.driver.engines["local"], action))
        self.to_do.clear()
        for heard in self.inbox:
            self.hear(heard)
        self.inbox.clear()
        self.lists.clear()
        for _ in range(12):
            self.lab.wait(120)
        self.law_7_fixpoint()
        self.law_17_liveness()

    def law_7_fixpoint(self) -> None:
        assert self.lab.settle() == []
        thought = self.thought()
        self.lab.crash()
        assert self.lab.settle() == [], "a restart finds something to do"
        assert self.thought() == thought, "planned bit by bit, it is another plan than as a whole"

    def thought(self) -> dict[InstanceKey, tuple[object, ...]]:
        verdicts = self.lab.core.all_verdicts()
        return {v.key: (v.state, v.settled, v.ready, v.blocked, v.suspended) for v in verdicts}

    def law_17_liveness(self) -> None:
        wanted = {task.name: task for task in (self.batch, self.web) if task}
        for name, task in wanted.items():
            states = [self.lab.verdict(name, i) for i in task.instances]
            live = sum(v.state is InstanceState.RUNNING for v in states)
            bound = task.parallelism if task.parallelism is not None else len(states)
            assert live <= bound
            for verdict in states:
                assert verdict.reason
                assert verdict.settled or verdict.blocked or live == bound, verdict
        history = self.lab.record.load()
        for attempt in {history.owner(_parsed(name)) for name in self.running()}:
            task_now = wanted.get(attempt.key.task)
            if task_now is None:
                assert self.lab.verdict(*attempt.key).protected
            else:
                assert attempt.key.instance in task_now.instances


class ForgetfulFate(Fate):
    """The same where next to nothing of what is over is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = keeping(runs=1, attempts=1)
        self.limits.__enter__()

    def teardown(self) -> None:
        self.limits.__exit__(None, None, None)


def _lineage(key: InstanceKey) -> InstanceKey:
    """Return an instance by the name that its task had first."""
    return InstanceKey(key.task.partition("-")[0], key.instance)


def _identity(name: str) -> InstanceKey:
    return _lineage(_parsed(name).key)


def _parsed(name: str) -> AttemptKey:
    parsed = parse_container_name(name)
    assert parsed is not None
    return parsed[1]


TestFate = Fate.TestCase
TestForgetfulFate = ForgetfulFate.TestCase
TestFate.settings = TestForgetfulFate.settings = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
