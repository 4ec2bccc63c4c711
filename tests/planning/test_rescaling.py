"""Another number of instances: what runs, what completed, and what is on record of it."""

from reconciler.model.action import InstanceState
from reconciler.model.desired import Backoff, DesiredTask, OnScale, Retry
from reconciler.model.fact import Approved
from reconciler.planning.rescaling import left_alone
from tests.support.desired import make_task
from tests.support.lab import Lab


def rerunning(count: int = 1, **fields: object) -> DesiredTask:
    return make_task("work", count, on_scale=OnScale.RERUN, **fields)


def completed(task: DesiredTask) -> Lab:
    lab = Lab(task)
    lab.world.autoexit = lambda _: 0
    lab.settle()
    return lab


def starts(lab: Lab) -> list[str]:
    return [name.removeprefix("demo.work.") for name in lab.world.journal.starts]


def test_scaling_what_runs_touches_the_difference_alone() -> None:
    lab = Lab(make_task(count=4))
    lab.settle()
    done = lab.apply(make_task(count=6))
    assert {a.subject for a in done} == {"demo.work.1.4.1", "demo.work.1.5.1"}
    lab.world.finish("demo.work.1.4.1", 0)
    lab.settle()
    done = lab.apply(make_task(instances=(1, 4, 7)))
    assert {a.subject for a in done} == {
        "demo.work.1.0.1", "demo.work.1.2.1", "demo.work.1.3.1", "demo.work.1.5.1",
        "demo.work.1.7.1",
    }  # fmt: skip
    assert lab.live() == ["demo.work.1.1.1", "demo.work.1.7.1"]
    lab.apply(make_task(count=5))
    assert starts(lab) == [
        "1.0.1", "1.1.1", "1.2.1", "1.3.1", "1.4.1", "1.5.1", "1.7.1", "1.0.2", "1.2.2", "1.3.2",
    ]  # fmt: skip
    assert lab.verdict("work", 4).state is InstanceState.SUCCEEDED


def test_what_completed_is_kept_and_said_to_be() -> None:
    lab = completed(make_task(count=2))
    more = make_task(count=3)
    lab.commit(more)
    assert left_alone(lab.desired, lab.core.history) == {
        "work": "2 instances completed with INSTANCE_COUNT 2, and there are 3 now; onScale is keep"
    }
    lab.settle()
    assert starts(lab) == ["1.0.1", "1.1.1", "1.2.1"]
    assert left_alone(lab.desired, lab.core.history) == {}
    lab.commit(make_task(count=3, spec={"command": ("false",)}))
    assert left_alone(lab.desired, lab.core.history) == {}, "another run is another matter"


def test_what_completed_runs_again_for_another_number_once() -> None:
    lab = completed(rerunning(2))
    lab.apply(rerunning(3))
    assert starts(lab)[2:] == ["1.0.2", "1.1.2", "1.2.1"]
    assert lab.verdict("work", 0).state is InstanceState.SUCCEEDED
    assert lab.settle() == []
    lab.crash()
    assert lab.settle() == []
    lab.apply(rerunning(2))
    assert len(starts(lab)) == 5, "with 2 they have completed before"
    assert lab.settle() == []


def test_why_it_runs_again_is_told() -> None:
    lab = completed(rerunning())
    done = lab.apply(rerunning(2))
    again = next(a.cause for a in done if a.subject == "demo.work.1.0.2")
    assert again.reason == "it completed with another INSTANCE_COUNT, and onScale is rerun"
    assert (again.field, again.old, again.new) == ("instances", "1", "2")


def test_what_runs_is_left_to_end_and_then_runs_again() -> None:
    lab = Lab(rerunning())
    lab.settle()
    lab.apply(rerunning(2))
    assert lab.live() == ["demo.work.1.0.1", "demo.work.1.1.1"]
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert lab.live() == ["demo.work.1.0.2", "demo.work.1.1.1"]


def test_it_has_all_its_retries_anew() -> None:
    retry = Retry(1, Backoff(jitter=0.0))
    lab = Lab(rerunning(retry=retry))
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    lab.wait(2)
    lab.world.finish("demo.work.1.0.2", 0)
    lab.settle()
    lab.apply(rerunning(2, retry=retry))
    lab.world.finish("demo.work.1.0.3", 1)
    lab.settle()
    lab.wait(2)
    assert "demo.work.1.0.4" in lab.live()
    lab.world.finish("demo.work.1.0.4", 1)
    lab.wait(10)
    assert lab.verdict("work", 0).state is InstanceState.FAILED


def test_a_mass_rerun_is_held_until_it_is_approved() -> None:
    lab = completed(rerunning(6))
    lab.apply(rerunning(7))
    assert [(hold.kind, hold.count) for hold in lab.core.holds] == [("rerun", 6)]
    assert lab.wait(60) == []
    lab.core.note([Approved(lab.desired.revision, lab.now)])
    lab.settle()
    assert len(starts(lab)) == 13
    assert not lab.core.holds


def test_keeping_is_never_held() -> None:
    lab = completed(make_task(count=6))
    lab.apply(make_task(count=12))
    assert not lab.core.holds
    assert len(starts(lab)) == 12
