"""Tasks that wait for one another: when a run begins, when it never can, and when it may again."""

from itertools import pairwise
from typing import Any

import pytest

from reconciler.controller import requests
from reconciler.controller.writing import complete
from reconciler.ledger import LogEntry
from reconciler.model.action import InstanceState, Verb
from reconciler.model.desired import Condition, Dependency, DesiredTask, Restart, Retry
from reconciler.model.fact import AttemptReserved, Result, RetryGranted, RunCancelled, RunOpened
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.spec import Health
from reconciler.planning.status import task_state
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord

CHANGED = {"command": ("true",)}


def waiting(name: str, *others: str, condition: str = "success", **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own fields
    after = tuple(Dependency(other, Condition(condition)) for other in others)
    return make_task(name, fields.pop("count", 1), depends_on=after, **fields)


def service(name: str = "web", *others: str, **fields: Any) -> DesiredTask:  # noqa: ANN401  # as above
    return waiting(name, *others, restart=Restart.ALWAYS, retry=Retry(None), **fields)


def end(lab: Lab, name: str, code: int = 0) -> None:
    """End the program of an attempt, and let everything follow that does."""
    lab.world.finish(f"demo.{name}", code)
    lab.settle()


def state(lab: Lab, name: str, instance: int = 0) -> tuple[str, str]:
    verdict = lab.verdict(name, instance)
    return verdict.state.value, verdict.reason


def facts(lab: Lab, kind: type) -> list[Any]:
    record = lab.record
    assert isinstance(record, MemoryRecord)
    return [fact for fact in record.facts if isinstance(fact, kind)]


def entries(lab: Lab) -> list[LogEntry]:
    record = lab.record
    assert isinstance(record, MemoryRecord)
    return record.entries


def ask(lab: Lab, verb: str, **arguments: object) -> None:
    judged = requests.judge(verb, arguments, lab.desired, lab.core.history, lab.now)
    assert judged.ok, judged.message
    lab.core.note(judged.facts)
    lab.settle()


def test_a_run_begins_once_all_of_another_has_succeeded() -> None:
    lab = Lab(make_task("a", 3), waiting("b", "a", count=2))
    lab.settle()
    assert lab.live() == ["demo.a.1.0.1", "demo.a.1.1.1", "demo.a.1.2.1"]
    assert state(lab, "b") == ("Pending", "waits for task a to succeed: 0 of 3 done")
    end(lab, "a.1.0.1")
    end(lab, "a.1.1.1")
    assert len(lab.live()) == 1
    end(lab, "a.1.2.1")
    assert lab.live() == ["demo.b.1.0.1", "demo.b.1.1.1"]


def test_what_it_waits_for_and_how_far_that_is_can_be_read_at_any_time() -> None:
    lab = Lab(make_task("a", 3), waiting("b", "a"))
    lab.settle()
    end(lab, "a.1.0.1")
    lab.core.dirty_all()
    lab.settle()
    assert state(lab, "b") == ("Pending", "waits for task a to succeed: 1 of 3 done")
    assert lab.verdict("b").after == "a"
    assert not lab.verdict("b").blocked
    assert lab.core.at_rest()


def test_a_dependent_wakes_with_the_end_that_it_waits_for() -> None:
    """Without a list, a clock or a second happening."""
    lab = Lab(make_task("a"), waiting("b", "a"))
    lab.settle()
    lab.world.finish("demo.a.1.0.1")
    lab.driver.look()
    assert [a.verb for a in lab.driver.step()] == [Verb.COLLECT]
    assert lab.core.turn() == []
    assert lab.core.more_to_plan()
    assert lab.core.wake_at() == lab.now
    (pull,) = lab.core.turn()
    assert (pull.verb, pull.task) == (Verb.PULL, "b")


def test_a_diamond_goes_from_its_top_to_its_bottom() -> None:
    tasks = (
        waiting("bottom", "left", "right"),
        waiting("left", "top"),
        waiting("right", "top"),
        make_task("top"),
    )
    lab = Lab(*tasks)
    lab.settle()
    assert lab.live() == ["demo.top.1.0.1"]
    end(lab, "top.1.0.1")
    assert lab.live() == ["demo.left.1.0.1", "demo.right.1.0.1"]
    end(lab, "right.1.0.1")
    assert lab.live() == ["demo.left.1.0.1"]
    assert state(lab, "bottom")[1] == "waits for task left to succeed: 0 of 1 done"
    end(lab, "left.1.0.1")
    assert lab.live() == ["demo.bottom.1.0.1"]
    assert [f.attempt.key.task for f in facts(lab, AttemptReserved)] == [
        "top", "left", "right", "bottom",
    ]  # fmt: skip


@pytest.mark.parametrize("condition", [*Condition])
@pytest.mark.parametrize("how", ["success", "failure", "cancelled"])
def test_each_condition_with_each_end(condition: Condition, how: str) -> None:
    lab = Lab(make_task("a"), waiting("b", "a", condition=condition))
    lab.settle()
    if how == "cancelled":
        ask(lab, "stop", task="a")
    else:
        end(lab, "a.1.0.1", 0 if how == "success" else 3)
    met = condition in {Condition.ANY, Condition(how)}
    assert (lab.live() == ["demo.b.1.0.1"]) == met
    assert (state(lab, "b")[0] == "Cancelled") == (not met)


def test_a_condition_that_can_never_be_met_ends_all_that_would_have_followed() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"), waiting("c", "b"), waiting("d", "c", "a"))
    lab.settle()
    end(lab, "a.1.0.1", 3)
    why = "waited for task a to succeed, which has failed: a/0: exit code 3"
    assert state(lab, "b")[0] == "Cancelled"
    assert state(lab, "b")[1].startswith(why)
    assert state(lab, "c") == ("Cancelled", "waited for task b to succeed, which was cancelled")
    assert state(lab, "d")[1].startswith(why), "the first to be known"
    assert [(f.task, f.instance, f.result) for f in facts(lab, RunCancelled)] == [
        ("b", None, Result.CANCELLED),
        ("d", None, Result.CANCELLED),
        ("c", None, Result.CANCELLED),
    ]
    assert lab.core.at_rest()
    lab.crash()
    assert lab.settle() == []
    assert len(facts(lab, RunCancelled)) == 3, "a restart finds it on record"


def test_what_was_stopped_by_a_person_is_named_with_the_reason() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"))
    lab.settle()
    ask(lab, "stop", task="a")
    assert state(lab, "b") == (
        "Cancelled",
        "waited for task a to succeed, which was cancelled: a/0: stopped by request",
    )


@pytest.mark.parametrize("cure", ["work", "rerun"])
def test_another_run_of_it_asks_anew_for_what_never_began(cure: str) -> None:
    rest = (waiting("b", "a"), waiting("c", "b"))
    lab = Lab(make_task("a"), *rest)
    lab.settle()
    end(lab, "a.1.0.1", 3)
    assert state(lab, "c")[0] == "Cancelled"
    lab.apply(make_task("a", spec=CHANGED) if cure == "work" else make_task("a", rerun=1), *rest)
    assert state(lab, "b") == ("Pending", "waits for task a to succeed: 0 of 1 done")
    assert state(lab, "c") == ("Pending", "waits for task b to succeed: 0 of 1 done")
    end(lab, "a.2.0.1")
    end(lab, "b.1.0.1")
    end(lab, "c.1.0.1")
    assert {lab.verdict(name).state for name in "abc"} == {InstanceState.SUCCEEDED}
    assert [f.task for f in facts(lab, RunOpened)] == ["a", "b", "c", "a"], "no run in vain"


def test_another_try_of_what_failed_asks_anew_as_well() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"))
    lab.settle()
    end(lab, "a.1.0.1", 3)
    lab.core.note([RetryGranted("a", 1, 0, 1, lab.now)])
    lab.settle()
    assert state(lab, "b")[0] == "Pending"
    lifted = facts(lab, RetryGranted)[-1]
    assert (lifted.task, lifted.run, lifted.instance) == ("b", 1, None)
    assert any(e.message.startswith("the run goes on: ") and e.task == "b" for e in entries(lab))


def test_a_dependency_that_is_removed_from_the_manifest_is_in_nobodys_way() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"))
    lab.settle()
    end(lab, "a.1.0.1", 3)
    lab.apply(make_task("a"), make_task("b"))
    assert lab.live() == ["demo.b.1.0.1"]


def test_law_2_what_has_completed_does_not_run_again_with_what_it_came_after() -> None:
    after = waiting("b", "a")
    lab = Lab(make_task("a"), after)
    lab.settle()
    end(lab, "a.1.0.1")
    end(lab, "b.1.0.1")
    lab.apply(make_task("a", spec=CHANGED), after)
    end(lab, "a.2.0.1", 3)
    assert lab.verdict("b").state is InstanceState.SUCCEEDED
    assert lab.live() == []
    assert [f.task for f in facts(lab, RunOpened)] == ["a", "b", "a"]


def test_what_has_begun_is_not_asked_again() -> None:
    after = waiting("b", "a", count=3, parallelism=1)
    lab = Lab(make_task("a"), after)
    lab.settle()
    end(lab, "a.1.0.1")
    lab.apply(make_task("a", spec=CHANGED), after)
    end(lab, "a.2.0.1", 3)
    end(lab, "b.1.0.1")
    assert lab.live() == ["demo.b.1.1.1"]


def test_both_changed_in_one_commit_go_in_their_order() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"))
    lab.world.autoexit = lambda _: 0
    for _ in range(6):
        lab.settle()
    lab.world.autoexit = lambda _: None
    lab.apply(make_task("a", spec=CHANGED), waiting("b", "a", spec=CHANGED))
    assert lab.live() == ["demo.a.2.0.1"]
    end(lab, "a.2.0.1")
    assert lab.live() == ["demo.b.2.0.1"]


def test_going_back_to_work_that_succeeded_waits_for_nothing() -> None:
    lab = Lab(make_task("a"))
    lab.settle()
    end(lab, "a.1.0.1")
    lab.apply(make_task("a", spec=CHANGED))
    lab.apply(make_task("a"), waiting("b", "a"))
    assert lab.live() == ["demo.b.1.0.1"]


def test_a_retry_is_waited_for() -> None:
    lab = Lab(make_task("a", retry=Retry(1)), waiting("b", "a"))
    lab.settle()
    end(lab, "a.1.0.1", 1)
    assert state(lab, "b")[0] == "Pending"
    lab.wait(60)
    end(lab, "a.1.0.2")
    assert lab.live() == ["demo.b.1.0.1"]


def test_enough_successes_are_a_success() -> None:
    lab = Lab(make_task("a", 2, min_succeeded=1), waiting("b", "a"))
    lab.settle()
    end(lab, "a.1.0.1", 1)
    end(lab, "a.1.1.1")
    assert lab.live() == ["demo.b.1.0.1"]


def test_nothing_asked_for_is_waited_for_by_nobody() -> None:
    lab = Lab(make_task("a", 0), waiting("b", "a"))
    lab.settle()
    assert lab.live() == ["demo.b.1.0.1"]


# --- what keeps a dependency ---------------------------------------------------------------------


def test_a_dependency_that_is_suspended_is_said_to_be() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"))
    ask(lab, "suspend", target="task/a", reason="maintenance")
    assert state(lab, "b")[1] == (
        "waits for task a to succeed: 0 of 1 done, suspended by request: maintenance"
    )
    assert complete(lab.core), "nobody waits for what a person keeps"
    ask(lab, "resume", target="task/a")
    assert lab.live() == ["demo.a.1.0.1"]
    assert not complete(lab.core)


def test_a_dependency_that_cannot_be_started_is_said_to_be() -> None:
    lab = Lab(make_task("a", blocked="not started, for x is not supported yet"), waiting("b", "a"))
    lab.settle()
    assert state(lab, "b")[1].endswith("a to succeed: not started, for x is not supported yet")


def test_a_dependency_that_is_held_is_said_to_be() -> None:
    lab = Lab(make_task("a", 6))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    lab.settle()
    lab.apply(make_task("a", 6, spec=CHANGED), waiting("b", "a"))
    assert state(lab, "b")[1].startswith("waits for task a to succeed: 0 of 6 done, held: 6 of 6")
    ask(lab, "approve")
    lab.settle()
    lab.settle()
    assert lab.verdict("b").state is InstanceState.SUCCEEDED


def test_a_dependent_that_is_suspended_begins_when_it_is_resumed() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"))
    ask(lab, "suspend", target="task/b")
    end(lab, "a.1.0.1")
    assert lab.live() == []
    ask(lab, "resume", target="task/b")
    assert lab.live() == ["demo.b.1.0.1"]


def test_a_person_who_stopped_a_dependent_has_the_last_word() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"))
    lab.settle()
    ask(lab, "stop", task="b")
    end(lab, "a.1.0.1")
    assert state(lab, "b") == ("Cancelled", "stopped by request")


# --- services ------------------------------------------------------------------------------------


def test_a_service_is_waited_for_until_all_of_it_is_ready() -> None:
    lab = Lab(
        service("db", count=2, spec={"health": Health(command=("check",))}), waiting("b", "db")
    )
    lab.settle()
    assert state(lab, "b")[1] == "waits for task db to be ready: 0 of 2 ready"
    lab.world.become("demo.db.1.0.1", "healthy")
    lab.settle()
    assert lab.live() == ["demo.db.1.0.1", "demo.db.1.1.1"]
    lab.world.become("demo.db.1.1.1", "healthy")
    lab.settle()
    assert "demo.b.1.0.1" in lab.live()


def test_a_service_without_a_check_is_ready_when_it_runs() -> None:
    lab = Lab(waiting("b", "db"), service("db", count=2))
    started = [a.subject for a in lab.settle() if a.verb is Verb.START]
    assert started == ["demo.db.1.0.1", "demo.db.1.1.1", "demo.b.1.0.1"]


@pytest.mark.parametrize(("condition", "began"), [("failure", True), ("any", True),
                                                  ("success", False)])  # fmt: skip
def test_a_service_that_fails_for_good(condition: str, *, began: bool) -> None:
    db = make_task("db", restart=Restart.ALWAYS, retry=Retry(0), spec={"command": ("x",)})
    lab = Lab(db, make_task("other"), waiting("b", "db", "other", condition=condition))
    lab.settle()
    end(lab, "db.1.0.1", 1)
    ended = "Cancelled" if condition == "success" else "Pending"
    assert state(lab, "b")[0] == ended
    end(lab, "other.1.0.1", 1)
    assert (lab.live() == ["demo.b.1.0.1"]) == began


def test_a_service_stays_as_it_was_until_its_new_run_may_begin() -> None:
    migrate, web = make_task("migrate"), service("web", "migrate")
    lab = Lab(migrate, web)
    lab.settle()
    end(lab, "migrate.1.0.1")
    assert lab.live() == ["demo.web.1.0.1"]
    new = make_task("migrate", spec=CHANGED), service("web", "migrate", spec=CHANGED)
    lab.apply(*new)
    assert lab.live() == ["demo.migrate.2.0.1", "demo.web.1.0.1"]
    assert state(lab, "web")[1] == (
        "running as before; waits for task migrate to succeed: 0 of 1 done"
    )
    end(lab, "migrate.2.0.1", 1)
    assert lab.live() == ["demo.web.1.0.1"], "what fails before it takes no service down"
    assert lab.verdict("web").blocked
    lab.apply(make_task("migrate", rerun=1, spec=CHANGED), new[1])
    end(lab, "migrate.3.0.1")
    assert lab.live() == ["demo.web.2.0.1"]


def test_a_service_that_has_begun_is_restarted_whatever_its_dependency_does() -> None:
    web = service("web", "migrate")
    lab = Lab(make_task("migrate"), web)
    lab.settle()
    end(lab, "migrate.1.0.1")
    lab.apply(make_task("migrate", spec=CHANGED), web)
    end(lab, "web.1.0.1", 1)
    lab.wait(60)
    assert "demo.web.1.0.2" in lab.live()


# --- the law -------------------------------------------------------------------------------------


def test_why_it_is_created_says_what_it_comes_after() -> None:
    others = ["a", "b", "c", "d"]
    lab = Lab(*(make_task(name, 0) for name in others), waiting("e", "a"), waiting("f", *others))
    causes = {a.task: a.cause.reason for a in lab.settle() if a.verb is Verb.CREATE}
    assert causes == {
        "e": "new task, after task a succeeds",
        "f": "new task, after task a succeeds, task b succeeds, task c succeeds and 1 more",
    }


def test_a_chain_of_many_ends_as_one() -> None:
    names = [f"t{n:03}" for n in range(200)]
    tasks = [make_task(names[0]), *(waiting(b, a) for a, b in pairwise(names))]
    lab = Lab(*tasks)
    lab.settle()
    end(lab, "t000.1.0.1", 1)
    known = lab.desired.tasks
    found = {task_state(lab.core.verdicts[name], known[name])[0].value for name in names[1:]}
    assert found == {"Cancelled"}


def test_a_crash_between_any_two_steps_changes_nothing() -> None:
    lab = Lab(make_task("a"), waiting("b", "a"), waiting("c", "a", condition="failure"))
    lab.world.autoexit = lambda _: 0
    for number in range(30):
        for _ in range(2 + number % 2):
            lab.driver.step()
        lab.crash()
    lab.settle()
    assert lab.world.journal.starts == ["demo.a.1.0.1", "demo.b.1.0.1"]
    assert state(lab, "c")[1] == "waited for task a to fail, which has succeeded"
    key = AttemptKey(InstanceKey("b", 0), 1, 1)
    record = lab.core.history.attempt(key)
    assert record is not None
    assert record.result is Result.SUCCEEDED
