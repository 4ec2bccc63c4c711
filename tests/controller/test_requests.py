"""What `stop`, `retry` and `rerun` mean: for the record, and for what runs afterwards."""

import pytest

from reconciler.controller import requests
from reconciler.model.action import InstanceState
from reconciler.model.desired import Backoff, Restart, Retry
from reconciler.model.fact import Destroyed, Relearned, Result, RunCancelled
from reconciler.planning.backoff import STEADY
from tests.support.desired import make_task
from tests.support.lab import Lab


def ask(lab: Lab, verb: str, **arguments: object) -> requests.Judged:
    judged = requests.judge(verb, arguments, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    return judged


def cancel(lab: Lab, instance: int | None, result: Result = Result.FAILED) -> None:
    """End a run, or one instance of it, for a reason that is no person's."""
    lab.core.note([RunCancelled("work", 1, instance, "too late", lab.now, result)])
    lab.settle()


def states(lab: Lab, task: str = "work") -> list[str]:
    return [verdict.state.value for verdict in lab.core.verdicts[task]]


@pytest.fixture
def lab() -> Lab:
    """Three instances: one has failed, one has succeeded, one runs."""
    made = Lab(make_task(count=3, job="j"))
    made.settle()
    made.world.finish("demo.work.1.0.1", 1)
    made.world.finish("demo.work.1.1.1", 0)
    made.settle()
    assert states(made) == ["Failed", "Succeeded", "Running"]
    return made


@pytest.mark.parametrize("named", [{"task": "work"}, {"task": "work", "instance": 0}, {"job": "j"}])
def test_retry_concerns_what_failed_and_nothing_else(lab: Lab, named: dict[str, object]) -> None:
    judged = ask(lab, "retry", **named)
    assert (judged.ok, judged.message) == (True, "work/0 goes on in run 1")
    assert lab.live() == ["demo.work.1.0.2", "demo.work.1.2.1"]
    assert len(lab.world.journal.starts) == 4


def test_what_goes_on_has_all_its_attempts_before_it_and_no_wait() -> None:
    lab = Lab(make_task(retry=Retry(1, Backoff(initial=60.0, jitter=0.0))))
    lab.world.autoexit = lambda _: 1
    lab.settle()
    lab.wait(60)
    assert states(lab) == ["Failed"]
    ask(lab, "retry", task="work")
    assert len(lab.world.journal.starts) == 3
    lab.wait(60)
    assert len(lab.world.journal.starts) == 4
    assert states(lab) == ["Failed"]
    lab.crash()
    lab.wait(600)
    assert len(lab.world.journal.starts) == 4, "a restart grants nothing"


def test_there_is_nothing_to_retry_where_nothing_failed(lab: Lab) -> None:
    judged = ask(lab, "retry", task="work", instance=1)
    assert not judged.ok
    assert judged.message.startswith("nothing of work/1 has failed")
    assert not ask(lab, "retry", task="work", instance=2).ok, "it is running"
    assert len(lab.world.journal.starts) == 3


def test_a_run_that_was_ended_for_a_reason_goes_on(lab: Lab) -> None:
    cancel(lab, None)
    assert states(lab) == ["Failed", "Succeeded", "Failed"]
    refused = ask(lab, "retry", task="work", instance=2)
    assert not refused.ok, "the run has ended as a whole"
    assert ask(lab, "retry", task="work").message == "work/0,2 goes on in run 1"
    assert states(lab) == ["Running", "Succeeded", "Running"]


def test_an_instance_that_was_cancelled_for_a_reason_goes_on(lab: Lab) -> None:
    cancel(lab, 2, Result.CANCELLED)
    assert states(lab) == ["Failed", "Succeeded", "Cancelled"]
    assert ask(lab, "retry", job="j").ok
    assert states(lab) == ["Running", "Succeeded", "Running"]


def test_a_persons_stop_is_undone_only_by_its_name(lab: Lab) -> None:
    ask(lab, "stop", task="work", instance=2)
    said = ask(lab, "retry", task="work").message
    assert said == ("work/0 goes on in run 1; stopped by request, and to be named to go on: work/2")
    assert states(lab) == ["Running", "Succeeded", "Cancelled"]
    assert not ask(lab, "retry", task="work").ok
    assert ask(lab, "retry", task="work", instance=2).ok
    assert states(lab) == ["Running", "Succeeded", "Running"]


def test_a_stopped_task_goes_on_by_its_name_not_by_its_jobs(lab: Lab) -> None:
    ask(lab, "stop", task="work")
    refused = ask(lab, "retry", job="j")
    assert not refused.ok
    assert "to be named to go on: work" in refused.message
    assert ask(lab, "retry", task="work").ok
    assert states(lab) == ["Running", "Succeeded", "Running"]


def test_a_job_is_stopped_and_goes_on() -> None:
    lab = Lab(make_task("a", job="j"), make_task("b", 2, job="j"), make_task("c"))
    lab.settle()
    assert ask(lab, "stop", job="j").message == "job/j is stopped: a, b"
    assert lab.live() == ["demo.c.1.0.1"]
    lab.crash()
    assert lab.settle() == []
    assert ask(lab, "retry", job="j").ok
    assert lab.live() == ["demo.a.1.0.2", "demo.b.1.0.2", "demo.b.1.1.2", "demo.c.1.0.1"]


def test_rerun_opens_a_run_of_the_same_work() -> None:
    lab = Lab(make_task(count=2))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    assert ask(lab, "rerun", task="work").message == "work runs again, as run 2"
    assert lab.world.journal.starts[2:] == ["demo.work.2.0.1", "demo.work.2.1.1"]
    assert states(lab) == ["Succeeded", "Succeeded"]
    lab.crash()
    assert lab.settle() == [], "it is run again once"


def test_rerun_replaces_what_runs_and_a_service_bit_by_bit() -> None:
    web = make_task("web", 2, restart=Restart.ALWAYS, retry=Retry(None))
    lab = Lab(make_task(), web)
    lab.settle()
    ask(lab, "rerun", task="web")
    ask(lab, "rerun", task="work")
    assert lab.live() == ["demo.web.1.1.1", "demo.web.2.0.1", "demo.work.2.0.1"]
    lab.wait(STEADY)
    assert lab.live() == ["demo.web.2.0.1", "demo.web.2.1.1", "demo.work.2.0.1"]
    assert lab.core.history.tasks["work"].runs[1].attempts[0][0].result is Result.CANCELLED


def test_rerun_of_much_waits_for_nobody() -> None:
    lab = Lab(make_task("big", 8))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    ask(lab, "rerun", task="big")
    assert not lab.core.holds
    assert len(lab.world.journal.starts) == 16


def test_rerun_of_a_job_is_of_all_its_tasks() -> None:
    lab = Lab(make_task("a", job="j"), make_task("b", job="j"))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    assert ask(lab, "rerun", job="j").message == "a runs again, as run 2, b runs again, as run 2"
    assert len(lab.world.journal.starts) == 4


def test_what_cannot_run_again_says_why() -> None:
    lab = Lab(make_task(), make_task("odd", blocked="not started, for pool"))
    lab.settle()
    assert "a run is one of a whole task" in ask(lab, "rerun", task="work", instance=0).message
    assert "not started, for pool" in ask(lab, "rerun", task="odd").message
    lab.core.note([Relearned(confirmed=False, at=lab.now)])
    assert "relearn" in ask(lab, "rerun", task="work").message
    lab.core.note([Destroyed(lab.desired.revision, lab.now)])
    assert "destroyed" in ask(lab, "rerun", task="work").message
    assert len(lab.world.journal.starts) == 1


@pytest.mark.parametrize("verb", ["stop", "retry", "rerun"])
@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"task": "wrok"}, "there is no task wrok; did you mean work?"),
        ({"task": "work", "instance": 9}, "task work has no instance 9"),
        ({"job": "k"}, "there is no job k"),
        ({"task": "gone"}, "task gone is not asked for any more"),
    ],
)
def test_a_name_that_means_nothing_is_refused(
    verb: str, named: dict[str, object], said: str
) -> None:
    lab = Lab(make_task(job="jobs"), make_task("gone"))
    lab.settle()
    lab.apply(make_task(job="jobs"))
    judged = ask(lab, verb, **named)
    assert (judged.ok, judged.message) == (False, said)
    assert lab.verdict("work").state is InstanceState.RUNNING
