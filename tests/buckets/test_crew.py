"""Several hands: what fails holds up nothing, and nobody goes on in vain."""

import threading

import pytest

from reconciler.buckets.bucket import BucketError, DeniedError, FullError
from reconciler.buckets.crew import HANDS, together


def run(count: int, fails: dict[int, Exception] | Exception) -> tuple[list[int], list[int], bool]:
    """Return what was yielded as good, what as failed, and whether they were told to give up."""
    told = threading.Event()

    def work(number: int) -> None:
        error = fails if isinstance(fails, Exception) else fails.get(number)
        if error is not None:
            raise error

    over = list(together(range(count), work, told.set))
    good = sorted(done.thing for done in over if not done.error)
    return good, sorted(done.thing for done in over if done.error), told.is_set()


@pytest.mark.parametrize("error", [BucketError("x"), OSError("x"), DeniedError("x")])
def test_what_fails_holds_up_nothing(error: Exception) -> None:
    good, bad, told = run(100, {3: error, 50: error})
    assert (len(good), bad, told) == (98, [3, 50], False)


def test_where_all_are_denied_nobody_goes_on() -> None:
    good, bad, told = run(100, DeniedError("x"))
    assert (good, len(bad), told) == ([], HANDS, True)


def test_without_room_nobody_goes_on() -> None:
    good, bad, told = run(100, FullError("x"))
    assert (good, len(bad), told) == ([], 1, True)


def test_a_bug_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        run(3, ZeroDivisionError())


def test_nothing_to_do_is_done() -> None:
    assert run(0, {}) == ([], [], False)
