"""Fate's second hand: what engines, machines, networks, disks and clocks do."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from reconciler.controller.happenings import Listed
from reconciler.engines.engine import (
    EngineError,
    ImageMissingError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from reconciler.engines.simulated.world import Manner, When
from reconciler.model.action import Action, CreateRequest
from reconciler.model.fact import Relearned
from reconciler.model.observed import Phase
from tests.laws.stage import NODES
from tests.laws.steps import Steps, often

_NODES: Final = st.sampled_from(sorted(NODES))
_CALLS: Final = ("create", "start", "signal", "remove", "inspect", "logs", "resolve", "list",
                 "stage", "store", "stored")  # fmt: skip
_ENDS: Final[list[tuple[Manner, int]]] = [
    ("crash", 0), ("crash", 255), ("kill", 0), ("kill", 143), ("stop", 143), ("stop", 137),
]  # fmt: skip
_AILS: Final[dict[str, tuple[When, EngineError]]] = {
    "lost answer": ("after", UnreachableError("the connection broke")),
    "lost call": ("before", UnreachableError("the connection broke")),
    "refusal": ("before", TransientError("not now")),
    "missing image": ("before", ImageMissingError("there is no such image")),
}
_JUMPS: Final = (-86_400.0, -3_600.0, -90.0, -90.0, 3_600.0, 86_400.0)


class Trouble(Steps):
    """What goes wrong by itself, and how programs end."""

    # --- programs ------------------------------------------------------------------------------

    @precondition(lambda self: self.running())
    @rule(data=st.data(), code=st.sampled_from([0, 0, 0, 1, 1, 3]), oom=st.booleans())
    def a_program_ends(self, data: st.DataObject, code: int, *, oom: bool) -> None:
        node, name = data.draw(st.sampled_from(self.running()))
        self.stage.nodes[node].finish(name, code, oom=oom and code != 0)

    @rule(code=st.sampled_from([None, None, 0, 1, 127]), otherwise=often)
    def programs_end_at_once(self, code: int | None, *, otherwise: bool) -> None:
        """From now on; with 127 none can be started at all."""
        if self.goes_on(otherwise):
            return

        def program(_: CreateRequest) -> int | None:
            if code == 127:
                raise PermanentError("there is no such program", exit_code=127)
            return code

        for node in self.stage.nodes.values():
            node.autoexit = program

    @precondition(lambda self: self.running())
    @rule(data=st.data(), otherwise=often)
    def a_program_ignores_signals(self, data: st.DataObject, *, otherwise: bool) -> None:
        if self.goes_on(otherwise):
            return
        node, name = data.draw(st.sampled_from(self.running()))
        self.fault("deaf program")
        self.stage.nodes[node].stubborn.add(name)

    @precondition(lambda self: self.checked_ones())
    @rule(data=st.data(), health=st.sampled_from(["healthy", "unhealthy"]))
    def a_health_check_answers(self, data: st.DataObject, health: str) -> None:
        node, name = data.draw(st.sampled_from(self.checked_ones()))
        self.stage.nodes[node].become(name, "healthy" if health == "healthy" else "unhealthy")

    def checked_ones(self) -> list[tuple[str, str]]:
        """Return (node, name) of what runs and has a health check."""
        nodes = self.stage.nodes
        return [(n, name) for n, name in self.running() if nodes[n].boxes[name].health]

    # --- engines and machines --------------------------------------------------------------------

    @rule(call=st.sampled_from(_CALLS), how=st.sampled_from(sorted(_AILS)))
    def a_call_will_fail(self, call: str, how: str) -> None:
        """The answer is lost after the engine acted, the call never reaches it, or it says no."""
        self.fault(how)
        self.stage.ail = (call, *_AILS[how])

    @rule(node=_NODES, otherwise=often)
    def images_are_cleared_away(self, node: str, *, otherwise: bool) -> None:
        if self.goes_on(otherwise):
            return
        self.fault("image removed")
        self.stage.nodes[node].images.clear()

    @rule(node=_NODES, otherwise=often)
    def data_are_cleared_away(self, node: str, *, otherwise: bool) -> None:
        if self.goes_on(otherwise):
            return
        self.fault("data removed")
        self.stage.nodes[node].data.clear()

    @rule(node=_NODES, end=st.sampled_from(_ENDS), heard=st.booleans())
    def an_engine_restarts(self, node: str, end: tuple[Manner, int], *, heard: bool) -> None:
        """Its stream ends, and all that was asked of it and has not landed.

        What it told last may still be heard.
        """
        manner, code = end
        self.stage.strays = [stray for stray in self.stage.strays if stray.node != node]
        self.fault(f"engine {manner}")
        machine = self.stage.nodes[node]
        ended = {(node, box.name) for box in machine.boxes.values() if box.phase is Phase.RUNNING}
        self.laws.engines.engine_ended |= ended
        if manner != "stop":
            self.laws.engines.killed_with_engine |= ended
        machine.restart(code, manner)
        told = self.stage.overhear()
        self.stage.listen(node)
        for hint in told if heard else ():
            self.stage.hint(hint)

    @rule(node=_NODES, how=st.sampled_from(["away", "wedged", "unseen"]), otherwise=st.booleans())
    def a_node_is_lost(self, node: str, how: str, *, otherwise: bool) -> None:
        """It is out of reach, perhaps before a reconciler that begins anew has seen it.

        Or its engine lists, and does nothing else.
        """
        if self.goes_on(otherwise):
            return
        self.fault("wedged engine" if how == "wedged" else "node out of reach")
        machine = self.stage.nodes[node]
        machine.wedged, machine.unreachable = how == "wedged", how != "wedged"
        if how == "unseen":
            self.fault("crash")
            self.stage.crash()
            self.stage.look()
            self.turns(2)

    @precondition(lambda self: any(n.unreachable or n.wedged for n in self.stage.nodes.values()))
    @rule(node=_NODES)
    def a_node_is_back(self, node: str) -> None:
        """Of what happened meanwhile its stream tells the last second, if anything."""
        machine = self.stage.nodes[node]
        if machine.unreachable:
            self.stage.listen(node)
        machine.wedged = machine.unreachable = False

    # --- what is told ----------------------------------------------------------------------------

    @rule(which=st.lists(st.integers(0, 29), max_size=4))
    def events_come_as_they_like(self, which: list[int]) -> None:
        """Dropped, doubled, late and out of order: any of those that were told last."""
        self.stage.overhear()
        for position in which if self.stage.told else ():
            self.fault("unruly event")
            self.stage.hint(self.stage.told[-1 - position % len(self.stage.told)])

    @rule(node=_NODES)
    def a_list_begins(self, node: str) -> None:
        seen = self.stage.ask(node)
        if isinstance(seen, Listed):
            self.stage.lists.append(seen)

    @precondition(lambda self: self.stage.lists)
    @rule()
    def a_list_arrives(self) -> None:
        """It may be old by now; of a node, older ones come first."""
        self.fault("late list")
        self.stage.hear_list()

    # --- time ------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 2.0, 30.0, 61.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.stage.now += seconds

    @rule(seconds=st.sampled_from(_JUMPS), otherwise=often)
    def the_clock_is_set(self, seconds: float, *, otherwise: bool) -> None:
        """Law 14: whatever goes by no calendar does not notice."""
        if self.goes_on(otherwise):
            return
        self.fault("clock jump")
        for _ in range(20):
            if not self.plan() and not self.stage.core.more_to_plan():
                break
        self.stage.ahead += seconds
        moved = [action for action in self.plan() if not self.by_calendar(action)]
        assert not moved, f"law 14: {moved[0].verb} of {moved[0].subject}: {moved[0].cause}"
        self.checked["law 14"] += 1
        self.turns(2)

    def by_calendar(self, action: Action) -> bool:
        """Whether a task goes by the calendar, or waits for one that does."""
        tasks = self.stage.desired.tasks
        task = tasks.get(action.task)
        after = task.depends_on if task else ()
        return task is None or any(
            t.schedule or t.job for t in [task, *(tasks[d.task] for d in after)]
        )

    # --- the reconciler's own machine ------------------------------------------------------------

    @rule(full=st.booleans(), otherwise=often)
    def the_disk_is_full(self, *, full: bool, otherwise: bool) -> None:
        if self.goes_on(otherwise):
            return
        self.faults["full disk"] += full
        self.stage.record.full = full

    @rule(lots=st.lists(st.sampled_from(["before", "after", "late", "never"]), max_size=4))
    def the_reconciler_crashes(self, lots: list[str]) -> None:
        """What was on its way lands before the next one looks, after it has, later, or never."""
        self.fault("crash")
        self.plan()
        self.stage.crash()
        drawn = list(zip(self.stage.strays, lots, strict=False))
        for stray in [stray for stray, lot in drawn if lot == "never"]:
            self.stage.strays.remove(stray)
        self.stage.land([stray for stray, lot in drawn if lot == "before"])
        self.stage.look()
        self.stage.land([stray for stray, lot in drawn if lot == "after"])

    @precondition(lambda self: self.stage.strays)
    @rule(data=st.data())
    def a_stray_lands(self, data: st.DataObject) -> None:
        self.fault("late call")
        self.stage.land([data.draw(st.sampled_from(self.stage.strays))])

    @precondition(lambda self: self.wishes.tasks["a"].name == "a")
    @precondition(
        lambda self: not any(n.unreachable or n.wedged for n in self.stage.nodes.values())
    )
    @rule(otherwise=often)
    def the_ledger_is_lost(self, *, otherwise: bool) -> None:
        """While all nodes can be asked: what they show is all that is known, but for renamings."""
        if self.goes_on(otherwise):
            return
        self.fault("lost ledger")
        self.stage.ail = None
        self.stage.land(list(self.stage.strays))
        while self.stage.to_do:
            self.stage.do(0)
        lost = Relearned(confirmed=False, at=self.stage.now)
        self.laws.forget(lost)
        self.stage.lose_ledger(lost)
        self.stage.look()
        self.plan()  # what was learned is on record again before anything else happens
