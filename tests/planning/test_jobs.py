"""What the tasks of a job mean to each other: a failure that stops the rest, and a deadline."""

from typing import Any

import pytest

from reconciler.model.action import InstanceState
from reconciler.model.desired import Condition, Dependency, DesiredTask, Restart, Retry
from reconciler.model.fact import RetryGranted
from tests.planning.test_dependencies import CHANGED, ask, end, state
from tests.support.desired import make_job, make_task
from tests.support.lab import Lab

HOUR = 3600.0


def member(name: str, count: int = 1, *, after: str = "", **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own fields
    waits = (Dependency(after, fields.pop("condition", Condition.SUCCESS)),) if after else ()
    return make_task(name, count, job="j", depends_on=waits, **fields)


def cancelling(*tasks: DesiredTask) -> Lab:
    lab = Lab(*tasks, jobs=[make_job(cancel=True)])
    lab.settle()
    return lab


def limited(*tasks: DesiredTask) -> Lab:
    lab = Lab(*tasks, jobs=[make_job(deadline=2 * HOUR)])
    lab.settle()
    return lab


def states(lab: Lab, *names: str) -> list[str]:
    return [lab.verdict(name).state.value for name in names]


# --- onTaskFailure -------------------------------------------------------------------------------


def test_a_failure_stops_the_others() -> None:
    lab = cancelling(member("a"), member("b", 2), member("c", after="b"), make_task("apart"))
    end(lab, "b.1.0.1")
    end(lab, "a.1.0.1", 3)
    assert lab.live() == ["demo.apart.1.0.1"]
    assert state(lab, "b", 1) == ("Cancelled", "task a of job j has failed")
    assert state(lab, "b", 0)[0] == "Succeeded", "what has completed stays so"
    assert state(lab, "c")[0] == "Cancelled"
    assert lab.verdict("b", 1).after == "a"
    assert lab.core.at_rest()
    lab.crash()
    assert lab.settle() == []


def test_a_failure_of_an_instance_is_none_of_its_task_before_that_has_ended() -> None:
    lab = cancelling(member("a", 2), member("b"))
    end(lab, "a.1.0.1", 3)
    assert lab.live() == ["demo.a.1.1.1", "demo.b.1.0.1"]
    end(lab, "a.1.1.1")
    assert lab.live() == []


def test_without_it_the_others_go_on() -> None:
    lab = Lab(member("a"), member("b"), jobs=[make_job()])
    lab.settle()
    end(lab, "a.1.0.1", 3)
    assert lab.live() == ["demo.b.1.0.1"]


def test_a_cancelled_task_stops_no_other() -> None:
    lab = cancelling(member("a"), member("b"))
    ask(lab, "stop", task="a")
    assert lab.live() == ["demo.b.1.0.1"]


def test_what_is_for_failures_is_left_to_it() -> None:
    lab = cancelling(
        member("a"),
        member("notify", after="a", condition=Condition.FAILURE),
        member("tidy", after="a", condition=Condition.ANY),
    )
    end(lab, "a.1.0.1", 3)
    assert lab.live() == ["demo.notify.1.0.1", "demo.tidy.1.0.1"]


def test_it_goes_on_once_what_failed_has_another_run() -> None:
    b, c = member("b", 2), member("c", after="b")
    lab = cancelling(member("a"), b, c)
    end(lab, "b.1.0.1")
    end(lab, "a.1.0.1", 3)
    lab.apply(member("a", spec=CHANGED), b, c)
    assert lab.live() == ["demo.a.2.0.1", "demo.b.1.1.2"], "b/0 has completed"
    end(lab, "a.2.0.1")
    end(lab, "b.1.1.2")
    end(lab, "c.1.0.1")
    assert states(lab, "a", "b", "c") == ["Succeeded"] * 3


def test_a_new_run_waits_as_long_as_a_task_of_its_job_stands_failed() -> None:
    lab = cancelling(member("a"), member("b"))
    end(lab, "b.1.0.1")
    end(lab, "a.1.0.1", 3)
    lab.apply(member("a"), member("b", spec=CHANGED))
    assert states(lab, "a", "b") == ["Failed", "Cancelled"]
    lab.apply(member("a", rerun=1), member("b", spec=CHANGED))
    assert lab.live() == ["demo.a.2.0.1", "demo.b.2.0.1"]


def test_two_that_fail_at_once_are_both_failed() -> None:
    lab = cancelling(member("a"), member("b"))
    lab.world.finish("demo.a.1.0.1", 1)
    end(lab, "b.1.0.1", 2)
    assert states(lab, "a", "b") == ["Failed", "Failed"]
    lab.apply(member("a", rerun=1), member("b", rerun=1))
    assert lab.live() == ["demo.a.2.0.1", "demo.b.2.0.1"]


def test_a_service_of_the_job_is_stopped_too() -> None:
    web = member("web", restart=Restart.ALWAYS, retry=Retry(None))
    lab = cancelling(member("a"), web)
    end(lab, "a.1.0.1", 1)
    assert lab.live() == []
    assert states(lab, "web") == ["Cancelled"]


# --- deadline ------------------------------------------------------------------------------------


def test_what_is_left_fails_when_time_is_up() -> None:
    lab = limited(member("a"), member("b", 2, parallelism=1), member("c", after="b"))
    end(lab, "a.1.0.1")
    assert lab.core.wake_at() == lab.now + 2 * HOUR
    lab.wait(2 * HOUR - 1)
    assert lab.live() == ["demo.b.1.0.1"]
    lab.wait(1)
    assert lab.live() == []
    said = "job j's deadline of 2h has passed"
    assert state(lab, "b", 0) == state(lab, "b", 1) == state(lab, "c") == ("Failed", said)
    assert states(lab, "a") == ["Succeeded"]
    assert lab.core.wake_at() is None
    lab.crash()
    assert lab.settle() == []


def test_it_counts_from_the_first_start_of_any_of_its_tasks() -> None:
    lab = limited(member("a"), member("b", after="a"), member("c", suspend="job j"))
    lab.wait(HOUR)
    end(lab, "a.1.0.1")
    assert lab.live() == ["demo.b.1.0.1"]
    lab.wait(HOUR)
    assert states(lab, "a", "b") == ["Succeeded", "Failed"]


def test_nothing_counts_before_anything_has_started() -> None:
    lab = Lab(member("a", spec={"image": "nowhere:1"}), jobs=[make_job(deadline=2 * HOUR)])
    lab.world.in_registry = lambda _: False
    lab.wait(9 * HOUR)
    assert states(lab, "a") == ["Pending"]
    lab.world.images["nowhere:1"] = "sha256:1"
    lab.wait(60)
    assert states(lab, "a") == ["Running"]


def test_all_of_the_tasks_wake_that_are_left() -> None:
    """Also one that nothing has happened to since the first one started."""
    lab = limited(member("a"), member("z", spec={"image": "nowhere:1"}, count=0), member("y"))
    lab.world.finish("demo.a.1.0.1")
    lab.settle()
    lab.now += 2 * HOUR
    lab.driver.settle()
    assert states(lab, "y") == ["Failed"]


@pytest.mark.parametrize("change", [{"spec": CHANGED}, {"rerun": 1}])
def test_a_new_run_has_all_the_time_there_is(change: dict[str, Any]) -> None:
    b = member("b", after="a")
    lab = limited(member("a"), b)
    end(lab, "a.1.0.1")
    end(lab, "b.1.0.1")
    lab.wait(9 * HOUR)
    lab.apply(member("a", **change), b)
    lab.wait(2 * HOUR - 1)
    assert lab.live() == ["demo.a.2.0.1"]
    lab.wait(1)
    assert states(lab, "a", "b") == ["Failed", "Succeeded"]


def test_a_run_that_was_let_go_on_has_all_the_time_there_is() -> None:
    lab = limited(member("a", retry=Retry(1)))
    lab.wait(2 * HOUR)
    assert states(lab, "a") == ["Failed"]
    lab.wait(HOUR)
    lab.core.note([RetryGranted("a", 1, None, 0, lab.now)])
    lab.settle()
    assert lab.live() == ["demo.a.1.0.2"]
    lab.wait(2 * HOUR - 1)
    assert lab.verdict("a").state is InstanceState.RUNNING
    lab.wait(1)
    assert states(lab, "a") == ["Failed"]


def test_a_job_that_is_over_in_time_is_left_alone() -> None:
    lab = limited(member("a"), member("b"))
    end(lab, "a.1.0.1")
    end(lab, "b.1.0.1", 1)
    lab.wait(9 * HOUR)
    assert states(lab, "a", "b") == ["Succeeded", "Failed"]
    assert "deadline" not in state(lab, "b")[1]


def test_time_that_is_up_while_nobody_looks_is_up() -> None:
    lab = limited(member("a"))
    lab.now += 3 * HOUR
    lab.crash()
    lab.settle()
    assert lab.live() == []
    assert states(lab, "a") == ["Failed"]


def test_a_container_that_takes_its_grace_to_stop_keeps_nobody_busy() -> None:
    lab = limited(member("a"), member("b"))
    lab.world.stubborn.add("demo.a.1.0.1")
    lab.now += 2 * HOUR
    before = lab.core.passes
    lab.driver.settle()
    assert lab.core.passes - before < 12


def test_what_is_suspended_or_cannot_be_started_keeps_nobody_busy_either() -> None:
    stuck = [member(n, blocked="not started") for n in ("c", "d")]
    lab = limited(member("a"), member("b"), *stuck)
    ask(lab, "suspend", target="task/a")
    ask(lab, "suspend", target="task/b")
    lab.wait(2 * HOUR)
    assert states(lab, "a", "b", "c") == ["Failed", "Failed", "Pending"]
    assert lab.live() == []
