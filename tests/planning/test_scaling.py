"""Scaling a task that runs touches just the difference, whichever bound is moved."""

from collections import Counter

from reconciler.controller.writing import complete
from reconciler.model.action import Action, InstanceState, Verb
from reconciler.model.fact import AttemptEnded, Result
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord


def instances(lab: Lab) -> list[int]:
    """Return which instances run."""
    return sorted(int(name.split(".")[3]) for name in lab.live())


def touched(done: list[Action]) -> dict[Verb, list[int]]:
    """Return which instances each verb was about."""
    found: dict[Verb, list[int]] = {}
    for action in done:
        if action.key is not None:
            found.setdefault(action.verb, []).append(action.key.instance)
    return found


def finish(lab: Lab, *numbers: int) -> None:
    for name in lab.live():
        if int(name.split(".")[3]) in numbers:
            lab.world.finish(name)
    lab.settle()


def run_out(lab: Lab, bound: int) -> None:
    """Let everything end well, and hold the bound against what runs meanwhile."""
    while lab.live():
        assert len(lab.live()) <= bound
        finish(lab, *instances(lab))


def test_parallelism_is_moved_under_way() -> None:
    lab = Lab(make_task("sweep", 60, parallelism=10))
    lab.settle()
    finish(lab, *range(5))
    assert instances(lab) == list(range(5, 15))
    up = touched(lab.apply(make_task("sweep", 60, parallelism=20)))
    assert up == {Verb.CREATE: list(range(15, 25)), Verb.START: list(range(15, 25))}
    down = touched(lab.apply(make_task("sweep", 60, parallelism=5)))
    ended = list(range(10, 25))
    assert down == {Verb.STOP: ended, Verb.COLLECT: ended, Verb.REMOVE: ended}
    assert instances(lab) == list(range(5, 10))
    run_out(lab, 5)
    assert complete(lab.core)
    assert results(lab) == {Result.SUCCEEDED: 60, Result.CANCELLED: 15}
    starts = Counter(int(name.split(".")[3]) for name in lab.world.journal.starts)
    assert starts == {number: 2 if number in ended else 1 for number in range(60)}


def test_the_count_is_moved_under_way() -> None:
    lab = Lab(make_task("sweep", 60, parallelism=10))
    lab.settle()
    finish(lab, 0, 2)
    assert instances(lab) == [1, *range(3, 12)]
    assert lab.apply(make_task("sweep", 20, parallelism=10)) == [], "none of those runs"
    ended = list(range(5, 12))
    down = touched(lab.apply(make_task("sweep", 5, parallelism=10)))
    assert down == {Verb.STOP: ended, Verb.COLLECT: ended, Verb.REMOVE: ended}
    assert instances(lab) == [1, 3, 4]
    up = touched(lab.apply(make_task("sweep", 60, parallelism=10)))
    assert up[Verb.START] == list(range(5, 12))
    run_out(lab, 10)
    states = Counter(verdict.state for verdict in lab.core.verdicts["sweep"])
    assert states == {InstanceState.SUCCEEDED: 60}
    assert results(lab) == {Result.SUCCEEDED: 60, Result.CANCELLED: 7}


def results(lab: Lab) -> Counter[Result]:
    record = lab.record
    assert isinstance(record, MemoryRecord)
    return Counter(fact.result for fact in record.facts if isinstance(fact, AttemptEnded))


def test_what_is_scaled_away_keeps_its_place_under_parallelism_until_it_has_ended() -> None:
    lab = Lab(make_task(count=4, parallelism=2))
    lab.settle()
    lab.world.stubborn |= {"demo.work.1.0.1", "demo.work.1.1.1"}
    only = make_task(instances=(2, 3), parallelism=2)
    lab.apply(only)
    assert lab.live() == ["demo.work.1.0.1", "demo.work.1.1.1"]
    lab.wait(10.0)
    assert lab.live() == ["demo.work.1.2.1", "demo.work.1.3.1"]
