"""A task that may not be started as it is: nothing is begun, and nothing that runs is touched."""

from msgspec.structs import replace

from reconciler.controller.writing import complete
from reconciler.model.action import InstanceState, TaskState, Underway, Verb
from reconciler.model.calendar import Calendar
from reconciler.model.desired import DesiredTask, Restart, Retry
from reconciler.model.history import History
from reconciler.model.observed import NodeView, Observed
from reconciler.planning.hold import would_rerun
from reconciler.planning.plan import plan
from reconciler.planning.scene import Pass
from reconciler.planning.sightings import Sightings
from reconciler.planning.status import task_state
from tests.support.desired import make_desired, make_task
from tests.support.lab import Lab

WHY = "not started, for schedule (work.yaml:6:3) is not supported yet"


def blocked(task: DesiredTask) -> DesiredTask:
    return replace(task, blocked=WHY)


def service(count: int = 1, image: str = "busybox:stable") -> DesiredTask:
    spec = {"image": image}
    return make_task("web", count, restart=Restart.ALWAYS, retry=Retry(None), spec=spec)


def test_the_plan_is_empty_and_says_why() -> None:
    desired = make_desired(blocked(make_task(count=2)), make_task("free"))
    made = plan(desired, Observed({"local": NodeView("local")}), History(), now=1.0)
    assert {action.task for action in made.actions} == {"free"}
    assert {fact.task for fact in made.facts if hasattr(fact, "task")} == {"free"}
    verdicts = [v for v in made.verdicts if v.key.task == "work"]
    assert [(v.state, v.reason, v.blocked, v.run) for v in verdicts] == [
        (InstanceState.PENDING, WHY, True, 0)
    ] * 2
    assert task_state(verdicts, desired.tasks["work"]) == (TaskState.BLOCKED, WHY)


def test_nothing_is_started_until_it_may_be() -> None:
    lab = Lab(blocked(make_task()))
    assert lab.settle() == []
    assert lab.core.at_rest()
    assert lab.world.boxes == {}
    assert complete(lab.core)
    lab.apply(make_task())
    assert lab.live() == ["demo.work.1.0.1"]


def test_what_runs_is_left_alone_whatever_else_has_changed() -> None:
    lab = Lab(service(3))
    lab.settle()
    before = lab.live()
    assert lab.apply(blocked(service(1, "busybox:2"))) == []
    assert lab.live() == before
    assert complete(lab.core)
    verdicts = lab.core.verdicts["web"]
    assert [(v.state, v.reason, v.blocked) for v in verdicts] == [
        (InstanceState.RUNNING, WHY, True)
    ] * 3


def test_an_end_is_recorded_and_followed_by_no_other_attempt() -> None:
    lab = Lab(service(), make_task())
    lab.settle()
    lab.apply(blocked(service()), blocked(make_task()))
    assert not complete(lab.core)
    lab.world.finish("demo.web.1.0.1", 3)
    lab.world.finish("demo.work.1.0.1", 0)
    assert {action.verb for action in lab.settle()} == {Verb.COLLECT}
    assert lab.wait(3600) == []
    assert lab.live() == []
    assert complete(lab.core)
    assert lab.verdict("web").state is InstanceState.PENDING
    assert lab.verdict("work").state is InstanceState.SUCCEEDED
    assert task_state(lab.core.verdicts["work"], lab.desired.tasks["work"]) == (
        TaskState.BLOCKED,
        WHY,
    )
    lab.apply(service(), make_task())
    assert lab.live() == ["demo.web.1.0.2"]


def test_completed_work_that_would_run_again_is_not_held_while_blocked() -> None:
    lab = Lab(make_task(count=8))
    lab.settle()
    for name in lab.live():
        lab.world.finish(name, 0)
    lab.settle()
    changed = blocked(make_task(count=8, spec={"command": ("other",)}))
    assert lab.apply(changed) == []
    assert lab.core.holds == ()
    unseen, history = Observed({}), lab.core.history
    given = Pass(
        lab.desired,
        unseen,
        history,
        Underway(),
        lab.now,
        Calendar(lab.now),
        Sightings(unseen, history),
    )
    assert would_rerun(given, changed) == 0


def test_a_vanished_task_is_torn_down_though_it_was_blocked() -> None:
    lab = Lab(service())
    lab.settle()
    lab.apply(blocked(service()))
    lab.apply(make_task("other"))
    lab.wait(60)
    assert lab.live() == ["demo.other.1.0.1"]
