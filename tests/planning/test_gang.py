"""A gang: none starts before all are there, and when one fails none goes on without it."""

from typing import Any

import pytest

from reconciler.controller import requests
from reconciler.controller.execution import carry_out
from reconciler.controller.writing import complete
from reconciler.engines.engine import EngineError, PermanentError, TransientError
from reconciler.engines.simulated.world import When
from reconciler.model.action import CreateRequest, InstanceState, Plan, TaskState, Verb
from reconciler.model.desired import Backoff, DesiredTask, OnChange, Restart, Retry
from reconciler.model.fact import (
    AttemptEnded,
    AttemptReserved,
    Fact,
    Result,
    RunCancelled,
    RunOpened,
    StartRequested,
)
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import Container, Containers, NodeView, Observed, Phase
from reconciler.model.spec import Resources
from reconciler.planning import plan
from reconciler.planning.status import task_state
from tests.support.desired import make_desired, make_task
from tests.support.lab import Lab, MemoryRecord

AGAIN = Retry(2, Backoff(initial=5, jitter=0))


def crew(count: int = 4, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own fields
    return make_task("crew", count, gang=True, **fields)


def name(instance: int, attempt: int = 1, run: int = 1) -> str:
    return f"demo.crew.{run}.{instance}.{attempt}"


def runs(lab: Lab) -> list[str]:
    """Return RUN.INSTANCE.ATTEMPT of what is live."""
    return [live.removeprefix("demo.crew.") for live in lab.live()]


def running(count: int = 4, **fields: Any) -> Lab:  # noqa: ANN401  # as above
    lab = Lab(crew(count, **fields))
    lab.settle()
    assert len(lab.live()) == count
    return lab


def watched(lab: Lab, count: int) -> Lab:
    """Have the world refuse to see a member start before all of them have a container."""

    def all_are_there(request: CreateRequest) -> int | None:
        made = {n.split(".")[3] for n in lab.world.boxes if n.startswith("demo.crew.")}
        assert len(made) == count, f"{request.name} starts when there are only {made}"
        return None

    lab.world.autoexit = all_are_there
    return lab


def results(lab: Lab) -> dict[str, tuple[Result, str]]:
    """Return the outcomes on record by RUN.INSTANCE.ATTEMPT, with their reasons."""
    record = lab.record
    assert isinstance(record, MemoryRecord)
    return {
        f"{f.attempt.run}.{f.attempt.key.instance}.{f.attempt.attempt}": (f.result, f.reason)
        for f in record.facts
        if isinstance(f, AttemptEnded)
    }


def refuse(lab: Lab, call: str, container: str, error: EngineError) -> None:
    """Have the engine refuse a call for one container."""

    def fault(verb: str, subject: str, when: When) -> EngineError | None:
        return error if (verb, subject, when) == (call, container, "before") else None

    lab.world.faults = fault


def test_all_are_made_before_the_first_starts() -> None:
    lab = watched(Lab(crew()), 4)
    done = lab.settle()
    verbs = [action.verb for action in done if action.verb is not Verb.PULL]
    assert verbs == [Verb.CREATE] * 4 + [Verb.START] * 4
    assert runs(lab) == ["1.0.1", "1.1.1", "1.2.1", "1.3.1"]


@pytest.mark.parametrize("steps", range(1, 7))
def test_a_crash_anywhere_lets_none_start_alone(steps: int) -> None:
    lab = watched(Lab(crew()), 4)
    for _ in range(steps):
        lab.driver.step()
    lab.crash()
    lab.settle()
    assert runs(lab) == ["1.0.1", "1.1.1", "1.2.1", "1.3.1"]
    assert len(lab.world.journal.starts) == 4


def test_on_room_for_three_a_gang_of_four_starts_nothing_and_says_why() -> None:
    lab = Lab(crew(4, parallelism=3))
    assert lab.settle() == []
    verdict = lab.verdict("crew")
    assert verdict.blocked
    assert verdict.reason == ("a gang of 4 starts together, and parallelism lets 3 run at once")
    lab.apply(crew(4, parallelism=4))
    assert len(lab.live()) == 4


def test_one_that_cannot_be_made_keeps_the_others_waiting() -> None:
    lab = Lab(crew())
    refuse(lab, "create", name(2), PermanentError("no such device"))
    lab.settle()
    for _ in range(10):
        lab.wait(100)
    assert lab.world.journal.starts == []
    assert lab.verdict("crew", 2).reason == "no such device"
    assert lab.verdict("crew", 3).reason == "waits for crew/2: a gang starts together"
    assert task_state(lab.core.verdicts["crew"], lab.desired.tasks["crew"])[0] is TaskState.BLOCKED
    assert lab.core.at_rest()
    lab.world.faults = lambda *_: None
    lab.wait(100)
    assert len(lab.live()) == 4


def test_one_whose_name_is_taken_is_made_under_the_next() -> None:
    lab = watched(Lab(crew()), 4)
    lab.world.run_by_hand(name(1))
    lab.settle()
    lab.wait(5)
    assert {live for live in runs(lab) if live != "1.1.1"} == {"1.0.1", "1.1.2", "1.2.1", "1.3.1"}


def test_a_start_that_is_refused_again_lets_the_others_go() -> None:
    lab = Lab(crew())
    refuse(lab, "start", name(2), TransientError("port 80 is taken"))
    lab.settle()
    assert runs(lab) == ["1.0.1", "1.1.1", "1.3.1"], "once may be chance"
    lab.wait(2)
    assert runs(lab) == []
    assert results(lab)["1.0.1"] == (
        Result.CANCELLED,
        "crew/2 cannot be started: port 80 is taken",
    )
    for _ in range(10):
        lab.wait(100)
    assert runs(lab) == []
    assert len(lab.world.journal.starts) == 3, "nobody starts before the one that hinders"
    assert "port 80 is taken" in lab.verdict("crew", 2).reason
    lab.world.faults = lambda *_: None
    lab.wait(100)
    assert runs(lab) == ["1.0.2", "1.1.2", "1.2.1", "1.3.2"]


def test_a_failure_ends_all_and_they_start_anew_together() -> None:
    lab = running(retry=AGAIN)
    watched(lab, 4)
    lab.world.finish(name(2), 1)
    lab.settle()
    assert runs(lab) == []
    assert results(lab)["1.0.1"] == (
        Result.CANCELLED,
        "crew/2 failed (exit code 1), and so its gang",
    )
    assert "the next attempt is due" in lab.verdict("crew", 2).reason
    assert lab.verdict("crew", 0).reason == "waits for crew/2: a gang starts together"
    lab.wait(5)
    assert runs(lab) == ["1.0.2", "1.1.2", "1.2.2", "1.3.2"]


def test_being_ended_with_the_others_costs_no_retry() -> None:
    lab = running(2, retry=AGAIN)
    for attempt, instance in enumerate([0, 1, 0, 1], start=1):
        lab.world.finish(name(instance, attempt), 1)
        lab.settle()
        lab.wait(20)
    assert runs(lab) == ["1.0.5", "1.1.5"]
    assert lab.verdict("crew").state is InstanceState.RUNNING


def test_with_no_retry_left_the_gang_has_failed() -> None:
    lab = running()
    lab.world.finish(name(2), 3)
    lab.settle()
    assert runs(lab) == []
    assert lab.verdict("crew", 2).state is InstanceState.FAILED
    others = [lab.verdict("crew", number) for number in (0, 1, 3)]
    assert {v.state for v in others} == {InstanceState.CANCELLED}
    assert (
        others[0].reason
        == "crew/2 failed (exit code 3; retry.perInstance is 0), and its gang with it"
    )
    assert task_state(lab.core.verdicts["crew"], lab.desired.tasks["crew"])[0] is TaskState.FAILED
    assert complete(lab.core)
    lab.wait(10_000)
    assert len(lab.world.journal.starts) == 4
    lab.crash()
    assert lab.settle() == []


def test_what_has_completed_stays_so_when_the_others_start_anew() -> None:
    lab = running(3, retry=AGAIN)
    lab.world.finish(name(0), 0)
    lab.settle()
    assert runs(lab) == ["1.1.1", "1.2.1"], "an early end is no failure"
    lab.world.finish(name(1), 1)
    lab.settle()
    lab.wait(5)
    assert runs(lab) == ["1.1.2", "1.2.2"]
    assert lab.verdict("crew", 0).state is InstanceState.SUCCEEDED


def test_two_that_fail_at_once_start_anew_once() -> None:
    lab = running(3, retry=AGAIN)
    lab.world.finish(name(0), 1)
    lab.world.finish(name(1), 1)
    lab.settle()
    lab.wait(5)
    assert runs(lab) == ["1.0.2", "1.1.2", "1.2.2"]


def test_one_that_is_removed_by_hand_takes_the_others_along() -> None:
    lab = running(2, retry=AGAIN)
    lab.world.remove_by_hand(name(0))
    lab.settle()
    lab.wait(5)
    assert runs(lab) == ["1.0.2", "1.1.2"]


def test_a_failure_while_another_start_is_under_way_is_followed_up() -> None:
    lab = Lab(crew(2, retry=Retry(2, Backoff(initial=0.1, jitter=0))))
    engine = lab.driver.engines["local"]
    for _ in range(2):  # the pull, the creates
        lab.driver.step()
    first, second = lab.core.turn()
    lab.core.finished(carry_out(engine, first))
    answer = carry_out(engine, second)
    lab.world.finish(name(0), 1)
    lab.settle()
    lab.wait(1)
    assert runs(lab) == ["1.1.1"]
    lab.core.finished(answer)
    lab.settle()
    assert runs(lab) == ["1.0.2", "1.1.2"]
    assert results(lab)["1.1.1"][0] is Result.CANCELLED


def test_one_that_is_stopped_by_a_person_is_no_failure() -> None:
    lab = running(3)
    arguments = {"task": "crew", "instance": 1}
    judged = requests.judge("stop", arguments, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    assert runs(lab) == ["1.0.1", "1.2.1"]


def test_one_that_has_failed_without_an_attempt_ends_the_gang() -> None:
    lab = Lab(crew(3))
    refuse(lab, "create", name(1), PermanentError("no such device"))
    lab.settle()
    waited = "waited longer than queueTimeout"
    lab.core.note([RunCancelled("crew", 1, 1, waited, lab.now, Result.FAILED)])
    lab.settle()
    assert lab.world.journal.starts == []
    assert lab.verdict("crew", 1).state is InstanceState.FAILED
    assert lab.verdict("crew", 0).reason == f"crew/1 failed ({waited}), and its gang with it"
    assert complete(lab.core)


def test_one_more_joins_those_that_run() -> None:
    lab = running(3)
    lab.apply(crew(4))
    assert runs(lab) == ["1.0.1", "1.1.1", "1.2.1", "1.3.1"]


def test_a_bound_that_is_raised_again_waits_for_what_is_ending() -> None:
    lab = running(3)
    lab.world.stubborn.add(name(1))
    lab.apply(crew(3, parallelism=2))
    lab.apply(crew(3))
    assert runs(lab) == ["1.1.1"]
    lab.wait(10)
    assert runs(lab) == ["1.0.2", "1.1.2", "1.2.2"]


def two_nodes(task: DesiredTask, second: Container, *, known: bool = True) -> Plan:
    """Return the plan where crew/0 is made on one node, and crew/1 is `second`, on another."""
    first = seen(task, 0, "a")
    history = History()
    facts: list[Fact] = [RunOpened("crew", 1, task.work.hash, 0, "new", "f-1", 1.0)]
    facts += [AttemptReserved(c.attempt_key, c.node, c.shape, "f-1", 1.0) for c in (first, second)]
    facts += [StartRequested(second.attempt_key, 1.0)] if second.live else []
    for fact in facts:
        history.apply(fact)
    views = {
        "a": NodeView("a", containers=Containers([first])),
        "b": NodeView("b", known, "" if known else "no answer", Containers([second])),
    }
    return plan(make_desired(task, nodes=("a", "b")), Observed(views), history, now=2.0)


def seen(task: DesiredTask, number: int, node: str, **fields: Any) -> Container:  # noqa: ANN401  # a container's own fields
    attempt = AttemptKey(InstanceKey("crew", number), 1, 1)
    fields = {"shape": task.shape.hash, "phase": Phase.CREATED} | fields
    return Container(f"id{number}", name(number), node, attempt, task.work.hash, **fields)


def test_none_starts_while_another_is_on_a_node_that_cannot_be_seen() -> None:
    task = crew(2)
    verbs = [a.verb for a in two_nodes(task, seen(task, 1, "b")).actions]
    assert verbs == [Verb.START, Verb.START]
    assert two_nodes(task, seen(task, 1, "b"), known=False).actions == ()


def test_none_starts_while_another_runs_in_its_former_shape() -> None:
    task = crew(2)
    former = seen(task, 1, "b", shape="s1:old", phase=Phase.RUNNING)
    assert [a.verb for a in two_nodes(task, former).actions] == [Verb.PULL]


def test_a_changed_shape_starts_all_anew_together() -> None:
    lab = running(3)
    lab.world.stubborn.add(name(1))
    lab.apply(crew(3, spec={"resources": Resources(memory=64)}))
    assert runs(lab) == ["1.1.1"], "until the last old one has ended"
    watched(lab, 3)
    lab.wait(10)
    assert runs(lab) == ["1.0.2", "1.1.2", "1.2.2"]


def test_with_finish_the_new_ones_start_when_all_old_ones_have_ended() -> None:
    lab = running(2, on_change=OnChange.FINISH)
    lab.apply(crew(2, on_change=OnChange.FINISH, spec={"command": ("other",)}))
    lab.world.finish(name(0))
    lab.settle()
    assert runs(lab) == ["1.1.1"]
    assert lab.verdict("crew", 0).reason == "waits for crew/1: a gang starts together"
    lab.world.finish(name(1))
    lab.settle()
    assert runs(lab) == ["2.0.1", "2.1.1"]


def test_a_service_is_replaced_and_starts_over_as_a_whole() -> None:
    fields: dict[str, Any] = {"restart": Restart.ALWAYS, "retry": Retry(None, Backoff(jitter=0))}
    lab = running(3, **fields)
    lab.apply(crew(3, spec={"command": ("other",)}, **fields))
    assert runs(lab) == ["2.0.1", "2.1.1", "2.2.1"]
    lab.wait(60)
    lab.world.finish(name(1, run=2), 0)
    lab.settle()
    lab.wait(5)
    assert runs(lab) == ["2.0.2", "2.1.2", "2.2.2"]


def test_a_lowered_bound_ends_all_of_them() -> None:
    lab = running(3)
    lab.apply(crew(3, parallelism=2))
    assert runs(lab) == []
    assert lab.verdict("crew").blocked


def test_nothing_is_left_of_what_was_made_in_vain() -> None:
    lab = running(3, retry=Retry(1, Backoff(initial=5, jitter=0)))
    lab.world.finish(name(0), 1)
    lab.settle()
    lab.wait(5)
    lab.world.finish(name(0, 2), 1)
    lab.settle()
    left = [box.name for box in lab.world.boxes.values() if box.phase is not Phase.EXITED]
    assert left == []
    assert lab.settle() == []
