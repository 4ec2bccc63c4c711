"""What a ttl takes away, when, and that nothing comes of it but room."""

from typing import Any

from msgspec.structs import replace

from reconciler.controller import requests
from reconciler.controller.happenings import NodeLost
from reconciler.controller.preview import preview
from reconciler.engines.engine import TransientError
from reconciler.model.action import InstanceState, Verb
from reconciler.model.desired import Backoff, DesiredTask, Retry
from reconciler.model.fact import AttemptExpired
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord

HOUR = 3600.0


def kept_for_an_hour(count: int = 1, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own
    return make_task(count=count, ttl=HOUR, **fields)


def expired(lab: Lab) -> list[str]:
    """Return the attempts whose logs have gone, in order."""
    record = lab.record
    assert isinstance(record, MemoryRecord)
    gone = [fact.attempt for fact in record.facts if isinstance(fact, AttemptExpired)]
    return [attempt.container_name("demo") for attempt in gone]


def test_a_finished_job_removed_by_its_ttl_is_neither_drift_nor_run_again() -> None:
    """Elsewhere a finished Job whose ttl is over shows as out of sync, or runs a second time."""
    lab = Lab(kept_for_an_hour(3))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    assert len(lab.world.boxes) == 3
    lab.wait(HOUR - 1)
    assert len(lab.world.boxes) == 3
    lab.wait(1)
    assert lab.world.boxes == {}
    assert len(expired(lab)) == 3
    for _ in range(2):
        assert lab.wait(HOUR) == []
        assert [v.state for v in lab.core.verdicts["work"]] == [InstanceState.SUCCEEDED] * 3
        lab.crash()
    observed, history = lab.core.board.observed(), lab.core.history
    images = {"local": lab.world.images}
    seen = preview(lab.desired, observed, history, lab.now, images)
    assert (seen.now, seen.later, seen.reruns) == ((), (), 0)
    lab.apply(kept_for_an_hour(4))
    assert lab.world.journal.starts[3:] == ["demo.work.1.3.1"], "only what is new"


def test_the_next_turn_comes_when_the_time_is_over() -> None:
    lab = Lab(kept_for_an_hour())
    lab.settle()
    assert lab.core.wake_at() is None
    lab.now += 50
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert lab.core.wake_at() == lab.now + HOUR
    lab.now += HOUR
    assert [(a.verb, a.cause.field) for a in lab.driver.settle()] == [(Verb.REMOVE, "ttl")]
    assert lab.core.wake_at() is None


def test_a_failure_that_is_tried_again_keeps_its_count() -> None:
    lab = Lab(kept_for_an_hour(retry=Retry(1, Backoff(initial=2 * HOUR, max=9 * HOUR, jitter=0))))
    lab.world.autoexit = lambda _: 1
    lab.settle()
    lab.wait(HOUR)
    assert expired(lab) == ["demo.work.1.0.1"]
    assert lab.world.boxes == {}
    lab.wait(HOUR)
    assert lab.world.journal.starts == ["demo.work.1.0.1", "demo.work.1.0.2"]
    lab.wait(HOUR)
    assert lab.wait(9 * HOUR) == []
    assert lab.verdict("work").state is InstanceState.FAILED
    assert "exit code 1" in lab.verdict("work").reason


def test_what_runs_is_never_too_old() -> None:
    lab = Lab(kept_for_an_hour())
    lab.settle()
    assert lab.wait(100 * HOUR) == []
    assert lab.live() == ["demo.work.1.0.1"]


def test_an_end_that_was_not_seen_is_recorded_first_and_kept_as_long() -> None:
    lab = Lab(kept_for_an_hour())
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 0)
    lab.now += 2 * HOUR
    lab.settle()
    assert len(lab.world.boxes) == 1
    lab.wait(HOUR)
    assert lab.world.boxes == {}


def test_earlier_runs_and_scaled_away_instances_expire_as_well() -> None:
    lab = Lab(kept_for_an_hour(2))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    lab.wait(60)
    lab.apply(kept_for_an_hour(1, spec={"command": ("true",)}))
    lab.wait(HOUR - 60)
    assert expired(lab) == ["demo.work.1.0.1", "demo.work.1.1.1"]
    assert [*lab.world.boxes] == ["demo.work.2.0.1"]


def test_a_shorter_ttl_holds_at_once_and_none_keeps_all() -> None:
    lab = Lab(make_task())
    lab.world.autoexit = lambda _: 0
    lab.settle()
    lab.wait(100 * HOUR)
    assert len(lab.world.boxes) == 1
    lab.apply(replace(lab.desired.tasks["work"], ttl=0.0))
    assert lab.world.boxes == {}


def test_suspended_and_stopped_work_expires() -> None:
    lab = Lab(kept_for_an_hour(2))
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    for verb, arguments in (("stop", {"task": "work", "instance": 1}),
                            ("suspend", {"target": "task/work"})):  # fmt: skip
        judged = requests.judge(verb, arguments, lab.desired, lab.core.history, lab.now)
        lab.core.note(judged.facts)
    lab.settle()
    lab.wait(HOUR)
    assert expired(lab) == ["demo.work.1.0.1", "demo.work.1.1.1"]
    assert lab.world.boxes == {}


def test_a_removal_that_is_refused_is_tried_again() -> None:
    lab = Lab(kept_for_an_hour())
    lab.world.autoexit = lambda _: 0
    lab.settle()
    refusals = iter([TransientError("busy")])
    lab.world.faults = lambda call, _, when: (
        next(refusals, None) if (call, when) == ("remove", "before") else None
    )
    lab.wait(HOUR)
    assert len(lab.world.boxes) == 1
    assert lab.core.wake_at() is not None
    lab.wait(60)
    assert lab.world.boxes == {}
    assert len(expired(lab)) == 1, "once"
    assert lab.core.wake_at() is None


def test_on_a_node_that_does_not_answer_it_goes_later() -> None:
    lab = Lab(kept_for_an_hour())
    lab.world.autoexit = lambda _: 0
    lab.settle()
    lab.core.lost(NodeLost("local", "no answer"))
    lab.now += HOUR
    assert lab.driver.settle() == []
    assert len(lab.world.boxes) == 1
    lab.settle()
    assert lab.world.boxes == {}
