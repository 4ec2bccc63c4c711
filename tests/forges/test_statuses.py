"""Statuses on their way: what goes wrong, and that nobody waits for it."""

import contextlib
import queue
import socket
import threading
from pathlib import Path

import pytest

from reconciler.forges import Forge, ForgeError, Kind, State, Statuses
from reconciler.secrets import Secret
from tests.forges.conftest import SHA, TOKEN, Opener
from tests.support.forge import WITHIN, Reply, StandIn

OTHER = "a" * 40


def test_a_failing_forge_is_asked_again(
    opened: Opener, forge: StandIn, told: queue.Queue[str]
) -> None:
    forge.answers(Reply(500), Reply(503), Reply(429, {"Retry-After": "0"}))
    opened().say(SHA, State.SUCCESS, "done")
    assert [forge.next().said["description"] for _ in range(4)] == ["done"] * 4
    assert told.get(timeout=WITHIN).endswith(f"has to wait: {forge.url}/api/v1: it answers 500")


def test_retry_after_is_kept(opened: Opener, forge: StandIn, told: queue.Queue[str]) -> None:
    forge.answers(Reply(429, {"Retry-After": "3000"}))
    statuses = opened()
    statuses.say(SHA, State.PENDING, "checking")
    forge.next()
    told.get(timeout=WITHIN)
    statuses.say(OTHER, State.PENDING, "checking")
    with pytest.raises(queue.Empty):
        forge.asked.get(timeout=0.3)


def test_only_the_newest_word_waits(opened: Opener, forge: StandIn) -> None:
    hold = threading.Event()
    forge.answers(Reply(hold=hold))
    statuses = opened()
    statuses.say(OTHER, State.PENDING, "checking")
    forge.next()
    for number in range(50):
        statuses.say(SHA, State.PENDING, f"{number} actions")
    statuses.say(SHA, State.SUCCESS, "done")
    hold.set()
    assert forge.next().said["description"] == "done"
    statuses.close()
    assert forge.asked.empty()


def test_a_newer_word_overtakes_one_that_failed(opened: Opener, forge: StandIn) -> None:
    hold = threading.Event()
    forge.answers(Reply(500, hold=hold))
    statuses = opened()
    statuses.say(SHA, State.PENDING, "checking")
    forge.next()
    statuses.say(SHA, State.SUCCESS, "done")
    hold.set()
    assert forge.next().said["description"] == "done"
    statuses.close()
    assert forge.asked.empty()


def test_the_same_is_said_once(opened: Opener, forge: StandIn) -> None:
    statuses = opened()
    for said in ("checking", "checking", "checking"):
        statuses.say(SHA, State.PENDING, said)
    forge.next()
    statuses.say(SHA, State.PENDING, "checking")
    statuses.say(OTHER, State.PENDING, "checking")
    assert forge.next().path.endswith(OTHER)
    statuses.close()
    assert forge.asked.empty()


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_what_is_refused_is_dropped_and_told_once(
    opened: Opener, forge: StandIn, told: queue.Queue[str], status: int
) -> None:
    forge.answers(Reply(status, body=f'{{"message": "not with {TOKEN}"}}'), Reply(status))
    statuses = opened()
    statuses.say(SHA, State.SUCCESS, "done")
    forge.next()
    said = told.get(timeout=WITHIN)
    assert said.startswith(f"the status of {SHA[:12]} is not set: {forge.url}/api/v1: ")
    assert said.endswith("(not with [token])")
    statuses.say(OTHER, State.SUCCESS, "done")
    assert forge.next().path.endswith(OTHER)


def test_the_same_complaint_is_made_once(
    opened: Opener, forge: StandIn, told: queue.Queue[str]
) -> None:
    forge.answers(*[Reply(500)] * 5)
    opened().say(SHA, State.SUCCESS, "done")
    for _ in range(6):
        forge.next()
    assert told.qsize() == 1


