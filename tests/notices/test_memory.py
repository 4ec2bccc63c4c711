from reconciler.notices import Failure, Recovery
from reconciler.notices.memory import Memory, Pace

PACE = Pace(gather=2, messages=2, span=600, again=3600)
WEB = Failure("task web", "exit 1")
WEB_AGAIN = Recovery("task web", "2 of 2 ready")
SOURCE = Failure("the source", "invalid", cause="6dcb")


def memory(*told: Failure) -> Memory:
    made = Memory(PACE)
    for failure in told:
        made.learn(failure, 0)
    if told:
        made.take(0)
    return made


def test_a_failure_is_news_once() -> None:
    seen = memory(WEB)
    seen.learn(WEB, 10)
    seen.learn(Failure("task web", "exit 1, three times now"), 20)
    assert seen.due_in(30) is None


def test_a_failure_that_lasts_is_news_after_an_hour() -> None:
    seen = memory(WEB)
    seen.learn(WEB, 3599)
    assert seen.due_in(3599) is None
    seen.learn(WEB, 3600)
    assert seen.take(3602) == (WEB,)


def test_another_cause_is_news() -> None:
    seen = memory(SOURCE)
    other = Failure("the source", "invalid", cause="a0b1")
    seen.learn(other, 10)
    assert seen.take(12) == (other,)


def test_a_recovery_is_news_only_of_what_was_told() -> None:
    seen = memory(WEB)
    seen.learn(Recovery("the source", "valid"), 10)
    assert seen.due_in(10) is None
    seen.learn(WEB_AGAIN, 10)
    assert seen.take(12) == (WEB_AGAIN,)
    seen.learn(WEB_AGAIN, 20)
    assert seen.due_in(20) is None
    seen.learn(WEB, 30)
    assert seen.take(32) == (WEB,)


def test_what_is_over_before_anybody_heard_is_no_news() -> None:
    seen = memory()
    seen.learn(WEB, 0)
    seen.learn(WEB_AGAIN, 1)
    assert seen.due_in(1) is None
    seen = memory(WEB)
    seen.learn(WEB_AGAIN, 10)
    seen.learn(WEB, 11)
    assert seen.due_in(11) is None


def test_what_was_told_before_it_began_is_no_news() -> None:
    seen = Memory(PACE)
    seen.recall(memory(WEB).told)
    seen.learn(WEB, 10)
    assert seen.due_in(10) is None
    seen.learn(WEB_AGAIN, 20)
    assert seen.take(22) == (WEB_AGAIN,)
    assert seen.told == ()


def test_what_happens_together_is_told_together() -> None:
    seen = memory()
    seen.learn(WEB, 0)
    assert seen.due_in(0) == 2
    seen.learn(SOURCE, 1)
    seen.learn(WEB, 1.5)  # reported at each look, and does not put itself off
    assert seen.due_in(1.5) == 0.5
    assert seen.take(2) == (WEB, SOURCE)


def test_too_many_messages_are_gathered() -> None:
    seen = memory()
    for at in (0, 100):
        seen.learn(Failure(f"task {at}", "exit 1"), at)
        seen.take(at + 2)
    seen.learn(WEB, 200)
    seen.learn(SOURCE, 300)
    assert seen.due_in(300) == 302
    assert seen.take(602) == (WEB, SOURCE)
