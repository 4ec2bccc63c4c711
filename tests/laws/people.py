"""Fate's first hand: people who commit, ask for things, and meddle with containers."""

from collections.abc import Mapping
from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from msgspec.structs import replace

from reconciler.controller.almanac import Wall, scheduled
from reconciler.controller.preview import preview
from reconciler.model.desired import Desired
from reconciler.model.history import History
from reconciler.model.observed import Containers, Observed
from reconciler.planning import plan
from tests.laws.stage import NODES
from tests.laws.steps import Steps, often
from tests.laws.wishes import Change, beginnings, changes, knobs, rows

K = TypeVar("K")
V = TypeVar("V")
_FOREIGN: Final = ("demo.a.1.0.1", "demo.b.2.1.1", "somebody", "demo.web.1.0.2")
_NAMES: Final = st.sampled_from(["a", "b", "c", "web"])


class People(Steps):
    """What people do."""

    @initialize(first=st.sampled_from(beginnings), then=st.lists(changes, max_size=6))
    def begin(self, first: list[Change], then: list[Change]) -> None:
        self.commit([*first, *then], approve=True)

    @rule(what=st.lists(changes, min_size=1, max_size=3), approve=often, turns=st.integers(0, 3))
    def somebody_commits(self, what: list[Change], turns: int, *, approve: bool) -> None:
        self.commit(what, approve=approve)
        self.turns(turns)

    @rule(
        turned=st.one_of(st.lists(knobs, min_size=1, max_size=4), st.sampled_from(rows)),
        turns=st.integers(0, 3),
    )
    def somebody_turns_knobs(self, turned: list[Change], turns: int) -> None:
        """One after the other, perhaps there and back, with some turns after each."""
        for knob in turned:
            self.commit([knob], approve=True)
            self.turns(turns)

    def commit(self, what: list[Change], *, approve: bool) -> None:
        """Change what is asked for, and allow what that brings about."""
        for change in what:
            self.wishes.change(change, self.former())
        self.stage.commit(*self.wishes.made())
        if approve:
            self.request("approve")

    def former(self) -> str:
        """Return the name under which `a` has run so far, if that is another one than it has."""
        known, present = self.stage.core.history.tasks, self.wishes.tasks["a"].name
        ran = [n for n, first in self.wishes.firsts.items() if first == "a" and n in known]
        ran = [name for name in ran if known[name].runs]
        return ran[-1] if ran else present

    @rule(otherwise=often)
    def the_source_is_emptied(self, *, otherwise: bool) -> None:
        """An empty source tears nothing down, and the next commit finds all as it was."""
        if self.goes_on(otherwise):
            return
        self.fault("emptied source")
        self.stage.commit([], [], prunable=False)

    @rule(
        verb=st.sampled_from(["stop", "stop --discard", "retry", "rerun"]),
        name=_NAMES,
        which=st.integers(-3, 3),
    )
    def somebody_asks(self, verb: str, name: str, which: int) -> None:
        verb, _, discard = verb.partition(" --")
        arguments: dict[str, object] = {"task": self.wishes.tasks[name].name}
        arguments |= {discard: True} if discard else {}
        if which >= 0 and verb != "rerun":
            arguments["instance"] = which
        self.request(verb, **arguments)

    @rule(
        whose=st.sampled_from(["", "task/web", "job/j"]),
        stop=st.booleans(),
        end=st.booleans(),
        otherwise=often,
    )
    def somebody_suspends(self, whose: str, *, stop: bool, end: bool, otherwise: bool) -> None:
        if self.goes_on(otherwise):
            return
        until = self.stage.now + 60 if end else 0.0
        self.request("suspend", target=whose, stop=stop, until=until)

    @rule(whose=st.sampled_from(["", "task/web"]))
    def somebody_resumes(self, whose: str) -> None:
        self.request("resume", target=whose)

    @rule(otherwise=often)
    def somebody_destroys(self, *, otherwise: bool) -> None:
        """What was there begins anew with the next revision."""
        if not self.goes_on(otherwise):
            self.request("destroy")

    @rule(node=st.sampled_from(sorted(NODES)), name=st.sampled_from(_FOREIGN), otherwise=often)
    def somebody_runs_a_container(self, node: str, name: str, *, otherwise: bool) -> None:
        """It may have labels of ours, and a name that would be next; it is not ours."""
        boxes = self.stage.nodes[node].boxes
        if not self.goes_on(otherwise) and name not in boxes:
            self.fault("foreign container")
            labels = {"io.reconciler.project": "demo", "io.reconciler.task": "a"}
            made = self.stage.nodes[node].run_by_hand(name, labels)
            self.laws.engines.foreign[node, name] = made

    @precondition(lambda self: self.ours())
    @rule(data=st.data())
    def somebody_removes(self, data: st.DataObject) -> None:
        node, name = data.draw(st.sampled_from(self.ours()))
        self.fault("removal by hand")
        self.stage.nodes[node].remove_by_hand(name)

    @precondition(lambda self: self.running())
    @rule(data=st.data(), how=st.sampled_from(["kill", "stop", "stop well"]))
    def somebody_ends(self, data: st.DataObject, how: str) -> None:
        node, name = data.draw(st.sampled_from(self.running()))
        self.fault("kill by hand" if how == "kill" else "stop by hand")
        if how == "kill":
            self.stage.nodes[node].kill_by_hand(name)
        else:
            self.laws.engines.told_to_end.add(name)
            self.stage.nodes[node].stop_by_hand(name, 0 if how == "stop well" else 143)

    @precondition(lambda self: self.since_calm > 10)
    @rule()
    def somebody_plans(self) -> None:
        """Law 18: nothing changes by it, on nodes or on record."""
        before = self.everything()
        core, now = self.stage.core, self.stage.now
        wanted, seen, history = core.effective(), core.board.observed(), core.history
        images = {name: dict(node.images) for name, node in self.stage.nodes.items()}
        calendar = Wall(self.stage.wall).look(scheduled(core.desired), core.desired.pools.values())
        preview(wanted, seen, history, now, images, calendar)
        made = plan(wanted, seen, history, now, calendar=calendar)
        again = plan(*_reordered(wanted, seen, history), now, calendar=calendar)
        assert made == again, "law 7: a plan depends on the order of what it is made from"
        assert self.everything() == before, "law 18: a plan has changed something"
        self.checked["law 18"] += 1

    def everything(self) -> str:
        """Return all that there is, but for what is on its way."""
        nodes = [(n.boxes, n.volumes, n.images, n.journal) for n in self.stage.nodes.values()]
        core = self.stage.core
        return repr((nodes, self.stage.record.facts, core.history, core.board.observed()))


def _reordered(
    wanted: Desired, seen: Observed, history: History
) -> tuple[Desired, Observed, History]:
    """Return the same, with everything that has no order the other way round."""
    return (
        replace(wanted, tasks=_backwards(wanted.tasks), nodes=_backwards(wanted.nodes)),
        Observed({
            name: replace(view, containers=Containers(reversed([*view.containers.values()])))
            for name, view in _backwards(seen.nodes).items()
        }),
        replace(history, tasks=_backwards(history.tasks)),
    )  # fmt: skip


def _backwards(known: Mapping[K, V]) -> dict[K, V]:
    return dict(reversed([*known.items()]))
