"""The judge of a siege is a judge: what is wrong with a round's record is seen."""

from collections import Counter

import pytest

from tests.chaos.outcomes import INSTANCES, Attempt, Outcomes, fails_once
from tests.e2e.project import Json


def event(kind: str, instance: int, attempt: int = 1, message: str = "") -> Json:
    return {"task": "t", "run": 1, "instance": instance, "attempt": attempt,
            "kind": kind, "message": message}  # fmt: skip


class Round:
    """A round in which all went well; tests add what did not."""

    def __init__(self) -> None:
        self.starts: Counter[Attempt] = Counter()
        self.told: list[Json] = []
        for number in range(INSTANCES):
            if fails_once(number):
                self.ends("failed", number, 1, "exit code 3")
            self.ends("succeeded", number, 1 + fails_once(number))

    def ends(self, kind: str, instance: int, attempt: int, message: str = "") -> None:
        """Let an attempt start and end."""
        self.starts["t", 1, instance, attempt] += 1
        self.told.append(event(kind, instance, attempt, message))

    def forget(self, instance: int) -> None:
        """Take what is on record of an instance off it."""
        self.told = [one for one in self.told if one["instance"] != instance]

    def faults(self, *, disturbed: bool = True) -> dict[str, list[object]]:
        return dict(Outcomes(self.starts, self.told).faults(disturbed=disturbed))


@pytest.fixture
def round_() -> Round:
    return Round()


def test_a_round_in_which_all_went_well_is_faultless(round_: Round) -> None:
    assert not round_.faults(disturbed=False)


def test_what_an_engine_lost_is_tried_again(round_: Round) -> None:
    round_.ends("lost", 0, 2)
    assert not round_.faults()
    assert round_.faults(disturbed=False).keys() == {"lost by nobody's fault"}


def test_two_completions_need_a_node_that_was_away(round_: Round) -> None:
    round_.ends("succeeded", 0, 2)
    assert round_.faults().keys() == {"more starts than are on record", "succeeded twice"}
    round_.told.append(event("forsaken", 0))
    assert not round_.faults()


def test_what_is_not_needed_any_more_was_given_up_before(round_: Round) -> None:
    round_.ends("cancelled", 0, 2)
    assert "ended for nothing" in round_.faults()
    round_.told.append(event("forsaken", 0))
    assert not round_.faults()


def test_what_is_lost_or_counted_twice_is_seen(round_: Round) -> None:
    round_.told.append(event("succeeded", 0))
    assert round_.faults()["ended twice"] == [("t", 1, 0, 1)]
    round_.forget(0)
    assert round_.faults().keys() == {"started, and no end is on record", "did not succeed"}


def test_a_failure_that_is_nobodys_is_seen(round_: Round) -> None:
    round_.ends("failed", 1, 3, "exit code 3")
    assert round_.faults()["failed more often than once"] == [1]
    round_.forget(1)
    assert "did not fail" in round_.faults()


def test_an_end_without_a_start_is_seen(round_: Round) -> None:
    round_.told.append(event("failed", 1, 7, "exit code 3"))
    assert round_.faults()["ended without a start"] == [("t", 1, 1, 7)]
