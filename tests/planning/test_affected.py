"""What has to be planned anew when another revision comes into force."""

import pytest
from msgspec.structs import replace

from reconciler.model.desired import Desired, HoldLimits
from reconciler.model.position import Position
from reconciler.planning.affected import affected
from tests.support.desired import make_desired, make_task

BEFORE = make_desired(make_task("a"), make_task("b"), make_task("c"))


def test_tasks_that_differ_are_new_or_are_gone() -> None:
    after = make_desired(make_task("a"), make_task("b", 2), make_task("d"), revision="f-2")
    assert affected(BEFORE, after) == {"b", "c", "d"}


def test_the_same_again_affects_nothing() -> None:
    assert affected(BEFORE, make_desired(make_task("a"), make_task("b"), make_task("c"))) == set()


def test_a_place_that_moved_counts_for_causes_name_it() -> None:
    moved = make_task("a", at=Position("a.yaml", 7, 1))
    after = make_desired(moved, make_task("b"), make_task("c"))
    assert affected(BEFORE, after) == {"a"}


@pytest.mark.parametrize(
    "after",
    [
        replace(BEFORE, prunable=False),
        replace(BEFORE, hold=HoldLimits(share=1.0)),
        replace(BEFORE, nodes={}),
        replace(BEFORE, project="other"),
    ],
)
def test_what_stands_beside_the_tasks_concerns_all(after: Desired) -> None:
    assert affected(BEFORE, after) is None
