"""Completion follows the combination of a matrix, not the number of its instance."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.controller import requests
from reconciler.model.action import CreateRequest, InstanceState
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import CombinationNumbered, Relearned
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey
from reconciler.planning.numbering import names_in, numbered, text_of, values_in, worded
from tests.support.desired import make_desired, make_matrix, make_task
from tests.support.lab import Lab, MemoryRecord

SWEEP = {"alpha": ["1", "2"], "beta": ["a", "b"]}


class Sweep(Lab):
    """A lab in which programs end well at once, and which remembers what they saw."""

    def __init__(self, *tasks: DesiredTask) -> None:
        super().__init__(*tasks)
        self.saw: list[dict[str, str]] = []
        self.world.autoexit = self._run
        self.settle()

    def _run(self, request: CreateRequest) -> int:
        names = {"INSTANCE_ID", "alpha", "beta"}
        self.saw.append({n: v for n, v in request.env if n in names})
        return 0


def ids(lab: Lab, name: str = "work") -> dict[str, int]:
    task = lab.core.desired.tasks[name]
    return {worded(task.values_of(number)): number for number in task.instances}


def test_each_combination_is_an_instance_that_sees_its_values() -> None:
    lab = Sweep(make_matrix("work", SWEEP))
    assert lab.saw == [
        {"INSTANCE_ID": "0", "alpha": "1", "beta": "a"},
        {"INSTANCE_ID": "1", "alpha": "1", "beta": "b"},
        {"INSTANCE_ID": "2", "alpha": "2", "beta": "a"},
        {"INSTANCE_ID": "3", "alpha": "2", "beta": "b"},
    ]


def test_a_new_value_runs_its_combinations_and_nothing_else() -> None:
    lab = Sweep(make_matrix("work", SWEEP))
    lab.apply(make_matrix("work", {"alpha": ["0", "1", "2"], "beta": ["a", "b"]}))
    assert lab.saw[4:] == [
        {"INSTANCE_ID": "4", "alpha": "0", "beta": "a"},
        {"INSTANCE_ID": "5", "alpha": "0", "beta": "b"},
    ]
    assert {attempt.run for attempt in runs_of(lab)} == {1}
    assert [lab.verdict("work", n).state for n in range(6)] == [InstanceState.SUCCEEDED] * 6
    assert lab.settle() == []


def test_why_a_combination_runs_says_whether_it_came_later() -> None:
    lab = Sweep(make_matrix("work", SWEEP, parallelism=1))
    lab.apply(make_matrix("work", {"alpha": ["0", "1", "2"], "beta": ["a", "b"]}, parallelism=1))
    made = (e for e in memory(lab).entries if e.kind == "create")
    assert [(e.instance, e.message) for e in made] == [
        *((number, "new task") for number in range(4)),
        *((number, "its combination has not run yet") for number in (4, 5)),
    ]


def memory(lab: Lab) -> MemoryRecord:
    assert isinstance(lab.record, MemoryRecord)
    return lab.record


def runs_of(lab: Lab) -> list[AttemptKey]:
    return [box.request.attempt for box in lab.world.boxes.values() if box.request]


def test_the_number_of_instances_is_that_of_the_combinations() -> None:
    lab = Sweep(make_matrix("work", SWEEP))
    lab.apply(make_matrix("work", {"alpha": ["2", "3"], "beta": ["b"]}))
    request = lab.world.boxes["demo.work.1.4.1"].request
    assert request is not None
    assert dict(request.env)["INSTANCE_COUNT"] == "2"


def test_a_combination_that_comes_back_has_its_old_id_and_stays_completed() -> None:
    lab = Sweep(make_matrix("work", {"alpha": ["1", "2", "3"]}))
    lab.apply(make_matrix("work", {"alpha": ["3"]}))
    lab.apply(make_matrix("work", {"alpha": ["4", "3"]}))
    assert ids(lab) == {"alpha=3": 2, "alpha=4": 3}
    lab.apply(make_matrix("work", {"alpha": ["4", "1"]}))
    assert ids(lab) == {"alpha=1": 0, "alpha=4": 3}
    assert len(lab.world.journal.starts) == 4


def test_neither_order_nor_a_restart_moves_an_id() -> None:
    lab = Sweep(make_matrix("work", SWEEP))
    before = ids(lab)
    lab.crash()
    other = {"beta": ["b", "a"], "alpha": ["2", "1"]}
    assert lab.apply(make_matrix("work", other)) == []
    assert ids(lab) == before


def test_a_name_less_makes_other_combinations_in_another_run() -> None:
    lab = Sweep(make_matrix("work", SWEEP))
    lab.apply(make_matrix("work", {"alpha": ["1", "2"]}))
    assert ids(lab) == {"alpha=1": 4, "alpha=2": 5}
    assert lab.world.journal.starts[4:] == ["demo.work.2.4.1", "demo.work.2.5.1"]
    reason = lab.core.history.tasks["work"].runs[2].reason
    assert reason == "other values differ from instance to instance"
    lab.apply(make_matrix("work", SWEEP))
    assert len(lab.world.journal.starts) == 6, "the run before is resumed"


def test_a_plain_instance_is_no_combination_and_the_other_way_round() -> None:
    lab = Sweep(make_task("work", 2))
    lab.apply(make_matrix("work", {"alpha": ["1", "2"]}))
    assert lab.world.journal.starts[2:] == ["demo.work.2.0.1", "demo.work.2.1.1"]
    lab.apply(make_task("work", 2))
    lab.apply(make_matrix("work", {"alpha": ["2", "1"]}))
    assert len(lab.world.journal.starts) == 4, "each goes on in its own run"
    assert ids(lab) == {"alpha=1": 0, "alpha=2": 1}


def test_running_combinations_go_on_when_others_come_and_go() -> None:
    lab = Lab(make_matrix("work", {"alpha": ["1", "2"]}))
    lab.settle()
    lab.apply(make_matrix("work", {"alpha": ["0", "2"]}))
    assert lab.live() == ["demo.work.1.1.1", "demo.work.1.2.1"]


def test_a_renamed_task_keeps_the_ids_of_its_combinations() -> None:
    lab = Sweep(make_matrix("old", {"alpha": ["1", "2"]}))
    after = {"alpha": ["0", "2"]}
    lab.apply(make_matrix("new", after, renamed_from="old"))
    assert ids(lab, "new") == {"alpha=2": 1, "alpha=0": 2}
    assert lab.world.journal.starts[2:] == ["demo.new.1.2.1"]


@pytest.mark.parametrize("fields", [{"spec": {"command": ("false",)}}, {"rerun": 1}, {}])
def test_a_mass_rerun_is_held_and_more_values_are_not(fields: dict[str, object]) -> None:
    lab = Sweep(make_matrix("work", {"alpha": list("012345")}))
    lab.apply(make_matrix("work", {"alpha": list("0123456789")}, **fields))
    assert [hold.count for hold in lab.core.holds] == ([6] if fields else [])
    assert len(lab.world.journal.starts) == (6 if fields else 10)


def test_other_names_are_a_mass_rerun() -> None:
    lab = Sweep(make_matrix("work", {"alpha": list("012345")}))
    lab.apply(make_matrix("work", {"gamma": list("01234567")}))
    assert [hold.count for hold in lab.core.holds] == [6]


def test_after_a_lost_ledger_containers_say_which_combination_they_are() -> None:
    lab = Lab(make_matrix("work", {"alpha": ["1", "2"]}))
    lab.settle()
    lab.apply(make_matrix("work", {"alpha": ["3", "2"]}))
    lab.record = MemoryRecord()
    lab.record.facts.append(Relearned(confirmed=False, at=lab.now))
    lab.crash()
    lab.settle()
    assert ids(lab) == {"alpha=2": 1, "alpha=3": 2}
    assert lab.live() == ["demo.work.1.1.1", "demo.work.1.2.1"]
    lab.core.note([Relearned(confirmed=True, at=lab.now)])
    assert lab.settle() == []
    assert ids(lab) == {"alpha=2": 1, "alpha=3": 2}


def test_what_is_numbered_stays_as_it_is_and_is_recorded_once() -> None:
    task = make_matrix("work", {"alpha": ["1", "2"]})
    known = History()
    known.apply(CombinationNumbered("work", 7, text_of((("alpha", "2"),)), 1.0))
    once = numbered(make_desired(task), known)
    assert once.tasks["work"].instances == (7, 8)
    assert numbered(once, known) is once
    lab = Sweep(task)
    lab.crash()
    lab.settle()
    record = lab.record
    assert isinstance(record, MemoryRecord)
    assert sum(isinstance(fact, CombinationNumbered) for fact in record.facts) == 2


def test_texts_are_canonical() -> None:
    values = (("beta", 'a"b'), ("alpha", "ä 1"))
    assert text_of(values) == '{"alpha":"ä 1","beta":"a\\"b"}'
    assert values_in(text_of(values)) == (("alpha", "ä 1"), ("beta", 'a"b'))
    assert names_in(text_of(values)) == "alpha,beta"
    assert (text_of(()), values_in(""), values_in("x"), values_in("[1]")) == ("", (), (), ())


def test_a_task_without_instances_begins_nothing() -> None:
    task: DesiredTask = make_task("work", 0)
    assert Lab(task).settle() == []


def test_a_rerun_by_request_is_one_of_the_matrix() -> None:
    lab = Sweep(make_matrix("work", {"alpha": ["1", "2"]}))
    judged = requests.judge("rerun", {"task": "work"}, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    assert lab.world.journal.starts[2:] == ["demo.work.2.0.1", "demo.work.2.1.1"]
    assert lab.settle() == []


values = st.lists(st.sampled_from("abcd"), max_size=4, unique=True)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(values, values, st.booleans()), max_size=8))
def test_no_combination_runs_twice(commits: list[tuple[list[str], list[str], bool]]) -> None:
    """Law 2, by the values that programs saw, whatever comes, goes and comes back."""
    lab = Sweep()
    for alpha, beta, crash in commits:
        lab.apply(make_matrix("work", {"alpha": alpha, "beta": beta}))
        if crash:
            lab.crash()
    seen = Counter(tuple(sorted(shown.items())) for shown in lab.saw)
    assert all(count == 1 for count in seen.values())
    combinations = Counter((shown["alpha"], shown["beta"]) for shown in lab.saw)
    wanted = {pair for alpha, beta, _ in commits for pair in product(alpha, beta)}
    assert combinations == Counter(wanted)
