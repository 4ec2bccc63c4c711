"""How a run has ended, from its record."""

from typing import Any

import pytest

from reconciler.model.desired import Restart, Retry
from reconciler.model.fact import Result
from reconciler.model.run import Attempt, Cancel, Run
from reconciler.planning.concluding import Conclusion, Ended, conclusion_of
from tests.planning.test_tries import attempt, run_of
from tests.support.desired import make_task


def ended(
    run: Run,
    count: int | None = None,
    **fields: Any,  # noqa: ANN401  # a task's own fields
) -> Ended | None:
    size = len(run.attempts) if count is None else count
    found = conclusion_of(make_task(count=size, **fields), run)
    return found.ended if found else None


def test_it_goes_on_while_an_instance_may() -> None:
    assert ended(run_of([0], [None])) is None
    assert ended(run_of([0]), count=2) is None, "one has not begun"
    assert ended(run_of([0], [1]), retry=Retry(1)) is None
    assert ended(run_of([0], [Result.CANCELLED])) is None, "we ended it, so it goes on"


def test_all_have_to_succeed_unless_fewer_will_do() -> None:
    assert ended(run_of([0], [1, 0]), retry=Retry(1)) is Ended.SUCCEEDED
    assert ended(run_of([0], [1])) is Ended.FAILED
    assert ended(run_of([0], [1]), min_succeeded=1) is Ended.SUCCEEDED
    assert ended(run_of([0], [1], [1]), min_succeeded=2) is Ended.FAILED
    assert ended(run_of([0], [None]), min_succeeded=1) is None, "the others are waited for"
    assert ended(run_of([0]), min_succeeded=8) is Ended.SUCCEEDED, "scaled down since"


def test_nothing_asked_for_is_a_success() -> None:
    found = conclusion_of(make_task(count=0), run_of([None]))
    assert found == Conclusion(Ended.SUCCEEDED, "no instance is asked for")


def test_the_reason_is_that_of_the_first_to_end_so() -> None:
    found = conclusion_of(make_task(count=3), run_of([0], [4], [5]))
    assert found == Conclusion(Ended.FAILED, "work/1: exit code 4; retry.perInstance is 0")
    found = conclusion_of(make_task(count=3, min_succeeded=2), run_of([0], [4], [0]))
    assert found == Conclusion(Ended.SUCCEEDED, "1 failed, 2 succeeded")


@pytest.mark.parametrize("result", [Result.CANCELLED, Result.FAILED])
def test_what_was_ended_counts_as_it_was_said_to(result: Result) -> None:
    stop = Cancel("stopped by request", result)
    expected = Ended.FAILED if result is Result.FAILED else Ended.CANCELLED
    assert ended(run_of([0], [Result.CANCELLED], cancels={1: stop})) is expected
    assert ended(run_of([0], [None], cancels={None: stop})) is None, "it has not ended yet"
    assert ended(Run(1, "w", cancels={None: stop}), count=2) is expected
    assert ended(run_of([0], [0], cancels={None: stop})) is Ended.SUCCEEDED, "it was too late"


def test_a_name_that_was_reserved_and_never_used_keeps_nothing_open() -> None:
    run = Run(1, "w", cancels={None: Cancel("stopped")}, attempts={0: (Attempt(1, "local"),)})
    assert ended(run) is Ended.CANCELLED


def test_a_service_never_succeeds() -> None:
    assert ended(run_of([0]), restart=Restart.ALWAYS, retry=Retry(None)) is None
    assert ended(run_of([0, 1]), restart=Restart.ALWAYS, retry=Retry(0)) is Ended.FAILED


def test_the_last_one_of_all_is_got_by_the_lowest() -> None:
    run = run_of([1], [1])
    assert ended(run, retry=Retry(None, total=1)) is None
    run.attempts[0] += (attempt(2, 1),)
    assert ended(run, retry=Retry(None, total=1)) is Ended.FAILED


def test_a_gang_has_ended_when_one_of_it_has_failed_for_good() -> None:
    run = run_of([1], [Result.CANCELLED], [0])
    found = conclusion_of(make_task(count=4, gang=True), run)
    assert found == Conclusion(Ended.FAILED, "work/0: exit code 1; retry.perInstance is 0")
    assert ended(run_of([1], [None]), gang=True) is None, "the other has not ended yet"
    assert ended(run_of([1], [Result.CANCELLED]), gang=True, retry=Retry(1)) is None
    stopped = run_of([Result.CANCELLED], [Result.CANCELLED], cancels={0: Cancel("", Result.FAILED)})
    assert ended(stopped, gang=True) is None, "whom somebody has ended counts no more"
