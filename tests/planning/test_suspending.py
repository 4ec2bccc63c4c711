"""While a task is suspended nothing new is created for it, and nothing of it is lost."""

import pytest

from reconciler.controller import requests
from reconciler.model.action import InstanceState, TaskState, Verb
from reconciler.model.desired import Restart, Retry
from reconciler.model.fact import Suspended
from reconciler.planning.status import task_state
from tests.support.desired import make_task
from tests.support.lab import Lab

WEB = make_task("web", restart=Restart.ALWAYS, retry=Retry(None))


def ask(lab: Lab, verb: str, **arguments: object) -> str:
    judged = requests.judge(verb, arguments, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    return judged.message


def state(lab: Lab, task: str) -> tuple[str, str]:
    found, reason = task_state(lab.core.verdicts[task], lab.desired.tasks[task])
    return found.value, reason


@pytest.mark.parametrize("target", ["", "task/work", "job/j"])
def test_nothing_new_is_created(target: str) -> None:
    lab = Lab(make_task("work", 2, job="j"))
    ask(lab, "suspend", target=target, reason="maintenance")
    assert lab.live() == []
    assert lab.core.history.tasks == {}
    assert state(lab, "work")[0] == "Suspended"
    assert "maintenance" in state(lab, "work")[1]
    ask(lab, "resume", target=target)
    assert lab.live() == ["demo.work.1.0.1", "demo.work.1.1.1"]


def test_what_runs_goes_on_and_its_outcome_is_recorded() -> None:
    lab = Lab(make_task("work", 2, retry=Retry(3)), WEB)
    lab.settle()
    ask(lab, "suspend")
    assert len(lab.live()) == 3
    lab.world.finish("demo.work.1.0.1", 0)
    lab.world.finish("demo.work.1.1.1", 1)
    lab.world.finish("demo.web.1.0.1", 1)
    lab.wait(600)
    assert lab.live() == []
    assert lab.verdict("work", 0).state is InstanceState.SUCCEEDED
    assert lab.verdict("work", 1).suspended
    assert state(lab, "web")[0] == TaskState.SUSPENDED.value
    ask(lab, "resume")
    lab.wait(600)
    assert lab.live() == ["demo.web.1.0.2", "demo.work.1.1.2"]


def test_a_commit_replaces_nothing_meanwhile() -> None:
    lab = Lab(WEB)
    lab.settle()
    ask(lab, "suspend", target="task/web")
    changed = make_task(
        "web", restart=Restart.ALWAYS, retry=Retry(None), spec={"env": (("A", "1"),)}
    )
    assert lab.apply(changed) == []
    assert lab.live() == ["demo.web.1.0.1"]
    assert lab.core.at_rest()
    ask(lab, "resume", target="task/web")
    assert lab.live() == ["demo.web.2.0.1"]


def test_a_lowered_bound_holds_though_other_work_is_asked_for_meanwhile() -> None:
    lab = Lab(make_task("work", 2))
    lab.settle()
    ask(lab, "suspend")
    lab.apply(make_task("work", 2, spec={"command": ("true",)}, parallelism=1))
    assert lab.live() == ["demo.work.1.0.1"]


def test_what_is_scaled_away_goes_all_the_same() -> None:
    lab = Lab(make_task("work", 3))
    lab.settle()
    ask(lab, "suspend")
    lab.apply(make_task("work", 1))
    assert lab.live() == ["demo.work.1.0.1"]


def test_stopping_counts_for_nothing_and_leaves_services() -> None:
    lab = Lab(make_task("work", 2), WEB)
    lab.settle()
    ask(lab, "suspend", stop=True)
    assert lab.live() == ["demo.web.1.0.1"]
    assert lab.verdict("work", 1).state is InstanceState.PENDING
    ask(lab, "resume")
    assert lab.live() == ["demo.web.1.0.1", "demo.work.1.0.2", "demo.work.1.1.2"]
    lab.world.finish("demo.work.1.0.2", 0)
    lab.settle()
    assert lab.verdict("work", 0).state is InstanceState.SUCCEEDED


def test_it_ends_by_itself_and_says_so() -> None:
    lab = Lab(make_task("work"))
    ask(lab, "suspend", target="task/work", until=lab.now + 60)
    assert lab.core.wake_at() == lab.now + 60
    assert "until 1970-01-12 13:47:40 UTC" in state(lab, "work")[1]
    lab.now += 60
    assert [a.verb for a in lab.core.turn()] == [Verb.PULL]
    lab.settle()
    assert lab.core.history.suspensions == {}
    assert any(e.message == "task work resumed: its time is over" for e in lab.record.entries)  # type: ignore[union-attr]


def test_a_restart_forgets_nothing() -> None:
    lab = Lab(make_task("work"))
    ask(lab, "suspend")
    lab.crash()
    lab.settle()
    assert lab.live() == []


def test_manifest_and_person_are_told_apart() -> None:
    lab = Lab(make_task("work", suspend="task"))
    lab.settle()
    assert state(lab, "work") == ("Suspended", "suspended by its manifest at work.yaml:1:1")
    said = ask(lab, "resume", target="task/work")
    assert said == "task work is suspended by its manifest at work.yaml:1:1"
    ask(lab, "suspend", target="task/work")
    assert "by request and by its manifest" in state(lab, "work")[1]
    assert "; but task work is suspended by its manifest" in ask(lab, "resume", target="task/work")
    lab.apply(make_task("work"))
    assert lab.live() == ["demo.work.1.0.1"]


@pytest.mark.parametrize("spec", [{}, {"command": ("true",)}])
def test_a_lowered_parallelism_holds_also_for_work_that_is_not_wanted_any_more(
    spec: dict[str, object],
) -> None:
    lab = Lab(make_task("work", 3))
    lab.settle()
    ask(lab, "suspend")
    lab.apply(make_task("work", 3, parallelism=1, spec=spec))
    assert lab.live() == ["demo.work.1.0.1"]


def test_a_rerun_that_is_suspended_holds_nothing() -> None:
    lab = Lab(make_task("work", 6))
    lab.world.autoexit = lambda _: 0
    for _ in range(3):
        lab.settle()
    ask(lab, "suspend")
    lab.apply(make_task("work", 6, rerun=1))
    assert lab.core.holds == ()
    ask(lab, "resume")
    assert len(lab.core.holds) == 1


@pytest.mark.parametrize(
    ("verb", "arguments", "said"),
    [
        ("suspend", {"target": "task/wrk"}, "there is no task wrk; did you mean work?"),
        ("suspend", {"target": "job/k"}, "there is no job k"),
        ("suspend", {"target": "task/work", "until": 5.0}, "that time has passed already"),
        ("suspend", {"until": 1e18}, "that is no time to wait for: leave it out for no end"),
        ("resume", {"target": "task/work"}, "task work is not suspended"),
        ("resume", {"target": ""}, "everything is not suspended"),
    ],
)
def test_what_is_refused(verb: str, arguments: dict[str, object], said: str) -> None:
    lab = Lab(make_task("work"))
    judged = requests.judge(verb, arguments, lab.desired, lab.core.history, lab.now)
    assert (judged.ok, judged.message, judged.facts) == (False, said, ())


def test_resuming_all_ends_each_suspension() -> None:
    lab = Lab(make_task("work", job="j"))
    for target in ("task/work", "job/j", ""):
        lab.core.note([Suspended(target, lab.now)])
    ask(lab, "resume")
    assert lab.live() == ["demo.work.1.0.1"]


def test_how_long_a_suspension_lasts_is_measured_by_no_clock_that_people_set() -> None:
    lab = Lab(WEB)
    ask(lab, "suspend", lasting=3600.0)
    assert lab.wait(3_599) == []
    assert lab.wait(2) != []
    assert lab.live() == ["demo.web.1.0.1"]
