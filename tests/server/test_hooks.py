"""What becomes of deliveries: repeats, bursts, several sources, and the secret."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.secrets import Secret
from reconciler.server.listener import ServerError
from reconciler.server.rate import Rate
from reconciler.server.serving import Server, Settings
from tests.server.deliveries import bearer, generic, github
from tests.server.site import Site, Source


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_repeated_delivery_is_dropped(site: Site) -> None:
    with site.open():
        first, again = site.deliver(github()), site.deliver(github())
    assert first.said["outcome"] == "queued"
    assert (again.status, again.said["outcome"]) == (202, "duplicate")
    assert site.sources[0].nudges <= 1


def test_a_caught_body_sent_again_under_another_id_is_dropped(site: Site) -> None:
    caught = generic()
    with site.open():
        site.deliver(caught)
        other = {**caught.signed(), "X-Delivery-Id": "another"}
        assert site.ask("POST", "/hooks", caught.body, other).said["outcome"] == "duplicate"


def test_one_push_reaches_the_hooks_of_two_sources(tmp_path: Path) -> None:
    site = Site(tmp_path, Source("one"), Source("two"))
    with site.open():
        for name in ("one", "two"):
            answer = site.deliver(github(), f"/hooks/{name}")
            assert answer.said["sources"] == [name]
        for source in site.sources:
            source.wait(nudges=1)


def test_the_common_path_reaches_whom_it_concerns(tmp_path: Path) -> None:
    site = Site(tmp_path, Source("one"), Source("two", "refs/heads/topic"), Source("three"))
    with site.open():
        assert site.deliver(github()).said["sources"] == ["one", "three"]


def test_a_source_that_is_not_there_is_told_only_to_who_knows_the_secret(site: Site) -> None:
    with site.open():
        assert site.deliver(github(), "/hooks/other").status == 404
        assert site.deliver(github(), "/hooks/other", secret="wrong").status == 401


def test_a_burst_becomes_a_handful_of_nudges(site: Site) -> None:
    source = site.sources[0]
    source.gate.clear()
    with site.open(), ThreadPoolExecutor(8) as pool:
        site.deliver(generic(ref="refs/heads/main", commit="first"))
        source.wait(nudges=1)  # and does not end before the burst does
        burst = [generic(ref="refs/heads/main", commit=str(number)) for number in range(500)]
        answers = list(pool.map(site.deliver, burst))
        assert {answer.said["outcome"] for answer in answers} == {"queued"}
        assert len({answer.said["id"] for answer in answers}) == 500
        source.gate.set()
        source.wait(nudges=2)
    assert source.nudges == 2
    assert source.most_at_once == 1


def test_a_nudge_that_hangs_or_fails_holds_up_no_other_source(tmp_path: Path) -> None:
    class Broken(Source):
        def nudge(self) -> None:
            super().nudge()
            raise ValueError("no such remote")

    hanging, broken, good = Source("hanging"), Broken("broken"), Source("good")
    site = Site(tmp_path, hanging, broken, good)
    hanging.gate.clear()
    with site.open():
        for number in (1, 2):
            site.deliver(generic(ref="refs/heads/main", commit=str(number)))
            good.wait(nudges=number)
            broken.wait(nudges=number)
        hanging.gate.set()
    assert ("error", "ValueError: no such remote") in site.told


def test_the_secret_is_read_at_each_use(site: Site) -> None:
    with site.open():
        assert site.deliver(bearer()).status == 202
        site.secret.write_text("a new one")
        sent = bearer()
        assert site.ask("POST", "/hooks", sent.body, sent.signed()).status == 401
        assert site.ask("POST", "/hooks", sent.body, sent.signed("a new one")).status == 202


def test_a_secret_that_has_gone_away_lets_nothing_through(site: Site) -> None:
    with site.open():
        site.secret.unlink()
        sent = bearer()
        assert site.ask("POST", "/hooks", sent.body, sent.signed("")).status == 503
    assert len(site.told) == 1
    assert "cannot be read" in site.told[0][1]


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (None, "none is configured"),
        (Secret(file="/nowhere/secret"), "/nowhere/secret cannot be read: No such file"),
        (Secret(file="/dev/null"), "the file /dev/null is empty"),
        (Secret(env="NO_SUCH_VARIABLE"), "the variable NO_SUCH_VARIABLE is not set"),
    ],
)
def test_without_a_secret_there_is_no_listener(secret: Secret | None, said: str) -> None:
    server = Server([Source()], Settings(hooks="0", metrics="0", secret=secret), lambda *_: None)
    with pytest.raises(ServerError, match=said):
        server.start()
    assert not [t for t in threading.enumerate() if t.name.startswith(("listen-", "nudge-"))]


def test_a_secret_from_the_environment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "from the environment")
    with site.open(secret=Secret(env="HOOK_SECRET")):
        sent = bearer()
        signed = sent.signed("from the environment")
        assert site.ask("POST", "/hooks", sent.body, signed).status == 202


def test_wrong_signatures_are_counted_and_told_once(site: Site) -> None:
    with site.open():
        for _ in range(5):
            assert site.deliver(github(), secret="wrong").status == 401
        line = 'reconciler_webhooks_total{forge="github",outcome="unauthorized"}'
        assert site.counted(line) == 5
    assert site.told == [
        ("warning", "webhooks with a wrong or missing signature were refused"),
    ]


def test_who_asks_too_often_is_told_to_wait(site: Site) -> None:
    with site.open(rate=Rate(burst_each=3, each=0.001)):
        answers = [site.ask("POST", "/hooks", b"{}") for _ in range(5)]
        assert [answer.status for answer in answers][3:] == [429, 429]
        assert answers[-1].headers["Retry-After"]
        line = 'reconciler_webhooks_total{forge="generic",outcome="too-often"}'
        assert site.counted(line) == 2


def test_all_together_may_not_ask_too_often_either(site: Site) -> None:
    with site.open(rate=Rate(burst_all=2, all=0.001)):
        statuses = [site.ask("POST", "/hooks", b"{}").status for _ in range(3)]
    assert statuses[2] == 429


def test_a_bug_ends_one_request_and_is_told(tmp_path: Path) -> None:
    class Odd(Source):
        def concerns(self, ref: str, repository: str) -> bool:
            raise LookupError(repository)

    site = Site(tmp_path, Odd("odd"), Source("good"))
    with site.open():
        answer = site.deliver(github(), "/hooks/odd")
        assert (answer.status, answer.said) == (500, {"error": "this is a fault of the reconciler"})
        assert site.deliver(github(), "/hooks/good").said["outcome"] == "queued"
    assert site.told == [("error", "LookupError: lab/fleet")]
