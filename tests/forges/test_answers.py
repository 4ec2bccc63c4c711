from email.utils import formatdate

import pytest

from reconciler.forges import Kind
from reconciler.forges.answers import Answer, Later, Refused, Taken, judged

NOW = 1_800_000_000.0


def verdict(status: int, text: str = "", kind: Kind = Kind.GITHUB, **headers: str) -> object:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return judged(kind, Answer(status, named, text), NOW)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_taken(status: int) -> None:
    assert verdict(status) == Taken()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_worth_another_try(status: int) -> None:
    assert verdict(status) == Later(f"it answers {status}")


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 0.0),
        ("999999999999", 3600.0),
        ("soon", None),
        ("²", None),
        ("-5", None),
    ],
)
def test_retry_after(value: str, after: float | None) -> None:
    assert verdict(429, retry_after=value) == Later("it answers 429", after)


def test_limits_of_github() -> None:
    """§ It answers 403 to who asks too much, and says until when."""
    reset = str(int(NOW) + 60)
    spent = verdict(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset)
    assert spent == Later("it answers 403", 60.0)
    assert verdict(403, retry_after="5") == Later("it answers 403", 5.0)
    assert isinstance(verdict(403, x_ratelimit_remaining="17"), Refused)


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        (Kind.GITHUB, 401, "does not accept the token"),
        (Kind.GITHUB, 403, "`repo:status`"),
        (Kind.GITEA, 403, "`write:repository`"),
        (Kind.GITLAB, 403, "`api`"),
        (Kind.GITLAB, 404, "no such repository or commit"),
        (Kind.GITHUB, 422, "it answers 422"),
        (Kind.GITHUB, 302, "give the new address as `api`"),
    ],
)
def test_refused(kind: Kind, status: int, said: str) -> None:
    found = verdict(status, kind=kind)
    assert isinstance(found, Refused)
    assert said in found.why


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"message": "No commit found for SHA: 6dcb"}', " (No commit found for SHA: 6dcb)"),
        ('{"error": "in\\u001bsufficient"}', " (in\\x1bsufficient)"),
        ('{"message": {"state": ["bad"]}}', ""),
        ("<html>", ""),
        ("[" * 100_000, ""),
        ("[1]", ""),
    ],
)
def test_what_the_forge_says_itself(text: str, said: str) -> None:
    assert verdict(422, text) == Refused(f"it answers 422{said}")


def test_gitlab_has_the_state_already() -> None:
    text = '{"message":"Cannot transition status via :enqueue from :pending"}'
    assert verdict(400, text, Kind.GITLAB) == Taken()
    assert isinstance(verdict(400, text, Kind.GITEA), Refused)
