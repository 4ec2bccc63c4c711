"""What takes too long: attempts that run on, instances that wait for room."""

from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.model.action import InstanceState, Verb
from reconciler.model.desired import Backoff, DesiredTask, NodeSpec, Restart, Retry
from reconciler.model.fact import (
    Approved,
    AttemptStarted,
    Result,
    Resumed,
    RetryGranted,
    RoomAwaited,
    RunCancelled,
    Suspended,
)
from reconciler.model.run import Attempt
from reconciler.model.spec import Stop
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord

NAME = "demo.work.1.0.1"
TOO_LONG = "ran longer than timeout 10m"
NOWHERE = "fits on 0 of 1 node: 1 lacks label zone=a"


def timed(count: int = 1, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own
    fields.setdefault("retry", Retry(1, Backoff(initial=0.0, jitter=0.0)))
    return make_task(count=count, timeout=600.0, **fields)


def queued(count: int = 1, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own
    """Return a task that may wait an hour for a node with a label."""
    spec = fields.pop("spec", {"nodes": (("zone", "a"),)})
    return make_task(count=count, queue_timeout=3600.0, spec=spec, **fields)


def attempts(lab: Lab, instance: int = 0) -> tuple[Attempt, ...]:
    return lab.record.load().tasks["work"].runs[1].attempts_of(instance)


def facts(lab: Lab, kind: type) -> list[Any]:
    record = lab.record
    assert isinstance(record, MemoryRecord)
    return [fact for fact in record.facts if isinstance(fact, kind)]


def label(lab: Lab, **labels: str) -> None:
    """Give the only node labels."""
    lab.desired = replace(
        lab.desired, nodes={"local": NodeSpec("local", "", tuple(labels.items()))}
    )
    lab.core.set_desired(lab.desired)


# --- timeout -----------------------------------------------------------------------------------


def test_an_attempt_that_runs_too_long_is_stopped_and_another_made() -> None:
    lab = Lab(timed())
    lab.settle()
    assert lab.core.wake_at() == lab.now + 600
    assert lab.wait(599) == []
    stop, *_ = lab.wait(1)
    assert (stop.verb, stop.cause.reason) == (Verb.STOP, TOO_LONG)
    (first, second) = attempts(lab)
    assert (first.result, first.reason) == (Result.FAILED, TOO_LONG)
    assert not second.ended
    assert lab.core.wake_at() == lab.now + 600, "the next one has its own time"


def test_with_no_attempt_left_it_has_failed() -> None:
    lab = Lab(timed(retry=Retry(0)))
    lab.settle()
    lab.wait(600)
    assert lab.verdict("work").state is InstanceState.FAILED
    assert lab.verdict("work").reason == f"{TOO_LONG}; retry.perInstance is 0"
    assert lab.wait(3600) == []


def test_one_that_will_not_stop_is_killed_after_its_grace() -> None:
    lab = Lab(timed(spec={"stop": Stop(grace=5)}))
    lab.settle()
    lab.world.stubborn.add(NAME)
    assert [action.verb for action in lab.wait(600)] == [Verb.STOP]
    assert lab.core.wake_at() == lab.now + 5
    assert lab.wait(5)[0].verb is Verb.KILL
    assert attempts(lab)[0].reason == TOO_LONG


def test_a_good_end_before_we_asked_is_one() -> None:
    lab = Lab(timed(spec={"stop": Stop(grace=5)}))
    lab.settle()
    lab.now += 599
    lab.world.finish(NAME, 0)
    lab.now += 1
    assert lab.core.turn()[0].verb is Verb.STOP, "its end has not been heard of"
    lab.core.underway.clear()
    lab.settle()
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_an_end_that_comes_of_our_asking_is_none() -> None:
    lab = Lab(timed())
    lab.settle()
    lab.world.stubborn.add(NAME)
    lab.wait(600)
    lab.now += 1
    lab.world.finish(NAME, 0)
    lab.settle()
    assert attempts(lab)[0].result is Result.FAILED


def test_the_exit_code_of_a_stopped_program_is_not_its_own() -> None:
    lab = Lab(timed(retry=Retry(1, Backoff(initial=0.0), never=(143,))))
    lab.settle()
    lab.wait(600)
    assert attempts(lab)[0].exit_code == 143
    assert lab.live() == ["demo.work.1.0.2"]


def test_its_time_begins_when_it_is_seen_to_run_and_once() -> None:
    lab = Lab(timed())
    for _ in range(3):
        lab.driver.step()
        lab.now += 60
    lab.settle()
    (began,) = facts(lab, AttemptStarted)
    assert began.at == lab.now
    lab.wait(60)
    lab.crash()
    lab.settle()
    assert len(facts(lab, AttemptStarted)) == 1


def test_a_restart_of_the_reconciler_gives_no_more_time() -> None:
    lab = Lab(timed())
    lab.settle()
    lab.now += 500
    lab.crash()
    assert lab.settle() == []
    assert lab.core.wake_at() == lab.now + 100
    lab.now += 400
    lab.crash()
    assert lab.settle()[0].verb is Verb.STOP


def test_a_restart_while_it_is_stopped_goes_on_stopping() -> None:
    lab = Lab(timed(spec={"stop": Stop(grace=5)}))
    lab.settle()
    lab.world.stubborn.add(NAME)
    lab.wait(600)
    lab.crash()
    assert [action.verb for action in lab.settle()] == [Verb.STOP]
    lab.wait(5)
    assert attempts(lab)[0].reason == TOO_LONG


def test_a_changed_timeout_is_for_what_runs_too() -> None:
    lab = Lab(timed())
    lab.settle()
    lab.now += 700
    lab.commit(replace(timed(), timeout=900.0))
    assert lab.settle() == []
    lab.wait(200)
    assert attempts(lab)[0].reason == "ran longer than timeout 15m"


def test_a_service_may_run_for_ever() -> None:
    lab = Lab(timed(restart=Restart.ALWAYS))
    lab.settle()
    assert lab.wait(1e6) == []


@pytest.mark.parametrize("also", ["suspended", "blocked"])
def test_it_holds_whatever_keeps_the_task_from_going_on(also: str) -> None:
    lab = Lab(timed())
    lab.settle()
    if also == "suspended":
        lab.core.note([Suspended("", lab.now)])
    else:
        lab.apply(replace(timed(), blocked="not started, for it is not supported yet"))
    assert lab.settle() == []
    assert lab.core.wake_at() == lab.now + 600
    lab.wait(600)
    assert lab.live() == []
    assert attempts(lab)[0].reason == TOO_LONG


def test_it_holds_for_what_runs_while_a_new_run_is_held() -> None:
    lab = Lab(timed(8))
    lab.settle()
    for name in lab.live()[:7]:
        lab.world.finish(name, 0)
    lab.settle()
    lab.apply(timed(8, spec={"command": ("true",)}))
    assert lab.core.holds
    assert lab.live() == ["demo.work.1.7.1"]
    lab.wait(600)
    assert lab.live() == []
    assert attempts(lab, 7)[0].reason == TOO_LONG
    lab.core.note([Approved(lab.desired.revision, lab.now)])
    lab.settle()
    assert len(lab.live()) == 8


def test_nothing_is_asked_of_a_node_that_is_not_known() -> None:
    lab = Lab(timed())
    lab.settle()
    lab.world.unreachable = True
    assert lab.wait(600) == []
    lab.world.unreachable = False
    assert lab.settle()[0].cause.reason == TOO_LONG


# --- queueTimeout ------------------------------------------------------------------------------


def test_an_instance_that_finds_no_room_fails_in_time() -> None:
    lab = Lab(queued(2))
    assert lab.settle() == []
    assert lab.verdict("work").reason == NOWHERE
    assert lab.core.wake_at() == lab.now + 3600
    lab.wait(3599)
    assert lab.verdict("work").state is InstanceState.PENDING
    lab.wait(1)
    for instance in (0, 1):
        verdict = lab.verdict("work", instance)
        assert verdict.state is InstanceState.FAILED
        assert verdict.reason == (
            f"waited longer than queueTimeout 1h for room on a node: {NOWHERE}"
        )
    assert len(facts(lab, RunCancelled)) == 2
    assert lab.core.wake_at() is None
    label(lab, zone="a")
    assert lab.settle() == [], "it has failed for good"


def test_room_that_comes_in_time_ends_the_wait() -> None:
    lab = Lab(queued())
    lab.settle()
    lab.wait(3000)
    label(lab, zone="a")
    lab.settle()
    assert lab.live() == [NAME]
    assert [fact.at for fact in facts(lab, RoomAwaited)] == [lab.now - 3000, 0.0]
    assert lab.wait(3600) == []


def test_the_wait_goes_on_over_a_restart_of_the_reconciler() -> None:
    lab = Lab(queued())
    lab.settle()
    lab.now += 3000
    lab.crash()
    lab.settle()
    assert lab.core.wake_at() == lab.now + 600
    lab.wait(600)
    assert lab.verdict("work").state is InstanceState.FAILED


def test_a_node_that_does_not_answer_is_no_room() -> None:
    lab = Lab(queued(spec={}))
    lab.world.unreachable = True
    lab.settle()
    lab.wait(3600)
    assert "no Docker Engine answers" in lab.verdict("work").reason
    assert lab.verdict("work").state is InstanceState.FAILED


def test_waiting_for_one_of_its_own_is_no_wait_for_room() -> None:
    lab = Lab(queued(2, spec={}, parallelism=1))
    lab.settle()
    lab.wait(7200)
    assert lab.verdict("work", 1).state is InstanceState.PENDING
    assert facts(lab, RoomAwaited) == []


def test_each_wait_for_room_is_measured_anew() -> None:
    lab = Lab(queued())
    lab.settle()
    lab.wait(3000)
    lab.core.note([Suspended("", lab.now)])
    lab.settle()
    lab.wait(3000)
    lab.core.note([Resumed("", lab.now)])
    lab.settle()
    lab.wait(3000)
    assert lab.verdict("work").state is InstanceState.PENDING
    lab.wait(600)
    assert lab.verdict("work").state is InstanceState.FAILED


def test_what_is_not_wanted_for_a_while_has_not_waited() -> None:
    lab = Lab(queued(2))
    lab.settle()
    lab.apply(queued(1))
    lab.wait(1800)
    lab.apply()
    lab.wait(1800)
    lab.apply(queued(2))
    lab.wait(3599)
    assert {v.state for v in lab.core.verdicts["work"]} == {InstanceState.PENDING}


def test_a_granted_attempt_may_wait_again() -> None:
    lab = Lab(queued())
    lab.settle()
    lab.wait(3600)
    lab.core.note([RetryGranted("work", 1, 0, 0, lab.now)])
    lab.settle()
    assert lab.verdict("work").state is InstanceState.PENDING
    assert lab.core.wake_at() == lab.now + 3600


def test_without_a_bound_it_waits_as_long_as_it_takes() -> None:
    lab = Lab(make_task(spec={"nodes": (("zone", "a"),)}))
    lab.settle()
    assert lab.wait(1e7) == []
    assert lab.verdict("work").state is InstanceState.PENDING
    assert facts(lab, RoomAwaited) == []
