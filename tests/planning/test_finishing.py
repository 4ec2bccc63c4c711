"""`onChange: finish`: what runs ends under its own run, and the new run waits for its place."""

from typing import Any

import pytest

from reconciler.controller import requests
from reconciler.controller.writing import complete
from reconciler.model.action import InstanceState, Verb
from reconciler.model.desired import Backoff, DesiredTask, OnChange, Retry
from reconciler.model.fact import Result, RunOpened
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.spec import Resources
from tests.support.desired import make_task
from tests.support.lab import Lab

OTHER = {"command": ("other",)}


def task(count: int = 2, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own fields
    return make_task("work", count, on_change=OnChange.FINISH, **fields)


def changed(count: int = 2, **fields: Any) -> Lab:  # noqa: ANN401  # as above
    """Return a lab in which instances of the first work run, and another one is asked for."""
    lab = Lab(task(count, **fields))
    lab.settle()
    lab.apply(task(count, spec=OTHER, **fields))
    return lab


def result(lab: Lab, instance: int, run: int, attempt: int = 1) -> Result | None:
    record = lab.core.history.attempt(AttemptKey(InstanceKey("work", instance), run, attempt))
    return record.result if record else None


def test_what_runs_is_left_alone_and_says_who_waits_for_it() -> None:
    lab = Lab(task())
    lab.settle()
    assert lab.apply(task(spec=OTHER)) == []
    assert lab.live() == ["demo.work.1.0.1", "demo.work.1.1.1"]
    verdict = lab.verdict("work")
    assert (verdict.state, verdict.run, verdict.attempt) == (InstanceState.RUNNING, 1, 1)
    assert verdict.reason == "run 2 waits for attempt 1 of run 1 to finish"
    assert lab.core.at_rest()
    assert not complete(lab.core)


def test_each_slot_follows_as_soon_as_its_own_old_one_has_ended() -> None:
    lab = changed()
    lab.world.finish("demo.work.1.1.1")
    lab.settle()
    assert lab.live() == ["demo.work.1.0.1", "demo.work.2.1.1"]
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    assert lab.live() == ["demo.work.2.0.1", "demo.work.2.1.1"]


def test_an_outcome_counts_for_its_own_run_alone() -> None:
    lab = changed(retry=Retry(0))
    lab.world.finish("demo.work.1.0.1", 0)
    lab.world.finish("demo.work.1.1.1", 1)
    lab.settle()
    assert (result(lab, 0, run=1), result(lab, 1, run=1)) == (Result.SUCCEEDED, Result.FAILED)
    assert lab.live() == ["demo.work.2.0.1", "demo.work.2.1.1"]
    for name in lab.live():
        lab.world.finish(name)
    lab.settle()
    assert complete(lab.core)
    assert lab.verdict("work", 1).state is InstanceState.SUCCEEDED


def test_a_failure_under_the_old_run_is_not_tried_again_there() -> None:
    lab = changed(count=1, retry=Retry(5, Backoff(initial=60, jitter=0)))
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    assert lab.live() == ["demo.work.2.0.1"], "and the new run does not wait for a backoff"


def test_back_to_the_former_work_the_running_one_is_the_wanted_one() -> None:
    lab = changed(count=1)
    assert lab.apply(task(1)) == []
    assert lab.verdict("work").reason == "running"
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    assert lab.live() == []
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_of_two_changes_only_the_latest_follows() -> None:
    lab = changed(count=1)
    lab.apply(task(1, spec={"command": ("third",)}))
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    assert lab.live() == ["demo.work.3.0.1"]


def test_old_ones_take_places_under_parallelism() -> None:
    lab = Lab(task(3, parallelism=2))
    lab.settle()
    lab.apply(task(3, parallelism=2, spec=OTHER))
    assert lab.live() == ["demo.work.1.0.1", "demo.work.1.1.1"]
    lab.world.finish("demo.work.1.1.1")
    lab.settle()
    assert len(lab.live()) == 2


def test_a_lowered_bound_ends_the_old_ones_too() -> None:
    lab = changed(count=3)
    lab.apply(task(3, spec=OTHER, parallelism=1))
    assert lab.live() == ["demo.work.1.0.1"]


def test_scaling_down_is_no_change_of_the_work() -> None:
    lab = changed(count=2)
    lab.apply(task(1, spec=OTHER))
    assert lab.live() == ["demo.work.1.0.1"]


def test_a_changed_shape_replaces_what_runs() -> None:
    lab = Lab(task(1))
    lab.settle()
    lab.apply(task(1, spec={"resources": Resources(memory=64)}))
    assert lab.live() == ["demo.work.1.0.2"]


def test_a_changed_shape_reruns_nothing_that_completed() -> None:
    lab = Lab(task(2))
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    for memory in (64, 128):
        lab.apply(task(2, spec={"resources": Resources(memory=memory)}))
    assert lab.live() == ["demo.work.1.1.3"]
    assert lab.verdict("work", 0).state is InstanceState.SUCCEEDED


def test_rerun_waits_like_a_change() -> None:
    lab = Lab(task(1))
    lab.settle()
    lab.apply(task(1, rerun=1))
    assert lab.live() == ["demo.work.1.0.1"]
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    assert lab.live() == ["demo.work.2.0.1"]


@pytest.mark.parametrize(("nominal", "live"), [(0.0, "1.0.1"), (60.0, "2.0.1")])
def test_a_run_by_request_waits_and_one_by_schedule_does_not(nominal: float, live: str) -> None:
    made = task(1)
    lab = Lab(made)
    lab.settle()
    opened = RunOpened("work", 2, made.work.hash, 0, "again", "f-1", lab.now, nominal)
    lab.core.note([opened])
    lab.settle()
    assert lab.live() == [f"demo.work.{live}"]


def test_stop_ends_the_old_one_and_keeps_the_new_one_from_starting() -> None:
    lab = changed(count=1)
    judged = requests.judge("stop", {"task": "work"}, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    assert lab.live() == []
    assert lab.verdict("work").state is InstanceState.CANCELLED
    assert result(lab, 0, run=1) is Result.CANCELLED


def test_its_timeout_ends_an_old_one_too() -> None:
    lab = changed(count=1, timeout=60.0)
    lab.wait(59)
    assert lab.live() == ["demo.work.1.0.1"]
    lab.wait(1)
    assert result(lab, 0, run=1) is Result.FAILED
    assert lab.live() == ["demo.work.2.0.1"]


def test_replace_put_in_its_place_ends_the_old_one_at_once() -> None:
    lab = changed(count=1)
    lab.apply(make_task("work", 1, spec=OTHER))
    assert lab.live() == ["demo.work.2.0.1"]


def test_what_never_ran_gives_way() -> None:
    lab = Lab(task(1))
    for _ in range(2):  # the pull, the create
        lab.driver.step()
    lab.commit(task(1, spec=OTHER))
    assert {action.verb for action in lab.settle()} >= {Verb.REMOVE, Verb.CREATE}
    assert lab.live() == ["demo.work.2.0.1"]


def test_a_crash_between_changes_nothing() -> None:
    lab = changed(count=2)
    lab.crash()
    assert lab.settle() == []
    lab.world.finish("demo.work.1.0.1")
    lab.crash()
    lab.settle()
    assert lab.live() == ["demo.work.1.1.1", "demo.work.2.0.1"]
