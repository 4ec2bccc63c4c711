"""Who gets another attempt, and which bound says that one does not."""

from collections.abc import Sequence
from typing import Any

import pytest

from reconciler.model.desired import DesiredTask, Restart, Retry
from reconciler.model.fact import Result
from reconciler.model.run import Attempt, Cancel, Run
from reconciler.planning.tries import left_out, why_no_more
from tests.support.desired import make_task


def attempt(number: int, said: int | Result | None) -> Attempt:
    """Return an attempt that ended with an exit code or a result, or (None) is under way."""
    if said is None:
        return Attempt(number, "local", start_requested_at=1.0)
    if isinstance(said, Result):
        return Attempt(number, "local", start_requested_at=1.0, result=said, reason=said.value)
    result = Result.SUCCEEDED if said == 0 else Result.FAILED
    reason = f"exit code {said}"
    return Attempt(
        number, "local", start_requested_at=1.0, result=result, exit_code=said, reason=reason
    )


def run_of(*said: Sequence[int | Result | None], **fields: Any) -> Run:  # noqa: ANN401  # a run's own
    """Return a run in which each instance's attempts ended as said."""
    attempts = {
        instance: tuple(attempt(n, one) for n, one in enumerate(ends, 1))
        for instance, ends in enumerate(said)
    }
    return Run(1, "w1-a", attempts=attempts, **fields)


def task(retry: Retry, count: int = 1, restart: Restart = Restart.NEVER) -> DesiredTask:
    return make_task(count=count, retry=retry, restart=restart)


def why(asked: DesiredTask, run: Run, instance: int = 0) -> str | None:
    return why_no_more(asked, run, instance, left_out(asked, run))


def test_what_has_not_failed_is_denied_nothing() -> None:
    for said in ([], [None], [0], [Result.CANCELLED], [Result.BURNT]):
        assert why(task(Retry(0, total=0)), run_of(said)) is None


def test_an_instance_has_its_own_bound() -> None:
    assert why(task(Retry(0)), run_of([1])) == "exit code 1; retry.perInstance is 0"
    assert why(task(Retry(1)), run_of([1])) is None
    assert why(task(Retry(1)), run_of([1, 4])) == (
        "exit code 4 after 2 attempts; no further attempt is left of the 1 of retry.perInstance"
    )


def test_what_was_ended_on_purpose_or_never_ran_costs_nothing() -> None:
    assert why(task(Retry(1)), run_of([1, Result.CANCELLED, Result.BURNT])) is None


def test_an_exit_code_that_excludes_another_attempt() -> None:
    codes = task(Retry(5, never=(2,)))
    assert why(codes, run_of([2])) == "exit code 2, which retry.exitCodes.fail excludes"
    assert why(codes, run_of([3])) is None
    endless = task(Retry(None, never=(2,)), restart=Restart.ALWAYS)
    assert why(endless, run_of([2])) == "exit code 2, which retry.exitCodes.fail excludes"


def test_codes_alone_are_the_only_ones_that_qualify() -> None:
    only = task(Retry(None, again=(75,)))
    assert why(only, run_of([75, 75, 75])) is None
    assert why(only, run_of([1])) == "exit code 1, which retry.exitCodes.retry does not name"
    assert why(only, run_of([Result.LOST])) == "lost; retry.exitCodes.retry is for exit codes alone"


@pytest.mark.parametrize(
    "more",
    [task(Retry(3, again=(75,))), task(Retry(None, again=(75,)), restart=Restart.ON_FAILURE)],
)
def test_other_codes_are_left_to_the_other_bounds(more: DesiredTask) -> None:
    assert why(more, run_of([1])) is None


def test_the_lowest_instances_get_what_is_left_for_all() -> None:
    asked = task(Retry(None, total=3), count=4)
    run = run_of([1, None], [1], [1], [1])
    assert left_out(asked, run) == {3}
    assert why(asked, run, 3) == "exit code 1; no further attempt is left of the 3 of retry.total"
    assert why(asked, run, 1) is None


def test_attempts_that_followed_are_used_up_by_whoever_had_them() -> None:
    asked = task(Retry(None, total=3), count=3)
    assert left_out(asked, run_of([1], [1, 1, 0], [1, None])) == {0}
    gone = task(Retry(None, total=1), count=1)
    assert left_out(gone, run_of([1], [1, 0])) == {0}, "a scaled-away one's as well"


def test_a_lowered_total_ends_whoever_waits() -> None:
    run = run_of([1, None], [1, 1], [1])
    assert left_out(task(Retry(None, total=1), count=3), run) == {1, 2}


@pytest.mark.parametrize("doomed", [[2], [1, 1, 1]])
def test_one_that_goes_on_in_no_case_takes_nothing_from_the_others(doomed: list[int]) -> None:
    asked = task(Retry(2, total=3, never=(2,)), count=2)
    used = len(doomed) - 1
    run = run_of([*doomed], [1])
    assert left_out(asked, run) == set()
    fewer = task(Retry(2, total=used, never=(2,)), count=2)
    assert left_out(fewer, run) == {1}


def test_a_cancelled_one_takes_nothing_from_the_others() -> None:
    run = run_of([1], [1], cancels={0: Cancel("stopped")})
    assert left_out(task(Retry(None, total=1), count=2), run) == set()


def test_what_was_burnt_gives_its_retry_back() -> None:
    asked = task(Retry(None, total=1), count=2)
    assert left_out(asked, run_of([1, None], [1])) == {1}
    assert left_out(asked, run_of([0], [1, Result.BURNT])) == set()


def test_granted_attempts_count_no_more() -> None:
    asked = task(Retry(1, total=1, never=(2,)), count=2)
    run = run_of([1, 2], [1], granted={0: 2})
    assert why(asked, run, 0) is None
    assert why(asked, run, 1) is None
    run = run_of([1, 2, 1], [1], granted={0: 2})
    assert why(asked, run, 0) is None
    assert why(asked, run, 1) is not None
