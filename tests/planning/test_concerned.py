"""A pass looks at those pools of which something may have changed, and leaves the others be."""

import pytest

from reconciler.model.pool import Policy
from reconciler.planning import plan
from tests.support.desired import make_pool, make_task
from tests.support.many import Many


@pytest.fixture
def many() -> Many:
    made = Many("one", "two")
    one = (Policy(name="one", slots=1),)
    made.open(*(make_pool(name, command=(), policies=one) for name in ("a", "b")))
    made.apply(
        make_task("in-a", spec={"pool": "a"}), make_task("in-b", spec={"pool": "b"}),
        make_task("other"),
    )  # fmt: skip
    assert made.slots("a")[0].startswith("Busy")
    return made


def quiet(many: Many, *only: str) -> set[str]:
    """Return the pools that a pass about these tasks leaves be."""
    core = many.core
    made = plan(
        core.effective(), core.board.observed(), core.history, core.now(), only=only or None
    )
    assert {view.name for view in made.pools} == {"a", "b"} - made.quiet
    return set(made.quiet)


def test_a_pass_about_all_tasks_looks_at_all_pools(many: Many) -> None:
    assert quiet(many) == set()


def test_a_pass_looks_at_the_pools_of_its_tasks(many: Many) -> None:
    assert quiet(many, "in-a") == {"b"}
    assert quiet(many, "pool_b") == {"a"}
    assert quiet(many, "other") == {"a", "b"}


def test_a_slot_whose_instance_is_gone_is_looked_at_whoever_the_pass_is_about(many: Many) -> None:
    (name,) = (n for live in many.live().values() for n in live if "in-a" in n)
    for world in many.worlds.values():
        if name in world.boxes:
            world.remove_by_hand(name)
    many.driver.look()
    assert quiet(many, "other") == {"b"}


def test_what_is_thought_of_other_pools_is_kept(many: Many) -> None:
    before = many.slots("b")
    many.finish(many.slots("a")[0].split()[1], "demo.in-a.1.0.1")
    many.settle()
    assert many.slots("a")[0].startswith("Idle")
    assert many.slots("b") == before


def test_the_slot_of_a_task_that_has_left_its_pool_is_free_when_it_is_gone(many: Many) -> None:
    many.apply(make_task("in-a"), make_task("in-b", spec={"pool": "b"}), make_task("other"))
    many.settle()
    assert many.slots("a")[0].startswith("Idle")
    many.apply(make_task("other"))
    many.settle()
    assert many.slots("b")[0].startswith("Idle")
