"""How long a revision takes, whatever the clock is set to meanwhile."""

import time

import pytest

from reconciler.controller.revisions import Change
from reconciler.server.meter import Meter
from reconciler.server.metrics import Metrics
from tests.support.desired import make_task
from tests.support.lab import Lab


@pytest.mark.parametrize("ahead", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_on_the_way_lengthens_nothing(
    ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = Metrics([])
    measured = Meter("demo", metrics, lambda _: 0.0)
    lab = Lab(make_task())
    measured.read(Change(desired=lab.desired), 2.0)
    wall = time.time() + ahead
    monkeypatch.setattr(time, "time", lambda: wall)
    lab.driver.step()
    measured.turned(lab.core, 0.0)
    lab.settle()
    measured.turned(lab.core, 0.0)
    for family in (metrics.first_call, metrics.converged):
        (samples,) = family.labels("demo", "seen").collect()
        seconds = next(s.value for s in samples.samples if s.name.endswith("_sum"))
        assert 2.0 <= seconds < 60.0
