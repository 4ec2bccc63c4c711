"""Among instances that wait to begin, those of a higher priority go first."""

from msgspec.structs import replace

from reconciler.model.action import Verb
from tests.support.desired import make_task
from tests.support.lab import Lab


def order(lab: Lab) -> list[tuple[str, str]]:
    """Return what begins in the next turn, and carry it out."""
    beginning = {Verb.PULL, Verb.CREATE, Verb.START}
    return [(a.verb.value, a.task) for a in lab.driver.step() if a.verb in beginning]


def test_the_higher_goes_first_whatever_its_name() -> None:
    counts, priorities = {"b": 2}, {"a": -5, "c": 1, "d": 1}
    lab = Lab(
        *(
            make_task(n, counts.get(n, 1), priority=priorities.get(n, 0), spec={"image": f"{n}:1"})
            for n in "abcd"
        )
    )
    assert order(lab) == [("pull", name) for name in "cdba"]
    assert order(lab) == [("create", name) for name in ["c", "d", "b", "b", "a"]]
    assert order(lab) == [("start", name) for name in ["c", "d", "b", "b", "a"]]


def test_a_start_of_a_lower_one_comes_after_a_create_of_a_higher_one() -> None:
    low = make_task("low", 2)
    lab = Lab(low)
    order(lab)
    order(lab)
    lab.commit(low, make_task("high", priority=1))
    assert order(lab) == [("pull", "high"), ("start", "low"), ("start", "low")]


def test_of_one_image_the_pull_is_the_highests() -> None:
    image = {"image": "far:1"}
    lab = Lab(make_task("a", spec=image), make_task("b", spec=image, priority=3))
    lab.world.in_registry = lambda _: True
    assert order(lab) == [("pull", "b")]


def test_it_takes_nothing_away_from_what_runs_and_reruns_nothing() -> None:
    task = make_task("a", 2)
    lab = Lab(task)
    lab.settle()
    assert lab.apply(replace(task, priority=9), make_task("b", priority=-1)) != []
    assert lab.live() == ["demo.a.1.0.1", "demo.a.1.1.1", "demo.b.1.0.1"]
