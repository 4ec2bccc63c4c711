"""A clock that is set decides nothing about how a program has ended."""

import pytest

from reconciler.model.desired import Backoff, Restart, Retry
from reconciler.model.fact import RunCancelled
from tests.support.desired import make_task
from tests.support.lab import Lab

FAR = [-86_400.0, -90.0, 0.0, 90.0, 86_400.0]


def told_to_stop(lab: Lab) -> None:
    lab.world.stubborn.add("demo.work.1.0.1")
    lab.core.note([RunCancelled("work", 1, 0, "stopped", lab.now)])
    lab.settle()


@pytest.mark.parametrize("ahead", FAR)
def test_what_ends_well_after_it_was_told_to_stop_has_not_completed(ahead: float) -> None:
    lab = Lab(make_task())
    lab.ahead = ahead
    lab.settle()
    told_to_stop(lab)
    lab.now += 5
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert lab.verdict("work").state == "Cancelled"


@pytest.mark.parametrize("ahead", FAR)
def test_what_had_ended_well_before_has_completed(ahead: float) -> None:
    lab = Lab(make_task())
    lab.ahead = ahead
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 0)
    lab.now += 5
    lab.core.note([RunCancelled("work", 1, 0, "stopped", lab.now)])
    lab.driver.step()
    lab.settle()
    assert lab.verdict("work").state == "Succeeded"


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_while_a_program_stops_makes_no_success(jump: float) -> None:
    lab = Lab(make_task())
    lab.settle()
    told_to_stop(lab)
    lab.now += 5
    lab.world.finish("demo.work.1.0.1", 0)
    lab.ahead += jump
    lab.settle()
    assert lab.verdict("work").state == "Cancelled"


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_service_that_fails_at_once_has_not_lived_long_because_a_clock_was_set(
    jump: float,
) -> None:
    lab = Lab(make_task(restart=Restart.ALWAYS, retry=Retry(None, Backoff(jitter=0.0))))
    lab.settle()
    lab.ahead += jump
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    assert lab.live() == []
    lab.wait(1.0)
    assert lab.live() == ["demo.work.1.0.2"]
