from reconciler.forges import Said, State
from reconciler.forges.outbox import MOST_COMMITS, Outbox

CHECKING, DONE = Said(State.PENDING, "checking"), Said(State.SUCCESS, "done")


def test_the_newest_word_of_a_commit_wins() -> None:
    outbox = Outbox()
    outbox.put("a", CHECKING)
    outbox.put("b", CHECKING)
    outbox.put("a", DONE)
    assert [outbox.take() for _ in range(3)] == [("a", DONE), ("b", CHECKING), None]


def test_what_comes_back_is_next_unless_there_is_newer() -> None:
    outbox = Outbox()
    outbox.put("b", CHECKING)
    outbox.back("a", CHECKING)
    outbox.back("b", DONE)
    assert [outbox.take(), outbox.take()] == [("a", CHECKING), ("b", CHECKING)]


def test_what_is_shown_is_not_said_again() -> None:
    outbox = Outbox()
    outbox.shown("a", DONE)
    outbox.put("a", DONE)
    assert outbox.take() is None
    outbox.put("a", CHECKING)
    assert outbox.take() == ("a", CHECKING)


def test_the_oldest_commits_are_forgotten() -> None:
    outbox = Outbox()
    for number in range(MOST_COMMITS + 1):
        outbox.put(str(number), CHECKING)
        outbox.shown(f"s{number}", DONE)
    assert outbox.take() == ("1", CHECKING)
    outbox.clear()
    outbox.put("s0", DONE)
    assert outbox.take() == ("s0", DONE)
