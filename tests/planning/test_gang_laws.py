"""Law 16, held against fate: no member of a gang starts before all are there, nor stays alone."""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from reconciler.controller.execution import carry_out
from reconciler.controller.happenings import Finished
from reconciler.engines.engine import EngineError, TransientError, UnreachableError
from reconciler.engines.simulated.world import When
from reconciler.model.action import Action, InstanceState, Verb
from reconciler.model.desired import Backoff, Retry
from reconciler.model.fact import AttemptEnded, AttemptReserved, Result
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord

SIZE = 3
RETRIES = 2


class GangFate(RuleBasedStateMachine):
    """One gang on one machine, whose programs fail, vanish and are refused as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab()
        self.to_do: list[Action] = []
        self.inbox: list[Finished] = []
        self.ails: tuple[str, EngineError] | None = None
        self.lab.world.faults = self.fault

    def fault(self, call: str, subject: str, when: When) -> Exception | None:
        del subject
        if self.ails is None or self.ails[0] != call:
            return None
        error = self.ails[1]
        if when == ("after" if isinstance(error, UnreachableError) else "before"):
            self.ails = None
            return error
        return None

    @initialize()
    def begin(self) -> None:
        self.commit(("true",))

    @rule(command=st.sampled_from([("true",), ("other",)]))
    def commit(self, command: tuple[str, ...]) -> None:
        retry = Retry(RETRIES, Backoff(jitter=0.0))
        self.lab.commit(make_task("crew", SIZE, gang=True, retry=retry, spec={"command": command}))

    @rule(call=st.sampled_from(["create", "start", "signal", "remove"]), lose=st.booleans())
    def a_call_will_fail(self, call: str, *, lose: bool) -> None:
        error = UnreachableError("the answer was lost") if lose else TransientError("refused")
        self.ails = (call, error)

    @precondition(lambda self: self.lab.live())
    @rule(data=st.data(), code=st.sampled_from([0, 1]))
    def a_program_ends(self, data: st.DataObject, code: int) -> None:
        self.lab.world.finish(data.draw(st.sampled_from(self.lab.live())), code)

    @precondition(lambda self: self.lab.world.boxes)
    @rule(data=st.data())
    def a_container_is_removed(self, data: st.DataObject) -> None:
        self.lab.world.remove_by_hand(data.draw(st.sampled_from(sorted(self.lab.world.boxes))))

    @rule(turns=st.integers(1, 6))
    def stride(self, turns: int) -> None:
        for _ in range(turns):
            self.turn()
            while self.to_do:
                self.inbox.append(self.carry_out(self.to_do.pop(0)))
            while self.inbox:
                self.hear(0)
            self.lab.driver.look()

    @rule()
    def turn(self) -> None:
        actions = self.lab.core.turn()
        for run in {action.run for action in actions if action.verb is Verb.START}:
            self.law_16_all_are_there(run)
        self.to_do += actions

    @precondition(lambda self: self.to_do)
    @rule(data=st.data())
    def carry_one_out(self, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(self.to_do) - 1))
        self.inbox.append(self.carry_out(self.to_do.pop(position)))

    @precondition(lambda self: self.inbox)
    @rule(data=st.data())
    def hear_one(self, data: st.DataObject) -> None:
        self.hear(data.draw(st.integers(0, len(self.inbox) - 1)))

    @rule(seconds=st.sampled_from([0.5, 2.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.lab.now += seconds
        self.lab.driver.look()

    @rule()
    def crash(self) -> None:
        self.to_do.clear()
        self.inbox.clear()
        self.lab.crash()

    @rule()
    def all_is_calm(self) -> None:
        """Once faults stop the gang runs as a whole, has ended, or says what it waits for."""
        self.ails = None
        while self.to_do:
            self.inbox.append(self.carry_out(self.to_do.pop()))
        while self.inbox:
            self.hear(0)
        for _ in range(12):
            self.lab.wait(120)
        states = Counter(self.lab.verdict("crew", n).state for n in range(SIZE))
        running, done = states[InstanceState.RUNNING], states[InstanceState.SUCCEEDED]
        assert running in {0, SIZE - done}, states
        if running == 0 and done < SIZE:
            assert states[InstanceState.FAILED], states
            assert states[InstanceState.FAILED] + states[InstanceState.CANCELLED] == SIZE - done
        assert self.lab.settle() == []

    # --- what is seen from outside -------------------------------------------------------

    def carry_out(self, action: Action) -> Finished:
        return carry_out(self.lab.driver.engines["local"], action)

    def hear(self, position: int) -> None:
        if self.lab.core.finished(self.inbox.pop(position)):
            self.lab.driver.look()

    def law_16_all_are_there(self, run: int) -> None:
        """Each member has completed, or a container was made for it that has not ended yet."""
        record = self.lab.record
        assert isinstance(record, MemoryRecord)
        ended = {f.attempt: f.result for f in record.facts if isinstance(f, AttemptEnded)}
        reserved = [f.attempt for f in record.facts if isinstance(f, AttemptReserved)]
        made = {c.name for c in self.lab.world.journal.calls if c.verb == "create"}
        for member in range(SIZE):
            own = [a for a in reserved if (a.run, a.key.instance) == (run, member)]
            if any(ended.get(attempt) is Result.SUCCEEDED for attempt in own):
                continue
            assert own, f"{member} has never been made"
            assert own[-1] not in ended, f"{own[-1]} has ended"
            assert own[-1].container_name("demo") in made, f"{own[-1]} is not there yet"


TestGangFate = GangFate.TestCase
TestGangFate.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
