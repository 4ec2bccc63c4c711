"""Notices on their way, by apprise, to a webhook on loopback."""

import importlib.util
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.notices import Failure, Kind, Notices, NoticesError, Recovery, Target
from reconciler.notices.memory import Pace
from reconciler.secrets import Secret
from tests.support.forge import WITHIN, Reply, StandIn, stand_in

WEB = Failure("task web", "web/0: exit 1")
WEB_BACK = Recovery("task web", "2 of 2 ready")
AT_ONCE = Pace(gather=0)

Opener = Callable[..., Notices]


@pytest.fixture
def hook() -> Iterator[StandIn]:
    with stand_in() as opened:
        yield opened


@pytest.fixture
def told() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def opened(
    told: queue.Queue[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opener]:
    monkeypatch.setenv("NO_PROXY", "*")
    made: list[Notices] = []

    def make(*targets: Target, pace: Pace = AT_ONCE) -> Notices:
        made.append(Notices(targets, "lab", told.put, tmp_path / "told.json", pace, pause=0.01))
        return made[-1]

    yield make
    for notices in made:
        notices.close(0.5)


def target(monkeypatch: pytest.MonkeyPatch, url: str, *on: Kind, name: str = "chat") -> Target:
    variable = f"NOTICES_{name.upper()}"
    monkeypatch.setenv(variable, url.replace("http://", "json://user:pa55word@") + "/hook")
    return Target(name, Secret(env=variable), frozenset(on or Kind))


def test_failure_and_recovery(
    opened: Opener, hook: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = opened(target(monkeypatch, hook.url))
    notices.report(WEB)
    asked = hook.next()
    assert (asked.method, asked.path) == ("POST", "/hook")
    assert asked.said["title"] == "lab: task web has failed"
    assert asked.said["message"] == "task web: web/0: exit 1"
    assert asked.said["type"] == "failure"
    notices.report(WEB)
    notices.report(WEB_BACK)
    asked = hook.next()
    assert (asked.said["title"], asked.said["type"]) == ("lab: task web has recovered", "success")
    notices.close()
    assert hook.asked.empty()


def test_each_hears_what_it_wants(
    opened: Opener, hook: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand_in() as other:
        one = target(monkeypatch, hook.url, Kind.FAILURE, name="one")
        two = target(monkeypatch, other.url, Kind.RECOVERY, name="two")
        notices = opened(one, two)
        notices.report(WEB)
        assert hook.next().said["type"] == "failure"
        notices.report(WEB_BACK)
        assert other.next().said["type"] == "success"
        notices.close()
        assert hook.asked.empty()
        assert other.asked.empty()


def test_a_failing_target_is_tried_again_and_holds_up_nobody(
    opened: Opener, hook: StandIn, told: queue.Queue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand_in() as broken:
        broken.answers(*[Reply(500)] * 3)
        first = target(monkeypatch, broken.url, name="broken")
        opened(first, target(monkeypatch, hook.url)).report(WEB)
        assert hook.next().said["title"] == "lab: task web has failed"
        assert [broken.next().path for _ in range(3)] == ["/hook"] * 3
        assert told.get(timeout=WITHIN) == (
            "broken is not told 'lab: task web has failed': "
            "it does not answer, or refuses the message"
        )


def test_whoever_reports_does_not_wait(
    opened: Opener, hook: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = threading.Event()
    hook.answers(Reply(200, hold=hold))
    notices = opened(target(monkeypatch, hook.url))
    notices.report(WEB)
    hook.next()
    for number in range(100):
        notices.report(Failure(f"task t{number}", "exit 1"))
    assert not hold.is_set()
    hold.set()
    assert hook.next().said["title"] == "lab: 100 failures"


def test_shutdown_tells_what_waits(
    opened: Opener, hook: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = opened(target(monkeypatch, hook.url), pace=Pace(gather=3600))
    notices.report(WEB)
    notices.close(WITHIN)
    assert hook.next().said["title"] == "lab: task web has failed"
    notices.report(WEB_BACK)
    assert hook.asked.empty()


def test_what_was_told_is_not_told_again_by_the_next_process(
    opened: Opener, hook: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = target(monkeypatch, hook.url)
    before = opened(chat)
    before.report(WEB)
    assert hook.next().said["title"] == "lab: task web has failed"
    before.close(WITHIN)
    after = opened(chat)
    assert after.told == (WEB,)
    after.report(WEB)
    after.report(Failure("task work", "exit 1"))
    assert hook.next().said["title"] == "lab: task work has failed"
    after.report(WEB_BACK)
    assert hook.next().said["title"] == "lab: task web has recovered"
    after.close(WITHIN)
    assert [told.subject for told in opened(chat).told] == ["task work"]


def test_what_cannot_be_put_on_record_is_told_all_the_same(
    opened: Opener,
    hook: StandIn,
    told: queue.Queue[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "told.json").mkdir()
    notices = opened(target(monkeypatch, hook.url))
    notices.report(WEB)
    assert hook.next().said["title"] == "lab: task web has failed"
    assert told.get(timeout=WITHIN).endswith("told.json: Is a directory")
    notices.report(WEB_BACK)
    assert hook.next().said["title"] == "lab: task web has recovered"


@pytest.mark.parametrize("address", ["nonsense://pa55word", "pa55word", "json://"])
def test_what_is_no_address(
    opened: Opener, told: queue.Queue[str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("NOTICES_CHAT", address)
    opened(Target("chat", Secret(env="NOTICES_CHAT"))).report(WEB)
    said = told.get(timeout=WITHIN)
    assert said.endswith("what it is sent to is no address that apprise knows")


def test_an_address_that_cannot_be_read(
    opened: Opener, told: queue.Queue[str], tmp_path: Path
) -> None:
    opened(Target("chat", Secret(file=str(tmp_path / "none")))).report(WEB)
    assert "cannot be read: No such file" in told.get(timeout=WITHIN)


def test_the_address_is_nowhere_to_be_seen(
    opened: Opener,
    hook: StandIn,
    told: queue.Queue[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(0, "apprise")
    hook.answers(*[Reply(401)] * 3)
    notices = opened(target(monkeypatch, hook.url))
    notices.report(WEB)
    said = told.get(timeout=WITHIN)
    captured = capfd.readouterr()
    everything = [said, captured.out, captured.err, caplog.text, repr(vars(notices))]
    assert not any("pa55word" in text or "/hook" in text for text in everything)


def test_without_apprise(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert opened() is not None  # who tells nobody does not need it
    with pytest.raises(NoticesError, match=r"pip install 'reconciler\[notify\]'"):
        opened(Target("chat", Secret(env="X")))
