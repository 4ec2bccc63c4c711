"""What a writer does that keeps to certain deeds, on the simulated engine."""

from reconciler.controller.preview import preview
from reconciler.controller.saved_plan import load, permit_of, save
from reconciler.controller.writing import complete
from reconciler.model.action import InstanceState, Verb
from reconciler.model.desired import DesiredTask, Restart, Retry
from reconciler.planning.permit import Permit
from reconciler.planning.render import render_action
from tests.support.desired import make_task
from tests.support.lab import Lab

IMAGES = {"local": {"busybox:stable": "sha256:b0"}}


def service(name: str = "web", count: int = 1, **fields: object) -> DesiredTask:
    return make_task(name, count, restart=Restart.ALWAYS, retry=Retry(None), **fields)


def agree(lab: Lab) -> None:
    """Let the lab do what would be done now, by way of a saved plan, and nothing else."""
    core = lab.core
    seen = preview(core.desired, core.board.observed(), core.history, lab.now, IMAGES)
    core.permit = permit_of(load(save(core.desired, seen, "/source", "2026-01-01T00:00:00Z")))


def said(lab: Lab) -> list[str]:
    return [render_action(action).split(":")[0] for action in lab.settle()]


def left_alone(lab: Lab) -> dict[str, str]:
    return {str(v.key): v.reason for v in lab.core.all_verdicts() if v.left_alone}


def test_all_that_was_agreed_to_is_done_and_later_steps_as_they_become_possible() -> None:
    lab = Lab(make_task(count=2, parallelism=1))
    agree(lab)
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    lab.world.finish("demo.work.1.1.1")
    lab.settle()
    assert complete(lab.core)
    assert left_alone(lab) == {}


def cached(name: str) -> DesiredTask:
    return make_task(name, cache=True)


def test_results_are_taken_over_where_that_or_a_start_was_agreed_to() -> None:
    for agreed_before in (False, True):
        lab = Lab(cached("first"), cached("second"))
        lab.world.autoexit = lambda _: 0
        lab.commit(cached("first"))
        lab.settle()
        lab.commit(cached("first"), cached("second"))
        if agreed_before:
            lab.core.permit = Permit(
                frozenset({("create", "demo.second.1.0.1")}), frozenset({"busybox:stable"})
            )
        else:
            agree(lab)
        assert said(lab)[-1] == "reuse   demo.second.1.0.1 @local"
        assert left_alone(lab) == {}


def test_what_was_to_take_results_over_does_not_run_instead() -> None:
    lab = Lab(cached("first"))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    lab.commit(cached("first"), cached("second"))
    agree(lab)
    lab.core.afresh = True
    lab.settle()
    assert lab.world.journal.starts == ["demo.first.1.0.1"]
    assert "create: new task" in left_alone(lab)["second/0"]


def test_what_dies_meanwhile_is_left_alone_and_told_of() -> None:
    lab = Lab(service("a"), service("b"))
    lab.settle()
    lab.commit(service("a"), service("b", spec={"env": (("A", "1"),)}))
    agree(lab)
    lab.now += 60
    lab.world.kill_by_hand("demo.a.1.0.1")
    done = said(lab)
    assert all(".b." in line or line.startswith("pull") for line in done)
    assert lab.live() == ["demo.b.2.0.1"]
    assert left_alone(lab) == {
        "a/0": "left alone, for the saved plan does not hold it: "
        "collect: it has ended; its outcome is to be recorded"
    }
    assert lab.core.at_rest()
    assert complete(lab.core)


def test_nothing_of_what_is_left_alone_goes_on_record() -> None:
    lab = Lab(make_task(retry=Retry(1)))
    agree(lab)
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    lab.wait(60)
    assert list(left_alone(lab)) == ["work/0"]
    assert complete(lab.core)
    attempts = lab.core.history.tasks["work"].runs[1].attempts_of(0)
    assert [attempt.number for attempt in attempts] == [1]
    lab.crash()
    lab.wait(60)
    assert lab.live() == ["demo.work.1.0.2"]


def test_an_edit_that_was_not_agreed_to_stops_nothing() -> None:
    lab = Lab(make_task())
    agree(lab)
    lab.settle()
    done = lab.apply(make_task(spec={"command": ("new",)}))
    assert {action.verb for action in done} <= {Verb.PULL}
    assert lab.live() == ["demo.work.1.0.1"]
    lab.crash()
    lab.settle()
    assert lab.live() == ["demo.work.2.0.1"]


def test_an_image_that_nothing_agreed_to_needs_is_not_pulled() -> None:
    lab = Lab(make_task("a", spec={"image": "far:1"}), make_task("b", spec={"image": "far:1"}))
    lab.core.permit = Permit(frozenset(), frozenset())
    assert lab.settle() == []
    assert set(left_alone(lab)) == {"a/0", "b/0"}
    assert lab.core.at_rest()


def test_what_outlives_its_stop_is_killed() -> None:
    lab = Lab(service("a"), service("b"))
    lab.settle()
    lab.world.stubborn.add("demo.b.1.0.1")
    lab.commit(service("a"))
    agree(lab)
    lab.settle()
    assert lab.wait(3600)
    assert lab.live() == ["demo.a.1.0.1"]
    assert left_alone(lab) == {}
    assert lab.verdict("a").state is InstanceState.RUNNING
