import pytest

from reconciler.controller.withheld import AWAY_SECONDS, SUBJECT, failing, stage_of
from reconciler.forges.wording import Held, Refused, Stage
from reconciler.model.revision import Revision
from reconciler.notices import Failure
from reconciler.sources.git import Standing, Stands

OLD, NEW = "a0b1" * 10, "6dcb" * 10
BEFORE = Failure(SUBJECT, "an earlier commit is not signed", OLD)
BAD = Revision(NEW, 0.0, valid=False, problem="web.yaml:1:1: no kind")


def stands(kind: Standing, commit: str = NEW) -> Stands:
    return Stands(kind, "a sentence", commit)


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        (Standing.HELD, Held("a sentence")),
        (Standing.REFUSED, Refused("a sentence")),
        (Standing.UNTRUSTED, Refused("a sentence")),
        (Standing.CURRENT, None),
        (Standing.VANISHED, None),
        (Standing.UNREACHABLE, None),
        (Standing.NEW, None),
    ],
)
def test_what_is_said_of_the_commit_that_is_not_read(kind: Standing, stage: Stage | None) -> None:
    assert stage_of(stands(kind)) == stage


@pytest.mark.parametrize("kind", [Standing.HELD, Standing.REFUSED, Standing.UNTRUSTED])
def test_each_commit_that_is_not_read_is_a_failure_of_its_own(kind: Standing) -> None:
    assert failing(stands(kind), 0, OLD, None, BEFORE) == Failure(SUBJECT, "a sentence", NEW)


def test_what_has_vanished_is_a_failure() -> None:
    told = Failure(SUBJECT, "a sentence", "vanished")
    assert failing(stands(Standing.VANISHED, ""), 0, OLD, None, None) == told


@pytest.mark.parametrize("before", [None, BEFORE])
def test_a_remote_that_is_away_is_one_after_a_while(before: Failure | None) -> None:
    away = stands(Standing.UNREACHABLE, "")
    assert failing(away, AWAY_SECONDS - 1, OLD, None, before) == before
    told = Failure(SUBJECT, "a sentence", "unreachable")
    assert failing(away, AWAY_SECONDS, OLD, None, before) == told


def test_before_the_first_look_nobody_can_tell() -> None:
    assert failing(Stands(), 0, OLD, None, BEFORE) == BEFORE


@pytest.mark.parametrize(
    ("in_force", "newest", "told"),
    [
        (NEW, None, None),
        (NEW, BAD, None),  # gone back to
        (OLD, BAD, Failure(SUBJECT, "6dcb6dcb6dcb is not applied: web.yaml:1:1: no kind", NEW)),
        (OLD, Revision(NEW, 0.0), None),  # another one is pinned
        (OLD, Revision(OLD, 0.0), BEFORE),  # not read yet
        (OLD, None, BEFORE),
    ],
)
def test_what_is_read_may_have_errors(
    in_force: str, newest: Revision | None, told: Failure | None
) -> None:
    assert failing(stands(Standing.CURRENT), 0, in_force, newest, BEFORE) == told
