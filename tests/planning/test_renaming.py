"""A renamed task keeps what runs and what has completed; only what is new has the new name."""

import copy
from pathlib import Path
from typing import Any

from reconciler.controller.happenings import Hinted
from reconciler.engines.engine import EngineEvent
from reconciler.model.action import InstanceState, Verb
from reconciler.model.desired import DesiredTask, Restart, Retry
from reconciler.model.fact import Suspended
from reconciler.planning import plan
from tests.support.desired import make_desired, make_task
from tests.support.lab import Lab


def renamed(count: int = 2, old: str = "old", name: str = "new", **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own fields
    return make_task(name, count, renamed_from=old, **fields)


def test_nothing_restarts() -> None:
    lab = Lab(make_task("old", 2))
    lab.settle()
    before = lab.live()
    assert lab.apply(renamed()) == []
    assert lab.live() == before == ["demo.old.1.0.1", "demo.old.1.1.1"]
    assert lab.verdict("new", 1).state is InstanceState.RUNNING
    assert "old" not in lab.core.verdicts


def test_what_completed_stays_completed() -> None:
    lab = Lab(make_task("old", 2))
    lab.settle()
    lab.world.finish("demo.old.1.0.1", 0)
    lab.settle()
    lab.apply(renamed())
    assert lab.verdict("new", 0).state is InstanceState.SUCCEEDED
    lab.world.finish("demo.old.1.1.1", 0)
    lab.settle()
    lab.world.remove_by_hand("demo.old.1.1.1")
    lab.settle()
    assert lab.verdict("new", 1).state is InstanceState.SUCCEEDED
    assert lab.live() == []


def test_the_next_attempt_has_the_new_name() -> None:
    lab = Lab(make_task("old", 1, retry=Retry(2)))
    lab.settle()
    lab.apply(renamed(1, retry=Retry(2)))
    lab.world.finish("demo.old.1.0.1", 1)
    lab.settle()
    lab.wait(600)
    assert lab.live() == ["demo.new.1.0.2"]
    lab.world.finish("demo.new.1.0.2", 1)
    lab.settle()
    lab.wait(600)
    assert lab.live() == ["demo.new.1.0.3"]
    assert set(lab.world.boxes) <= {"demo.new.1.0.2", "demo.new.1.0.3"}


def test_scaling_and_changing_go_on_under_both_names() -> None:
    lab = Lab(make_task("old", 3))
    lab.settle()
    lab.apply(renamed(1))
    assert lab.live() == ["demo.old.1.0.1"]
    lab.apply(renamed(2, spec={"command": ("true",)}))
    assert lab.live() == ["demo.new.2.0.1", "demo.new.2.1.1"]
    assert sorted(lab.world.boxes) == ["demo.new.2.0.1", "demo.new.2.1.1"]


def test_the_annotation_is_needed_only_once() -> None:
    lab = Lab(make_task("old", 2))
    lab.settle()
    lab.apply(renamed())
    before = lab.live()
    assert lab.apply(make_task("new", 2)) == []
    lab.crash()
    assert lab.settle() == []
    assert lab.live() == before


def test_events_of_old_names_are_heard() -> None:
    lab = Lab(make_task("old"))
    lab.settle()
    lab.apply(renamed(1))
    box = lab.world.boxes["demo.old.1.0.1"]
    lab.world.finish("demo.old.1.0.1", 0)
    event = EngineEvent("container", "die", box.id, box.name, lab.now, exit_code=0)
    lab.core.hinted(Hinted("local", event))
    assert [a.verb for a in lab.core.turn()] == [Verb.COLLECT]


def test_a_call_on_its_way_counts_for_the_new_name() -> None:
    lab = Lab(make_task("old"))
    pull, *_ = lab.core.turn()
    lab.commit(renamed(1))
    assert lab.core.turn() == []
    assert pull.task == "old"
    for _ in range(4):
        lab.settle()
    assert len(lab.live()) <= 1


def test_a_name_that_comes_back_is_another_task() -> None:
    lab = Lab(make_task("old"))
    lab.settle()
    lab.apply(renamed(1))
    lab.apply(make_task("new"), make_task("old"))
    assert lab.live() == ["demo.old.1.0.1", "demo.old.2.0.1"]
    lab.crash()
    assert lab.settle() == []
    lab.apply(make_task("new"))
    assert lab.live() == ["demo.old.1.0.1"]


def test_there_and_back_and_on() -> None:
    lab = Lab(make_task("a"))
    lab.settle()
    for old, name in (("a", "b"), ("b", "a"), ("a", "c")):
        assert lab.apply(renamed(1, old, name)) == []
        assert lab.verdict(name).state is InstanceState.RUNNING
    assert lab.live() == ["demo.a.1.0.1"]


def test_runs_of_its_own_are_not_mixed_with_others() -> None:
    lab = Lab(make_task("new"))
    lab.settle()
    lab.apply(make_task("old"))
    lab.apply(renamed(1))
    assert lab.live() == ["demo.new.1.0.2"]
    assert list(lab.core.history.tasks["old"].runs) == [1]


def test_services_are_not_interrupted() -> None:
    fields: dict[str, Any] = {"restart": Restart.ALWAYS, "retry": Retry(None)}
    lab = Lab(make_task("old", 2, **fields))
    lab.settle()
    assert lab.apply(renamed(2, **fields)) == []
    assert lab.core.at_rest()


def test_a_suspension_goes_along() -> None:
    lab = Lab(make_task("old"))
    lab.settle()
    lab.core.note([Suspended("task/old", lab.now)])
    lab.apply(renamed(2))
    assert lab.live() == ["demo.old.1.0.1"]
    assert list(lab.core.history.suspensions) == ["task/new"]


def test_planning_changes_nothing_that_it_is_given() -> None:
    lab = Lab(make_task("old", 2))
    lab.settle()
    before = copy.deepcopy(lab.core.history)
    plan(
        make_desired(renamed(), revision="f-9"),
        lab.core.board.observed(),
        lab.core.history,
        lab.now,
    )
    assert lab.core.history == before


def test_a_ledger_on_disk_agrees(tmp_path: Path) -> None:
    lab = Lab(make_task("old", 2), folder=tmp_path)
    lab.settle()
    assert lab.apply(renamed()) == []
    lab.crash()
    assert lab.settle() == []
    lab.world.finish("demo.old.1.0.1", 0)
    lab.settle()
    lab.crash()
    lab.settle()
    assert lab.verdict("new", 0).state is InstanceState.SUCCEEDED
