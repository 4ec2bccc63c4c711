"""Which pushes concern a source."""

import pytest

from reconciler.server.following import Followed
from reconciler.server.hinted import Hinted

MAIN = "refs/heads/main"


def followed(address: str = "https://git.example.org/lab/fleet.git", ref: str = MAIN) -> Hinted:
    return Followed("fleet", address, ref, lambda: None)


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example.org/lab/fleet.git",
        "https://git.example.org/Lab/Fleet/",
        "https://bitbucket.example.org/scm/lab/fleet.git",
        "ssh://git@git.example.org:2222/lab/fleet.git",
        "git@git.example.org:lab/fleet.git",
        "git://git.example.org/lab/fleet",
        # These name no host, so nothing can be compared.
        "file:///srv/git/other.git",
        "/srv/git/other.git",
    ],
)
def test_its_own_repository_however_it_is_reached(address: str) -> None:
    assert followed(address).concerns(MAIN, "lab/fleet")
    assert followed(address).concerns(MAIN, "LAB/fleet")


@pytest.mark.parametrize("other", ["lab/float", "fleet/lab", "a-lab/fleet", "other/lab/fleet"])
def test_another_repository(other: str) -> None:
    assert not followed().concerns(MAIN, other)


def test_groups_within_groups() -> None:
    nested = followed("https://gitlab.example.org/org/lab/fleet.git")
    assert nested.concerns(MAIN, "org/lab/fleet")
    assert not nested.concerns(MAIN, "org/fleet")


@pytest.mark.parametrize("ref", ["refs/heads/topic", "refs/tags/main", "refs/heads/main2"])
def test_another_ref(ref: str) -> None:
    assert not followed().concerns(ref, "lab/fleet")


@pytest.mark.parametrize(("ref", "repository"), [("", ""), (MAIN, ""), ("", "lab/fleet")])
def test_what_is_not_told_may_concern_it(ref: str, repository: str) -> None:
    assert followed().concerns(ref, repository)


def test_the_remotes_own_branch_may_be_any() -> None:
    assert followed(ref="").concerns("refs/heads/trunk", "lab/fleet")
    assert not followed(ref="").concerns("refs/heads/trunk", "lab/other")


def test_a_nudge_is_a_look() -> None:
    looks = []
    Followed("fleet", "", "", lambda: looks.append(1)).nudge()
    assert looks == [1]
