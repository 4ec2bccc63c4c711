"""Fate's third hand: the reconciler's own steps, one by one or in strides."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from reconciler.engines.engine import UnreachableError
from reconciler.model.action import Action, Verb
from tests.laws.fate import Fate

# For what is to be seldom: three times in four something else happens.
often = st.integers(0, 3).map(bool)
_MOVES = ("call", "call", "call", "late", "hear", "hear", "plan")
_CHANGING = ("create", "start", "signal", "remove")
_MOST_TURNS = 200
_CALLED = {
    "create": {"create"},
    "start": {"start"},
    "signal": {"stop", "kill"},
    "remove": {"remove"},
}


class Steps(Fate):
    """What the reconciler does, in any order."""

    @rule()
    def it_looks(self) -> None:
        self.stage.look()

    @rule(moves=st.lists(st.tuples(st.sampled_from(_MOVES), st.integers(0, 5)), max_size=8))
    def it_stumbles(self, moves: list[tuple[str, int]]) -> None:
        """It plans, calls and hears in any order, and not of everything."""
        self.plan()
        for move, which in moves:
            if move == "plan":
                self.plan()
            elif move == "hear" and self.stage.inbox:
                self.stage.hear(which % len(self.stage.inbox))
            elif move in {"call", "late"} and self.stage.to_do:
                self.faults["late call"] += move == "late"
                self.stage.do(which % len(self.stage.to_do), late=move == "late")

    @rule(turns=st.integers(1, 6), listening=st.booleans())
    def it_strides(self, turns: int, *, listening: bool) -> None:
        """Several turns in a row, each with what comes of it."""
        for _ in range(turns):
            self.a_turn(listening=listening)

    @rule(
        turns=st.integers(2, 5), code=st.sampled_from([0, 0, 1]), pause=st.sampled_from([2, 2, 61])
    )
    def work_goes_on(self, turns: int, code: int, pause: float) -> None:
        """Undisturbed: what is begun ends, and what comes after it begins."""
        for _ in range(turns):
            self.turns(4)
            for node, name in self.running()[:2]:
                self.stage.nodes[node].finish(name, code)
            self.stage.now += pause

    @rule(turns=st.integers(2, 5), lost=st.integers(0, 20), verb=st.sampled_from(_CHANGING))
    def it_strides_over_a_lost_answer(self, turns: int, lost: int, verb: str) -> None:
        """One of the calls is carried out, and nobody hears of it."""
        calls = 0
        for _ in range(turns):
            self.plan()
            while self.stage.to_do:
                calls += self.stage.to_do[0].verb.value in _CALLED[verb]
                if calls == lost:
                    self.fault("lost answer")
                    self.stage.ail = verb, "after", UnreachableError("the connection broke")
                self.stage.do(0)
            self.do_all()
            self.hear_nodes(listening=True)

    def goes_on(self, otherwise: bool) -> bool:
        """Go on with the work where something seldom is not to happen now; return whether."""
        if otherwise:
            self.turns(3)
        return otherwise

    def turns(self, number: int) -> None:
        """Take several turns, undisturbed."""
        for _ in range(number):
            self.a_turn(listening=True)

    def a_turn(self, *, listening: bool) -> None:
        """Plan, do it, hear of it."""
        self.plan()
        self.do_all()
        self.hear_nodes(listening=listening)

    def hear_nodes(self, *, listening: bool) -> None:
        """Hear what nodes tell; those in doubt are asked."""
        for hint in self.stage.overhear() if listening else ():
            if self.stage.hint(hint):
                self.stage.look(hint.node)
        for node in self.stage.doubted():
            self.stage.look(node)

    def settle(self) -> bool:
        """Look, and act until nothing more is to be done now; return whether there was anything."""
        self.stage.look()
        acted = False
        for _ in range(_MOST_TURNS):
            actions = self.plan()
            if not actions and not self.stage.core.more_to_plan():
                return acted
            acted = acted or bool(actions)
            self.do_all()
            self.stage.look()
        raise AssertionError("law 7: the reconciler finds no rest")

    def do_all(self) -> None:
        """Carry out all that was asked for, and hear what came of it."""
        while self.stage.to_do:
            self.stage.do(0)
        while self.stage.inbox:
            self.stage.hear(0)

    # --- what is judged of a plan ----------------------------------------------------------------

    def plan(self) -> list[Action]:
        """Take one turn, and judge what it asks for before any of it is done."""
        actions = self.stage.turn()
        self.judge(actions)
        return actions

    def judge(self, actions: list[Action]) -> None:
        """Each action has a cause, and a start has all the others of its gang."""
        for action in actions:
            assert action.cause.reason, f"{action.verb} of {action.subject} has no cause"
            assert (
                not action.cause.field
                or action.cause.old != action.cause.new
                or not action.cause.old
            )
            if action.verb is Verb.START:
                self.law_12_bound(action)
                self.law_16_all_are_there(action)

    def law_12_bound(self, action: Action) -> None:
        """Remember how many may run at once when a start is decided."""
        task, bounds = self.stage.core.desired.tasks[action.task], self.laws.engines.bounds
        before = bounds.get(action.subject, 0)
        now = task.parallelism
        bounds[action.subject] = None if None in {before, now} else max(before or 0, now or 0)

    def law_16_all_are_there(self, action: Action) -> None:
        """Each member of a gang has completed, or was made and has not ended."""
        task = self.stage.core.desired.tasks[action.task]
        run = self.laws.record.known.task(task.name).runs[action.run]
        for member in task.instances if task.gang else ():
            own = run.attempts_of(member)
            if run.succeeded(member) or run.cancel_of(member):
                continue
            self.checked["law 16"] += 1
            assert own, f"law 16: {action.subject} starts, and {member} has never been made"
            assert own[-1].result is None, f"law 16: {action.subject} starts, {member} has ended"
