"""The requests that each forge's API asks for, as a server sees them."""

import pytest

from reconciler.forges import Kind, State
from tests.forges.conftest import SHA, TOKEN, Opener
from tests.support.forge import StandIn

LONG = "web.yaml:4: " + "ä" * 300


@pytest.mark.parametrize(
    ("state", "word"),
    [(State.PENDING, "pending"), (State.SUCCESS, "success"), (State.FAILURE, "failure")],
)
def test_github(opened: Opener, forge: StandIn, state: State, word: str) -> None:
    opened(Kind.GITHUB).say(SHA, state, "2 instances as wanted")
    asked = forge.next()
    assert (asked.method, asked.path) == ("POST", f"/api/v3/repos/lab/fleet/statuses/{SHA}")
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["content-type"].startswith("application/json")
    assert asked.headers["user-agent"] == "reconciler"
    assert asked.said == {
        "state": word,
        "context": "reconciler/lab",
        "description": "2 instances as wanted",
    }


@pytest.mark.parametrize("kind", [Kind.GITEA, Kind.FORGEJO])
@pytest.mark.parametrize(
    ("state", "word"),
    [(State.PENDING, "pending"), (State.SUCCESS, "success"), (State.FAILURE, "failure")],
)
def test_gitea(opened: Opener, forge: StandIn, kind: Kind, state: State, word: str) -> None:
    opened(kind, link="https://lab.example.org/fleet").say(SHA, state, "checking")
    asked = forge.next()
    assert (asked.method, asked.path) == ("POST", f"/api/v1/repos/lab/fleet/statuses/{SHA}")
    assert asked.headers["authorization"] == f"token {TOKEN}"
    assert asked.headers["content-type"].startswith("application/json")
    assert asked.said == {
        "state": word,
        "context": "reconciler/lab",
        "description": "checking",
        "target_url": "https://lab.example.org/fleet",
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [(State.PENDING, "pending"), (State.SUCCESS, "success"), (State.FAILURE, "failed")],
)
def test_gitlab(opened: Opener, forge: StandIn, state: State, word: str) -> None:
    source = f"{forge.url}/lab/sub group/fleet.git"
    opened(Kind.GITLAB, source).say(SHA, state, "checking")
    asked = forge.next()
    project = "lab%2Fsub%20group%2Ffleet"
    assert (asked.method, asked.path) == ("POST", f"/api/v4/projects/{project}/statuses/{SHA}")
    assert asked.headers["private-token"] == TOKEN
    assert "authorization" not in asked.headers
    assert asked.said == {"state": word, "name": "reconciler/lab", "description": "checking"}


@pytest.mark.parametrize(
    ("kind", "most"),
    [(Kind.GITHUB, 140), (Kind.GITEA, 255), (Kind.FORGEJO, 255), (Kind.GITLAB, 255)],
)
def test_descriptions_are_cut(opened: Opener, forge: StandIn, kind: Kind, most: int) -> None:
    opened(kind).say(SHA, State.FAILURE, LONG)
    description = forge.next().said["description"]
    assert len(description) == most
    assert description.startswith("web.yaml:4: ä")
    assert description.endswith("…")


def test_descriptions_are_one_line_without_controls(opened: Opener, forge: StandIn) -> None:
    opened().say(SHA, State.FAILURE, "a\x1b[31m\nb\u202e\udc80")
    assert forge.next().said["description"] == "a\\x1b[31m ↵ b\\u202e\\udc80"


def test_settings_come_before_the_url(opened: Opener, forge: StandIn) -> None:
    statuses = opened(Kind.GITEA, "file:///srv/fleet.git", api=forge.url, repository="a/b")
    statuses.say(SHA, State.SUCCESS, "x")
    assert forge.next().path == f"/api/v1/repos/a/b/statuses/{SHA}"
