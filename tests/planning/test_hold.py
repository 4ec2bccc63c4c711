"""How much a revision may take away or repeat before a person is asked."""

import pytest
from msgspec.structs import replace

from reconciler.model.desired import HoldLimits
from tests.support.desired import make_task
from tests.support.lab import Lab


def emptied(limits: HoldLimits, gone: int, kept: int) -> Lab:
    """Return a lab in which a task of `gone` running instances has vanished."""
    lab = Lab(make_task("gone", gone), make_task("kept", kept))
    lab.settle()
    lab.commit(make_task("kept", kept))
    lab.core.set_desired(replace(lab.desired, hold=limits))
    lab.settle()
    return lab


@pytest.mark.parametrize(
    ("limits", "gone", "kept", "held"),
    [
        (HoldLimits(), 5, 1, False),  # not more than five
        (HoldLimits(), 6, 6, False),  # not more than half
        (HoldLimits(), 6, 5, True),
        (HoldLimits(instances=0), 2, 1, True),
        (HoldLimits(share=0.0), 6, 60, True),
        (HoldLimits(share=1.0), 20, 1, False),
        (HoldLimits(share=0.1, instances=2), 3, 27, False),
        (HoldLimits(share=0.1, instances=2), 3, 26, True),
    ],
)
def test_limits(limits: HoldLimits, gone: int, kept: int, held: bool) -> None:
    lab = emptied(limits, gone, kept)
    assert bool(lab.core.holds) == held
    assert len(lab.live()) == (gone + kept if held else kept)


def test_completed_work_that_would_run_again_is_held_by_the_same_limits() -> None:
    lab = Lab(make_task(count=3))
    lab.settle()
    for name in lab.live():
        lab.world.finish(name, 0)
    lab.settle()
    lab.commit(make_task(count=3, spec={"command": ("other",)}))
    lab.core.set_desired(replace(lab.desired, hold=HoldLimits(instances=2)))
    lab.settle()
    assert [hold.kind for hold in lab.core.holds] == ["rerun"]
    lab.core.set_desired(replace(lab.desired, hold=HoldLimits(instances=3)))
    lab.settle()
    assert (lab.core.holds, len(lab.live())) == ((), 3)


def test_what_is_held_is_judged_again_whatever_else_changes() -> None:
    work, rest = make_task("work", 6), make_task("rest", 5)
    lab = Lab(work, rest)
    lab.settle()
    for name in lab.live():
        lab.world.finish(name, 0)
    lab.settle()
    changed = make_task("work", 6, spec={"command": ("other",)})
    lab.apply(changed, rest)
    assert [hold.tasks for hold in lab.core.holds] == [("work",)]
    lab.apply(changed, rest, make_task("more"))
    assert [hold.tasks for hold in lab.core.holds] == [("work",)]
    lab.world.finish("demo.more.1.0.1", 0)
    lab.settle()
    assert lab.core.holds == ()
    assert [name for name in lab.live() if name.startswith("demo.work.2")]
