"""What counts as over, and as a good end, for whoever waits."""

import pytest

from reconciler.cli.options import Target
from reconciler.cli.waiting import awaited
from reconciler.controller import requests
from reconciler.model.desired import Restart, Retry, Schedule
from reconciler.model.spec import Health
from tests.cli.helpers import report_of
from tests.support.desired import make_task
from tests.support.lab import Lab


def seen(lab: Lab, target: Target | None = None) -> list[tuple[str, bool, bool]]:
    return [(one.target, one.over, one.good) for one in awaited(report_of(lab), target)]


def test_batch_is_over_when_all_of_it_has_ended() -> None:
    lab = Lab(make_task(count=2, retry=Retry(1)), make_task("other", job="j"))
    lab.settle()
    assert seen(lab) == [("other", False, False), ("work", False, False)]
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert seen(lab, Target("work")) == [("work", False, False)]
    assert seen(lab, Target("work", 0)) == [("work/0", True, True)]
    lab.world.finish("demo.work.1.1.1", 1)
    lab.settle()
    assert seen(lab, Target("work", 1)) == [("work/1", False, False)], "it is tried again"
    lab.wait(60)
    lab.world.finish("demo.work.1.1.2", 1)
    lab.settle()
    assert seen(lab, Target("work")) == [("work", True, False)]
    assert seen(lab, Target("", job="j")) == [("other", False, False)]


def test_a_service_is_over_when_it_is_ready() -> None:
    spec = {"health": Health(command=("true",))}
    lab = Lab(make_task("web", 2, restart=Restart.ALWAYS, retry=Retry(None), spec=spec))
    lab.settle()
    assert seen(lab) == [("web", False, False)]
    lab.world.become("demo.web.1.0.1", "healthy")
    lab.settle()
    assert seen(lab, Target("web", 0)) == [("web/0", True, True)]
    assert seen(lab) == [("web", False, False)]
    lab.world.become("demo.web.1.1.1", "healthy")
    lab.settle()
    assert seen(lab) == [("web", True, True)]
    judged = requests.judge("stop", {"task": "web"}, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    assert seen(lab) == [("web", True, False)]


@pytest.mark.parametrize("target", [Target("work"), Target("work", 0)])
def test_what_may_not_be_started_is_not_waited_for(target: Target) -> None:
    lab = Lab(make_task(blocked="not started, for pool"))
    lab.settle()
    assert [(over, good) for _, over, good in seen(lab, target)] == [(True, False)]


def test_what_nobody_asks_for_any_more_has_ended_badly() -> None:
    lab = Lab(make_task())
    lab.settle()
    lab.apply()
    assert seen(lab, Target("work")) == [("work", True, False)]
    assert seen(lab, Target("work", 0)) == [("work/0", True, False)]


def test_between_its_firings_nothing_of_a_task_is_waited_for() -> None:
    lab = Lab(make_task(schedule=Schedule("0 * * * *")))
    lab.settle()
    assert seen(lab) == [("work", True, True)]
    assert seen(lab, Target("work", 0)) == [("work/0", True, True)]
    lab.wait(1000)
    assert seen(lab) == [("work", False, False)]
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    assert seen(lab) == [("work", True, False)]
