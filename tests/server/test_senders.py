"""What each forge sends, as it documents it, over a real socket."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.server.deliveries import (
    FORGES,
    Delivery,
    bitbucket,
    forgejo,
    github,
    gitlab,
    gitlab_signed,
)
from tests.server.deliveries import generic as plain
from tests.server.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path).open() as opened:
        yield opened


@pytest.mark.parametrize("name", FORGES)
def test_a_push_is_heard(site: Site, name: str) -> None:
    answer = site.deliver(FORGES[name]())
    assert (answer.status, answer.said["outcome"]) == (202, "queued")
    assert answer.said["id"]
    site.sources[0].wait(nudges=1)
    assert site.sources[0].heard == [("refs/heads/main", "lab/fleet")]


@pytest.mark.parametrize("name", FORGES)
def test_a_wrong_secret_is_refused_without_a_word_why(site: Site, name: str) -> None:
    wrong = "whsec_" + "A" * 43 + "=" if name == "gitlab-signed" else "another secret"
    answer = site.deliver(FORGES[name](), secret=wrong)
    assert (answer.status, answer.said) == (401, {"error": "unauthorized"})
    assert site.sources[0].heard == []


@pytest.mark.parametrize("name", FORGES)
def test_no_signature_is_refused(site: Site, name: str) -> None:
    unsigned = replace(FORGES[name](), sign=lambda *_: {})
    assert site.deliver(unsigned).status == 401


@pytest.mark.parametrize("name", [name for name in FORGES if name not in {"gitlab", "bearer"}])
def test_a_changed_body_is_refused(site: Site, name: str) -> None:
    delivery = FORGES[name]()
    headers = delivery.signed()
    site.secret.write_text(delivery.secret)
    changed = delivery.body.replace(b"lab/fleet", b"lab/float").replace(b'"lab"', b'"lob"')
    assert changed != delivery.body
    assert site.ask("POST", "/hooks", changed, headers).status == 401


def test_a_signature_of_sha1_is_not_enough(site: Site) -> None:
    only_sha1 = replace(github(), sign=lambda *_: {"X-Hub-Signature": "sha1=" + "0" * 40})
    assert site.deliver(only_sha1).status == 401


@pytest.mark.parametrize("header", ["X-Gitea-Signature", "X-Hub-Signature-256"])
def test_forgejo_is_known_by_its_older_signatures_too(site: Site, header: str) -> None:
    prefix = "sha256=" if header.endswith("256") else ""
    signs = forgejo().sign
    older = replace(
        forgejo(), sign=lambda *what: {header: prefix + signs(*what)["X-Forgejo-Signature"]}
    )
    assert site.deliver(older).said["outcome"] == "queued"


def test_a_signed_time_long_past_is_refused(site: Site) -> None:
    signs = gitlab_signed().sign
    at = {"webhook-timestamp": str(int(time.time()) - 3600)}
    assert site.deliver(replace(gitlab_signed(), sign=lambda *w: {**signs(*w), **at})).status == 401


@pytest.mark.parametrize("ref", ["refs/heads/topic", "refs/tags/v1", "main", "refs/heads/maint"])
def test_another_ref_is_ignored_and_said_so(site: Site, ref: str) -> None:
    answer = site.deliver(github(ref))
    assert (answer.status, answer.said["outcome"]) == (202, "ignored")
    assert ref in answer.said["reason"]


def test_another_repository_is_ignored(site: Site) -> None:
    assert site.deliver(github(repository="lab/other")).said["outcome"] == "ignored"


def test_several_refs_in_one_push(site: Site) -> None:
    sides = [
        {"new": {"type": "tag", "name": "main"}, "old": None},
        {"new": None, "old": {"type": "branch", "name": "main"}},
    ]
    several = bitbucket().with_body({"push": {"changes": sides}})
    assert site.deliver(several).said["outcome"] == "queued"
    assert [ref for ref, _ in site.sources[0].heard] == ["refs/tags/main", "refs/heads/main"]


def event(delivery: Delivery, header: str, name: str) -> Delivery:
    return replace(delivery, headers={**delivery.headers, header: name})


@pytest.mark.parametrize(
    "delivery",
    [
        event(github(), "X-GitHub-Event", "ping").with_body({"zen": "Keep it logically awesome."}),
        event(bitbucket(), "X-Event-Key", "diagnostics:ping").with_body({"test": True}),
    ],
)
def test_pings_are_answered(site: Site, delivery: Delivery) -> None:
    for _ in range(2):
        answer = site.deliver(delivery)
        assert (answer.status, answer.said) == (200, {"outcome": "ping"})
    assert site.sources[0].nudges == 0


@pytest.mark.parametrize(
    "delivery",
    [
        event(github(), "X-GitHub-Event", "issues"),
        event(gitlab(), "X-Gitlab-Event", "Merge Request Hook"),
        event(gitlab(), "X-Gitlab-Event", "System Hook").with_body({"object_kind": "key_create"}),
    ],
)
def test_events_that_move_no_ref_are_ignored(site: Site, delivery: Delivery) -> None:
    answer = site.deliver(delivery)
    assert answer.said["outcome"] == "ignored"
    assert "moves no ref" in answer.said["reason"]


@pytest.mark.parametrize("content", [{}, {"ref": 7, "repository": [1]}, [], {"push": "x"}, b""])
def test_what_a_body_leaves_out_may_be_about_anything(site: Site, content: object) -> None:
    assert site.deliver(plain().with_body(content)).said["outcome"] == "queued"
    assert site.sources[0].heard == [("", "")]


def test_a_form_holds_the_payload(site: Site) -> None:
    form = b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Ftopic%22%7D"
    as_form = replace(github().with_body(form), kind="application/x-www-form-urlencoded")
    assert site.deliver(as_form).said["outcome"] == "ignored"


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"ref": "refs/heads/main"', b"payload=%7B"]
)
def test_what_is_no_json_is_malformed(site: Site, body: bytes) -> None:
    answer = site.deliver(github().with_body(body))
    assert (answer.status, answer.said) == (400, {"error": "the body is not JSON"})
    assert site.sources[0].nudges == 0
