"""How it is told that tasks wait for one another: plan, status, why, describe and apply."""

from click import unstyle

from reconciler.cli.describing import describe_task
from reconciler.cli.needs import needs_run
from reconciler.cli.options import Target
from reconciler.cli.outline import outline
from reconciler.cli.plan_output import live
from reconciler.cli.reasons import reason_of, sentences
from reconciler.cli.standing import standing_of
from reconciler.cli.status_output import as_text
from reconciler.controller.preview import preview
from reconciler.ledger import Holder
from reconciler.model.desired import Condition, Dependency, DesiredTask
from tests.cli.helpers import PLACE, check, report_of
from tests.support.desired import make_job, make_task
from tests.support.lab import Lab

WRITER = Holder(42, "run", "here", 1_000_000.0)


def after(name: str, *others: str, condition: Condition = Condition.SUCCESS) -> DesiredTask:
    return make_task(name, depends_on=tuple(Dependency(other, condition) for other in others))


CHAIN = (make_task("a", 2), after("b", "a"), after("c", "b"))


def why(lab: Lab, task: str, writer: Holder | None = WRITER) -> list[str]:
    report = report_of(lab, writer)
    verdict = standing_of(report, task).verdicts[0]
    return list(sentences(report, reason_of(report, verdict, PLACE)))


def planned(*tasks: DesiredTask, deadline: float = 0.0) -> tuple[list[str], dict[str, str]]:
    """Return the plan as people read it, runs of spaces made one, and what is left as it is."""
    lab = Lab(*tasks, jobs=[make_job(deadline=deadline)])
    images = {"local": {"busybox:stable": "sha256:b0"}}
    lab.world._count = 1_000  # other ids than those of the preview's own engine
    seen = preview(lab.desired, lab.core.board.observed(), lab.core.history, lab.now, images)
    check("plan", live.as_json(lab.desired, seen))
    lines = [" ".join(unstyle(line).split()) for line in live.as_text(lab.desired, seen)]
    return lines, live.kept(seen)


def test_a_plan_shows_the_order() -> None:
    lines, kept = planned(after("d", "b", "c"), after("c", "a"), after("b", "a"), make_task("a"))
    assert lines == [
        "+ create a/0 new task a.yaml:1:1",
        "",
        "later, as if all succeed:",
        "+ create b/0 new task, after task a succeeds b.yaml:1:1",
        "+ create c/0 new task, after task a succeeds c.yaml:1:1",
        "+ create d/0 new task, after task b succeeds and task c succeeds d.yaml:1:1",
        "",
        "Plan: 1 to create, 3 later, 0 unchanged",
    ]
    assert kept == {}


def test_a_plan_says_what_is_there_for_a_failure_alone() -> None:
    lines, kept = planned(make_task("a"), after("b", "a", condition=Condition.FAILURE))
    assert lines == ["+ create a/0 new task a.yaml:1:1", "", "Plan: 1 to create, 1 unchanged"]
    assert kept == {"b": "not run if all succeed: waited for task a to fail, which has succeeded"}


def test_a_plan_takes_no_time_from_a_job() -> None:
    one, other = make_task("a", job="j"), after("b", "a")
    lines, _ = planned(one, other, make_task("c", 2, job="j", parallelism=1), deadline=1.0)
    assert sum("+ create" in line for line in lines) == 4


def test_a_plan_says_what_has_waited_in_vain() -> None:
    lab = Lab(*CHAIN)
    lab.settle()
    for name in lab.live():
        lab.world.finish(name, 3)
    lab.settle()
    seen = preview(lab.desired, lab.core.board.observed(), lab.core.history, lab.now, {})
    assert live.kept(seen) == {
        "b": lab.verdict("b").reason,
        "c": "waited for task b to succeed, which was cancelled",
    }


def test_status_tells_what_is_waited_for() -> None:
    lab = Lab(*CHAIN)
    lab.settle()
    lab.world.finish("demo.a.1.0.1")
    lab.settle()
    lines = [" ".join(unstyle(line).split()) for line in as_text(report_of(lab, WRITER))]
    assert "b Pending 1 pending 1 busybox:stable b/0: waits for task a to succeed: 1 of 2 done" in (
        lines
    )


def test_why_leads_to_the_task_that_all_hangs_on() -> None:
    lab = Lab(*CHAIN)
    lab.settle()
    lab.now += 90
    assert why(lab, "c") == [
        "c/0 has been Pending for 1m30s: waits for task b to succeed: 0 of 1 done.",
        "To go on: nothing: it begins by itself; `reconciler why a` tells about task a.",
        "Asked for at c.yaml:1:1, in revision f-1.",
    ]
    assert "somebody has to run `reconciler run`" in why(lab, "c", None)[1]


def test_why_says_how_what_was_ended_goes_on() -> None:
    lab = Lab(*CHAIN)
    lab.settle()
    for name in lab.live():
        lab.world.finish(name, 3)
    lab.settle()
    lab.now += 90
    first, second, *_ = why(lab, "c")
    assert first == (
        "c/0 has been Cancelled for 1m30s: waited for task b to succeed, which was cancelled."
    )
    assert second == (
        "To go on: it does so by itself once task a gets another try or another run; "
        "`reconciler why a` tells about task a."
    )


def test_describe_names_what_comes_first_and_where_that_stands() -> None:
    lab = Lab(*CHAIN)
    lab.settle()
    said = describe_task(report_of(lab, WRITER), Target("b"))
    assert said["dependsOn"] == [{"task": "a", "condition": "success", "state": "Running"}]
    lines = [" ".join(unstyle(line).split()) for line in outline(said)]
    assert "a success Running" in lines


def test_what_other_tasks_come_before_needs_run() -> None:
    lab = Lab(*CHAIN)
    lab.settle()
    assert needs_run(lab.core) == (
        "From now on `reconciler run` is needed for: 2 instances that other tasks come before."
    )
