import pytest

from reconciler.notices import Failure, Recovery
from reconciler.notices.wording import Message, message_of

WEB = Failure("task web", "web/0: exit 1")
BACK = Recovery("node big-1", "it answers again")


def test_one_failure() -> None:
    expected = Message("lab: task web has failed", "task web: web/0: exit 1", failing=True)
    assert message_of("lab", [WEB]) == expected


def test_one_recovery() -> None:
    title = "lab: node big-1 has recovered"
    assert message_of("lab", [BACK]) == Message(title, "node big-1: it answers again", False)


def test_several_failures_first() -> None:
    message = message_of("lab", [BACK, WEB])
    assert message.title == "lab: 1 failure, 1 recovery"
    assert message.body.splitlines() == ["task web: web/0: exit 1", "node big-1: it answers again"]
    assert message.failing


def test_many() -> None:
    message = message_of("lab", [Failure(f"task t{n}", "exit 1") for n in range(30)])
    assert message.title == "lab: 30 failures"
    assert message.body.splitlines()[-1] == "… and 10 more: see `reconciler status`"
    assert len(message.body.splitlines()) == 21


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\x1b[31m\nb", "a\\x1b[31m ↵ b"),
        ("ask @everyone or <!channel>", "ask @\u200beveryone or <\u200b!channel>"),
        ("1 < 2 @ 3", "1 < 2 @ 3"),
    ],
)
def test_foreign_text_calls_nobody(said: str, shown: str) -> None:
    assert message_of("lab", [Failure("task web", said)]).body == f"task web: {shown}"


def test_long_text_is_cut() -> None:
    assert len(message_of("lab", [Failure("task web", "x" * 10_000)]).body) == 400
