"""Attempts, their bounds and their ends, on a whole reconciler in memory."""

from typing import Any

import pytest

from reconciler.model.action import InstanceState, TaskState
from reconciler.model.desired import Backoff, DesiredTask, Restart, Retry
from reconciler.model.fact import RetryGranted
from reconciler.planning.status import task_state
from tests.support.desired import make_task
from tests.support.lab import Lab

AT_ONCE = Backoff(initial=0.0, jitter=0.0)


def batch(count: int = 1, **said: Any) -> DesiredTask:  # noqa: ANN401  # a task's fields, a retry's
    """Return a task that makes further attempts without a pause."""
    bounds = {name: said.pop(name) for name in Retry.__struct_fields__ if name in said}
    return make_task(count=count, retry=Retry(**{"backoff": AT_ONCE} | bounds), **said)


def end(lab: Lab, instance: int, code: int, attempt: int = 1) -> None:
    """Let an instance's attempt exit, and the reconciler do what follows."""
    lab.world.finish(f"demo.work.1.{instance}.{attempt}", code)
    lab.settle()


def state(lab: Lab) -> tuple[TaskState, str]:
    return task_state(lab.core.verdicts["work"], lab.desired.tasks["work"])


def test_all_instances_share_the_attempts_of_retry_total() -> None:
    lab = Lab(batch(3, per_instance=None, total=2))
    lab.settle()
    end(lab, 2, 1)
    end(lab, 1, 1)
    assert lab.live() == ["demo.work.1.0.1", "demo.work.1.1.2", "demo.work.1.2.2"]
    end(lab, 0, 1)
    assert lab.verdict("work", 0).state is InstanceState.FAILED
    assert lab.verdict("work", 0).reason == (
        "exit code 1; no further attempt is left of the 2 of retry.total"
    )
    end(lab, 1, 0, attempt=2)
    end(lab, 2, 1, attempt=2)
    assert lab.wait(600) == []
    assert state(lab)[0] is TaskState.FAILED


def test_the_lowest_instance_gets_the_last_attempt_of_all() -> None:
    lab = Lab(batch(3, per_instance=None, total=1))
    lab.settle()
    lab.world.finish("demo.work.1.2.1", 1)
    lab.world.finish("demo.work.1.1.1", 1)
    lab.settle()
    assert lab.live() == ["demo.work.1.0.1", "demo.work.1.1.2"]


def test_a_total_that_is_lowered_holds_at_once_and_a_raised_one_lets_go_on() -> None:
    lab = Lab(batch(2, per_instance=None, total=2))
    lab.settle()
    end(lab, 0, 1)
    lab.apply(batch(2, per_instance=None, total=1))
    end(lab, 1, 1)
    assert lab.verdict("work", 1).state is InstanceState.FAILED
    assert lab.live() == ["demo.work.1.0.2"], "what runs is left to end"
    lab.apply(batch(2, per_instance=None, total=2))
    assert lab.live() == ["demo.work.1.0.2", "demo.work.1.1.2"]


def test_a_new_run_has_all_its_attempts() -> None:
    lab = Lab(batch(per_instance=None, total=1))
    lab.settle()
    end(lab, 0, 1)
    end(lab, 0, 1, attempt=2)
    assert state(lab)[0] is TaskState.FAILED
    lab.apply(batch(per_instance=None, total=1, rerun=1))
    lab.world.finish("demo.work.2.0.1", 1)
    lab.settle()
    assert lab.live() == ["demo.work.2.0.2"]


def test_an_exit_code_that_fails_at_once() -> None:
    lab = Lab(batch(per_instance=5, never=(2,)))
    lab.settle()
    end(lab, 0, 1)
    end(lab, 0, 2, attempt=2)
    assert lab.wait(600) == []
    reason = "exit code 2, which retry.exitCodes.fail excludes"
    assert state(lab) == (TaskState.FAILED, f"work/0: {reason}")
    lab.apply(batch(per_instance=5))
    assert lab.live() == ["demo.work.1.0.3"], "the manifest says otherwise now"


def test_a_service_ends_with_an_exit_code_that_fails_at_once() -> None:
    lab = Lab(batch(2, per_instance=None, never=(2,), restart=Restart.ALWAYS))
    lab.settle()
    end(lab, 0, 2)
    end(lab, 1, 1)
    assert lab.live() == ["demo.work.1.1.2"]
    assert lab.verdict("work", 0).state is InstanceState.FAILED


def test_codes_alone_get_another_attempt_and_others_none() -> None:
    lab = Lab(batch(2, per_instance=None, again=(75,)))
    lab.settle()
    end(lab, 0, 75)
    end(lab, 1, 1)
    assert lab.live() == ["demo.work.1.0.2"]
    assert lab.verdict("work", 1).state is InstanceState.FAILED


def test_memory_that_ran_out_is_told_apart_and_counts() -> None:
    lab = Lab(batch(per_instance=1))
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 137, oom=True)
    lab.settle()
    assert lab.live() == ["demo.work.1.0.2"]
    end(lab, 0, 137, attempt=2)
    (first, second) = lab.record.load().tasks["work"].runs[1].attempts_of(0)
    assert (first.oom, first.reason) == (True, "exit code 137 (out of memory)")
    assert (second.oom, second.reason) == (False, "exit code 137")


def test_so_many_successes_are_enough() -> None:
    lab = Lab(batch(3, min_succeeded=2))
    lab.settle()
    end(lab, 0, 1)
    end(lab, 1, 0)
    assert state(lab)[0] is TaskState.RUNNING
    end(lab, 2, 0)
    assert state(lab) == (TaskState.SUCCEEDED, "1 failed, 2 succeeded")
    lab.apply(batch(3))
    assert state(lab)[0] is TaskState.FAILED


def test_too_few_successes_fail_when_all_have_ended() -> None:
    lab = Lab(batch(3, min_succeeded=2))
    lab.settle()
    end(lab, 0, 1)
    end(lab, 1, 1)
    assert state(lab)[0] is TaskState.RUNNING
    end(lab, 2, 0)
    assert state(lab) == (TaskState.FAILED, "work/0: exit code 1; retry.perInstance is 0")


@pytest.mark.parametrize("bound", [{"per_instance": 0}, {"per_instance": None, "total": 0}])
def test_an_attempt_that_was_granted_is_made_at_once_and_counts_anew(
    bound: dict[str, Any],
) -> None:
    lab = Lab(batch(**bound, never=(2,)))
    lab.settle()
    end(lab, 0, 2)
    assert lab.verdict("work").state is InstanceState.FAILED
    lab.core.note([RetryGranted("work", 1, 0, 1, lab.now)])
    created = next(action for action in lab.settle() if action.verb == "create")
    assert created.cause.reason == "exit code 2; another attempt was asked for"
    end(lab, 0, 1, attempt=2)
    assert lab.verdict("work").state is InstanceState.FAILED
    assert lab.wait(600) == []


def test_what_ends_before_it_is_seen_to_run_leaves_no_more_than_its_last_containers() -> None:
    lab = Lab(make_task(restart=Restart.ALWAYS, retry=Retry(None)))
    lab.world.autoexit = lambda _: 1
    for _ in range(10):
        lab.wait(3_600)
    assert len(lab.world.journal.starts) == 10
    assert list(lab.world.boxes) == ["demo.work.1.0.9", "demo.work.1.0.10"]
