"""How a service is replaced: bit by bit, beside what serves, and only while it goes well."""

from typing import Any

import pytest

from reconciler.controller import requests
from reconciler.controller.writing import complete
from reconciler.engines.engine import TransientError
from reconciler.model.action import InstanceState
from reconciler.model.desired import Backoff, DesiredTask, Restart, Retry
from reconciler.model.spec import Health, Resources
from reconciler.planning.backoff import STEADY
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord

CHECKED = {"health": Health(command=("true",))}
NEW = {"env": (("A", "1"),)}
NEWER = {"env": (("A", "2"),)}


def web(count: int = 3, spec: dict[str, Any] | None = None, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own fields
    retry = Retry(None, Backoff(jitter=0))
    return make_task("web", count, restart=Restart.ALWAYS, retry=retry, spec=spec or {}, **fields)


def steady(*tasks: DesiredTask) -> Lab:
    """Return a lab in which everything has been up for long."""
    lab = Lab(*tasks)
    lab.settle()
    healthy(lab, *lab.live())
    lab.wait(100)
    return lab


def healthy(lab: Lab, *names: str) -> None:
    for name in names:
        if lab.world.boxes[name].health:
            lab.world.become(name, "healthy")


def name(instance: int, run: int = 1, attempt: int = 1) -> str:
    return f"demo.web.{run}.{instance}.{attempt}"


def runs(lab: Lab) -> list[str]:
    """Return RUN.INSTANCE.ATTEMPT of what is live."""
    return [live.removeprefix("demo.web.") for live in lab.live()]


# --- without surge ---------------------------------------------------------------------------


def test_without_a_check_the_next_one_gives_way_when_the_new_one_has_run_for_a_while() -> None:
    lab = steady(web())
    lab.apply(web(spec=NEW))
    assert runs(lab) == ["1.1.1", "1.2.1", "2.0.1"]
    assert "at most 1 out of service at once" in lab.verdict("web", 1).reason
    assert lab.core.wake_at() == lab.now + STEADY
    assert lab.wait(STEADY - 1) == []
    lab.wait(1)
    assert runs(lab) == ["1.2.1", "2.0.1", "2.1.1"]
    lab.wait(STEADY)
    lab.wait(STEADY)
    assert runs(lab) == ["2.0.1", "2.1.1", "2.2.1"]
    assert complete(lab.core)


def test_an_apply_stays_while_a_rollout_moves() -> None:
    lab = steady(web())
    lab.apply(web(spec=NEW))
    assert not lab.core.at_rest()
    lab.wait(STEADY)
    assert not lab.core.at_rest()
    lab.wait(STEADY)
    assert lab.core.at_rest(), "the last one need not be waited for"


def test_a_new_one_that_ends_halts_the_rollout() -> None:
    lab = steady(web(max_unavailable=2))
    lab.world.autoexit = lambda request: 1 if ".2.1." in request.name else None
    lab.apply(web(spec=NEW, max_unavailable=2))
    for _ in range(20):
        lab.wait(10)
    assert runs(lab) == ["1.2.1", "2.0.1"]
    verdict = lab.verdict("web", 2)
    assert verdict.reason == (
        "the rollout is halted, for web/1 fails (exit code 1): it goes on when web/1 is ready, "
        "or with another change"
    )
    assert verdict.blocked
    assert lab.core.at_rest()


def test_it_goes_on_when_the_failing_one_is_ready_after_all() -> None:
    lab = steady(web(2))
    lab.apply(web(2, spec=NEW))
    lab.world.finish(name(0, run=2), 1)
    lab.settle()
    assert lab.core.assessment.halts.keys() == {"web"}
    lab.wait(5)
    assert runs(lab) == ["1.1.1", "2.0.2"]
    lab.wait(STEADY)
    assert runs(lab) == ["2.0.2", "2.1.1"]
    assert not lab.core.assessment.halts


def test_another_change_ends_a_halt() -> None:
    lab = steady(web(2))
    lab.apply(web(2, spec=NEW))
    lab.world.finish(name(0, run=2), 1)
    lab.settle()
    lab.apply(web(2, spec=NEWER))
    assert runs(lab) == ["1.1.1", "3.0.1"]
    lab.wait(STEADY)
    assert runs(lab) == ["3.0.1", "3.1.1"]


def test_going_back_ends_a_halt() -> None:
    lab = steady(web(2))
    lab.apply(web(2, spec=NEW))
    lab.world.finish(name(0, run=2), 1)
    lab.settle()
    lab.apply(web(2))
    assert runs(lab) == ["1.0.2", "1.1.1"]
    assert not lab.core.assessment.halts


def test_an_exit_with_0_is_no_way_to_become_ready() -> None:
    lab = steady(web(2))
    lab.apply(web(2, spec=NEW))
    lab.world.finish(name(0, run=2), 0)
    lab.settle()
    assert "web/0 fails (exit code 0)" in lab.verdict("web", 1).reason


def test_a_failing_health_check_halts_the_rollout() -> None:
    lab = steady(web(3, spec=CHECKED, max_unavailable=2))
    lab.apply(web(3, spec=CHECKED | NEW, max_unavailable=2))
    lab.world.become(name(0, run=2), "healthy")
    lab.world.become(name(1, run=2), "unhealthy")
    lab.settle()
    lab.wait(1)
    assert "1.2.1" in runs(lab)
    assert "web/1 fails" in lab.verdict("web", 2).reason
    assert "health check" in lab.verdict("web", 2).reason


def test_what_the_engine_will_not_start_halts_the_rollout() -> None:
    lab = steady(web(3, max_unavailable=2))
    lab.world.faults = lambda call, subject, when: (
        TransientError("port 80 is taken") if (call, subject) == ("start", name(0, 2)) else None
    )
    lab.apply(web(3, spec=NEW, max_unavailable=2))
    lab.wait(STEADY)
    assert "web/0 fails (port 80 is taken)" in lab.verdict("web", 2).reason
    assert "1.2.1" in runs(lab)


def test_a_halt_is_told_once_and_so_is_its_end() -> None:
    lab = steady(web(2))
    lab.apply(web(2, spec=NEW))
    lab.world.finish(name(0, run=2), 1)
    for _ in range(5):
        lab.wait(1)
    lab.wait(STEADY)
    record = lab.record
    assert isinstance(record, MemoryRecord)
    said = [entry.message for entry in record.entries if entry.kind == "rollout"]
    assert len(said) == 2
    assert said[0].startswith("the rollout is halted, for web/0 fails (exit code 1)")
    assert said[1] == "the rollout is not halted any more"


def test_where_nothing_is_replaced_a_failure_halts_nothing() -> None:
    lab = steady(web(2))
    lab.world.autoexit = lambda request: 1
    lab.world.finish(name(0), 1)
    for _ in range(5):
        lab.wait(10)
    assert not lab.core.assessment.halts
    record = lab.record
    assert isinstance(record, MemoryRecord)
    assert not [entry for entry in record.entries if entry.kind == "rollout"]


def test_a_restart_finds_the_rollout_as_it_was() -> None:
    lab = steady(web(2))
    lab.apply(web(2, spec=NEW))
    lab.world.finish(name(0, run=2), 1)
    lab.settle()
    reason = lab.verdict("web", 1).reason
    lab.crash()
    lab.settle()
    assert lab.verdict("web", 1).reason == reason
    assert runs(lab) == ["1.1.1"]


def test_what_does_not_serve_anyhow_is_replaced_out_of_turn() -> None:
    lab = steady(web(3, spec=CHECKED))
    lab.world.become(name(2), "starting")
    lab.apply(web(3, spec=CHECKED | NEW))
    assert runs(lab) == ["1.0.1", "1.1.1", "2.2.1"]


def test_a_stopped_instance_holds_nothing_up() -> None:
    lab = steady(web(2))
    lab.apply(web(2, spec=NEW))
    judged = requests.judge(
        "stop", {"task": "web", "instance": 0}, lab.desired, lab.core.history, lab.now
    )
    lab.core.note(judged.facts)
    lab.wait(STEADY)
    assert runs(lab) == ["2.1.1"]


# --- with surge --------------------------------------------------------------------------------


@pytest.mark.parametrize("surge", [1, 2])
def test_the_new_one_is_ready_before_the_old_one_ends(surge: int) -> None:
    lab = steady(web(3, max_surge=surge))
    lab.apply(web(3, spec=NEW, max_surge=surge))
    assert len(runs(lab)) == 3 + surge
    assert {r for r in runs(lab) if r.startswith("1.")} == {"1.0.1", "1.1.1", "1.2.1"}
    for _ in range(60):
        lab.wait(1)
        live = runs(lab)
        assert len(live) <= 3 + surge
        assert {r.split(".")[1] for r in live} == {"0", "1", "2"}
    assert runs(lab) == ["2.0.1", "2.1.1", "2.2.1"]
    assert complete(lab.core)
    assert lab.settle() == []


def test_a_changed_shape_surges_within_the_run() -> None:
    lab = steady(web(2, max_surge=1))
    lab.apply(web(2, spec={"resources": Resources(memory=64)}, max_surge=1))
    assert runs(lab) == ["1.0.1", "1.0.2", "1.1.1"]
    lab.wait(STEADY)
    lab.wait(STEADY)
    assert runs(lab) == ["1.0.2", "1.1.2"]


def test_a_new_one_becomes_healthy_first() -> None:
    lab = steady(web(2, spec=CHECKED, max_surge=1))
    lab.apply(web(2, spec=CHECKED | NEW, max_surge=1))
    lab.wait(1000)
    assert runs(lab) == ["1.0.1", "1.1.1", "2.0.1"]
    verdict = lab.verdict("web", 0)
    assert verdict.state is InstanceState.RUNNING
    assert verdict.reason == (
        "its first health check is awaited; attempt 1 of run 1 serves meanwhile"
    )
    lab.world.become(name(0, run=2), "healthy")
    lab.settle()
    assert runs(lab) == ["1.1.1", "2.0.1", "2.1.1"]


def test_with_surge_too_a_failure_halts_and_the_old_ones_serve_on() -> None:
    lab = steady(web(2, max_surge=1))
    lab.apply(web(2, spec=NEW, max_surge=1))
    lab.world.finish(name(0, run=2), 1)
    lab.settle()
    lab.wait(0.1)
    assert runs(lab) == ["1.0.1", "1.1.1"]
    first, second = lab.verdict("web", 0), lab.verdict("web", 1)
    assert first.state is second.state is InstanceState.RUNNING
    assert first.reason.endswith("attempt 1 of run 1 serves meanwhile")
    assert first.blocked
    assert "the rollout is halted, for web/0 fails (exit code 1)" in second.reason
    lab.wait(5)
    assert runs(lab) == ["1.0.1", "1.1.1", "2.0.2"]
    lab.wait(STEADY)
    lab.wait(STEADY)
    assert runs(lab) == ["2.0.2", "2.1.1"]


def test_another_change_under_way_takes_no_further_place() -> None:
    lab = steady(web(2, max_surge=1))
    lab.apply(web(2, spec=NEW, max_surge=1))
    lab.apply(web(2, spec=NEWER, max_surge=1))
    assert len(runs(lab)) == 3
    assert {"1.0.1", "1.1.1"} < set(runs(lab))
    lab.wait(STEADY)
    lab.wait(STEADY)
    assert runs(lab) == ["3.0.1", "3.1.1"]


def test_going_back_ends_what_is_new_and_touches_nothing_else() -> None:
    lab = steady(web(2, max_surge=1))
    lab.apply(web(2, spec=NEW, max_surge=1))
    done = lab.apply(web(2, max_surge=1))
    assert {action.subject for action in done} == {name(0, run=2)}
    assert runs(lab) == ["1.0.1", "1.1.1"]


def test_surge_given_up_under_way_leads_on() -> None:
    lab = steady(web(2, max_surge=1))
    lab.apply(web(2, spec=NEW, max_surge=1))
    lab.apply(web(2, spec=NEW))
    assert {"1.0.1", "2.0.1"} <= set(runs(lab)), "what was begun is brought to its end"
    for _ in range(3):
        lab.wait(STEADY)
    assert runs(lab) == ["2.0.1", "2.1.1"]


def test_surge_goes_beyond_parallelism() -> None:
    lab = steady(web(2, max_surge=1, parallelism=2))
    lab.apply(web(2, spec=NEW, max_surge=1, parallelism=2))
    assert runs(lab) == ["1.0.1", "1.1.1", "2.0.1"]


def test_a_lowered_bound_waits_for_no_rollout() -> None:
    lab = steady(web(3, max_surge=1))
    lab.world.autoexit = lambda request: 1 if ".2.0." in request.name else None
    lab.apply(web(3, spec=NEW, max_surge=1))
    lab.apply(web(3, spec=NEW, max_surge=1, parallelism=2))
    assert runs(lab) == ["1.0.1", "1.1.1"]


def test_scaled_down_under_way_the_surplus_goes_whole() -> None:
    lab = steady(web(2, max_surge=1))
    lab.apply(web(2, spec=NEW, max_surge=1))
    lab.apply(web(1, spec=NEW, max_surge=1))
    assert runs(lab) == ["1.0.1", "2.0.1"]
    lab.wait(STEADY)
    assert runs(lab) == ["2.0.1"]


def test_stop_ends_old_and_new() -> None:
    lab = steady(web(1, max_surge=1))
    lab.apply(web(1, spec=NEW, max_surge=1))
    judged = requests.judge("stop", {"task": "web"}, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    assert runs(lab) == []


@pytest.mark.parametrize("steps", range(1, 12))
def test_a_crash_anywhere_leaves_no_more_than_the_surge(steps: int) -> None:
    lab = steady(web(2, max_surge=1))
    lab.commit(web(2, spec=NEW, max_surge=1))
    for _ in range(60):
        lab.crash()
        for _ in range(steps):
            lab.driver.step()
            assert len(lab.live()) <= 3
            assert {live.split(".")[1] for live in runs(lab)} == {"0", "1"}
        lab.now += 1
    assert steps < 2 or runs(lab) == ["2.0.1", "2.1.1"], "one step alone never learns the image"


def test_an_old_one_that_dies_meanwhile_is_not_brought_back() -> None:
    lab = steady(web(1, max_surge=1))
    lab.apply(web(1, spec=NEW, max_surge=1))
    lab.world.kill_by_hand(name(0))
    lab.settle()
    lab.wait(STEADY)
    assert runs(lab) == ["2.0.1"]
    assert complete(lab.core)