def test_nobody_listens(opened: Opener, told: queue.Queue[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    statuses = opened(source=f"http://127.0.0.1:{port}/lab/fleet")
    statuses.say(SHA, State.SUCCESS, "done")
    assert told.get(timeout=WITHIN).endswith("/api/v1: Connection refused")


def test_what_is_no_http(opened: Opener, forge: StandIn, told: queue.Queue[str]) -> None:
    forge.answers(Reply(garbage=b"220 ftp.example.org\r\n\r\n"))
    opened().say(SHA, State.SUCCESS, "done")
    assert told.get(timeout=WITHIN).endswith("what it answers is no HTTP")
    assert forge.next().path == forge.next().path  # it is tried again


def test_shutdown_says_what_waits(opened: Opener, forge: StandIn, told: queue.Queue[str]) -> None:
    forge.answers(Reply(429, {"Retry-After": "3000"}))
    statuses = opened()
    statuses.say(SHA, State.PENDING, "checking")
    forge.next()
    told.get(timeout=WITHIN)
    statuses.say(OTHER, State.SUCCESS, "done")
    statuses.close()
    assert {forge.next().path[-40:], forge.next().path[-40:]} == {SHA, OTHER}


def test_shutdown_does_not_wait_for_a_slow_forge(opened: Opener, forge: StandIn) -> None:
    hold = threading.Event()
    forge.answers(Reply(hold=hold))
    statuses = opened()
    statuses.say(SHA, State.PENDING, "checking")
    forge.next()
    closing = threading.Thread(target=statuses.close, args=(0.2,))
    closing.start()
    closing.join(WITHIN)
    assert not closing.is_alive()
    assert not hold.is_set()
    hold.set()


def test_nothing_is_said_after_shutdown(opened: Opener, forge: StandIn) -> None:
    statuses = opened()
    statuses.close()
    statuses.say(SHA, State.PENDING, "checking")
    assert forge.asked.empty()


def test_redirects_stay_on_the_host(opened: Opener, forge: StandIn, told: queue.Queue[str]) -> None:
    forge.answers(Reply(307, {"Location": "/api/v1/repositories/7/statuses"}))
    statuses = opened()
    statuses.say(SHA, State.SUCCESS, "done")
    forge.next()
    assert forge.next().path == "/api/v1/repositories/7/statuses"
    elsewhere = forge.url.replace("127.0.0.1", "localhost")
    forge.answers(Reply(307, {"Location": f"{elsewhere}/api/v1/x"}))
    statuses.say(OTHER, State.SUCCESS, "done")
    assert forge.next().path.endswith(OTHER)
    assert "it sends us elsewhere" in told.get(timeout=WITHIN)
    assert forge.asked.empty()


@pytest.mark.parametrize("token", ["two words", "line\nline", "naïve", "tab\tbed"])
def test_what_is_no_token_is_not_sent(
    opened: Opener,
    forge: StandIn,
    told: queue.Queue[str],
    monkeypatch: pytest.MonkeyPatch,
    token: str,
) -> None:
    statuses = opened()
    monkeypatch.setenv("FORGE_TOKEN", token)
    statuses.say(SHA, State.SUCCESS, "done")
    said = told.get(timeout=WITHIN)
    assert said.endswith("the variable FORGE_TOKEN holds no token: one word of ASCII is expected")
    assert forge.asked.empty()


def test_a_token_that_comes_late_is_read(
    forge: StandIn, told: queue.Queue[str], tmp_path: Path
) -> None:
    place = tmp_path / "token"
    configured = Forge(Kind.GITEA, Secret(file=str(place)))
    statuses = Statuses(configured, f"{forge.url}/lab/fleet", "lab", told.put, pause=0.01)
    statuses.say(SHA, State.SUCCESS, "done")
    assert told.get(timeout=WITHIN).endswith(f"{place} cannot be read: No such file or directory")
    place.write_text(f"{TOKEN}\n")
    assert forge.next().headers["authorization"] == f"token {TOKEN}"
    statuses.close()


def test_proxy(forge: StandIn, opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    statuses = opened(source="http://git.example.org/lab/fleet", proxy=forge.url)
    statuses.say(SHA, State.SUCCESS, "done")
    assert forge.next().path == f"http://git.example.org/api/v1/repos/lab/fleet/statuses/{SHA}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ca": "/nowhere.pem"}, "/nowhere.pem cannot be used: No such file"),
        ({"ca": __file__}, "it holds no certificates"),
        ({"proxy": "proxy:3128"}, "begins with http://"),
    ],
)
def test_wrong_settings(opened: Opener, settings: dict[str, str], said: str) -> None:
    with pytest.raises(ForgeError, match=said):
        opened(**settings)


def test_the_token_is_nowhere_to_be_seen(
    opened: Opener,
    forge: StandIn,
    told: queue.Queue[str],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(0)
    forge.answers(Reply(500, body=f'{{"message": "{TOKEN}"}}'), Reply(401, body=TOKEN))
    statuses = opened()
    statuses.say(SHA, State.SUCCESS, "done")
    forge.next()
    forge.next()
    statuses.close()
    heard = []
    with contextlib.suppress(queue.Empty):
        while True:
            heard.append(told.get_nowait())
    assert len(heard) == 2
    captured = capfd.readouterr()
    everything = [*heard, captured.out, captured.err, caplog.text, repr(vars(statuses))]
    assert not any(TOKEN in text for text in everything)
