from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.policy import (
    ANY,
    FOLDER,
    GIT,
    NONE,
    Allowed,
    Maximum,
    Policy,
    listed,
    matched,
    within,
)

PATTERNS = st.sampled_from(["*", "a*", "a", "ab", "?", "docker.io", "*.io", "[a]"])
ROOTS = st.sampled_from(["/", "/a", "/a/b", "/ab", "/a/../c", "//a/"])
NAMES = st.sampled_from(["a", "ab", "b", "docker.io", "[a]", "", "*"])
PATHS = st.sampled_from(["/", "/a", "/a/b/c", "/ab", "/c", "/a/../etc", "/etc", "/run"])
LIMITS = st.none() | st.integers(0, 3)


def allowed(items: st.SearchStrategy[str]) -> st.SearchStrategy[Allowed]:
    return st.lists(st.lists(items, max_size=3).map(tuple), max_size=2).map(tuple)


POLICIES = st.builds(
    Policy,
    registries=allowed(PATTERNS),
    images=allowed(PATTERNS),
    capabilities=allowed(PATTERNS),
    binds=allowed(ROOTS),
    closed=st.lists(ROOTS, max_size=2).map(tuple),
    privileged=st.booleans(),
    undigested=st.booleans(),
    maximum=st.builds(Maximum, cpus=LIMITS, memory=LIMITS, instances=LIMITS),
)


def answers(policy: Policy, name: str, path: str, number: int) -> list[bool]:
    """Return what a policy says to one request of each sort."""
    said = [
        matched(policy.registries, name), matched(policy.images, name, name + "b"),
        matched(policy.capabilities, name), within(policy.binds, path), not policy.closes(path),
        policy.privileged, policy.undigested,
    ]  # fmt: skip
    limits = (policy.maximum.cpus, policy.maximum.memory, policy.maximum.instances)
    return said + [limit is None or number <= limit for limit in limits]


@given(POLICIES, POLICIES, NAMES, PATHS, st.integers(0, 4))
def test_narrowing_allows_what_both_allow(
    mine: Policy, theirs: Policy, name: str, path: str, number: int
) -> None:
    both = answers(mine.narrowed(theirs), name, path, number)
    apart = zip(answers(mine, name, path, number), answers(theirs, name, path, number), strict=True)
    assert both == [one and other for one, other in apart]


@given(POLICIES, POLICIES)
def test_narrowing_commutes(mine: Policy, theirs: Policy) -> None:
    assert mine.narrowed(theirs) == theirs.narrowed(mine)


@given(POLICIES, POLICIES)
def test_narrowing_twice_is_narrowing_once(mine: Policy, theirs: Policy) -> None:
    once = mine.narrowed(theirs)
    assert once.narrowed(theirs) == once
    assert once.narrowed(once) == once


@given(POLICIES)
def test_saying_nothing_changes_nothing(policy: Policy) -> None:
    assert policy.narrowed(FOLDER).narrowed(FOLDER) == policy.narrowed(FOLDER)
    assert answers(policy.narrowed(FOLDER), "a", "/a", 1) == answers(policy, "a", "/a", 1)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/", "socket is inside"), ("/run", "socket is inside"), ("/var", "socket is inside"),
        ("/var/run/docker.sock", "hand over the node"), ("/etc", "hand over the node"),
        ("/etc/ssh", "hand over the node"), ("/proc/1", "hand over the node"),
        ("/sys", "hand over the node"), ("/state/x", "/state is off limits"),
        ("/states", ""), ("/home/user", ""), ("/etcetera", ""),
    ],
)  # fmt: skip
def test_what_no_folder_may_bind(path: str, why: str) -> None:
    reason = FOLDER.keeping_out_of("/state").closes(path)
    assert why in reason
    assert bool(reason) == bool(why)


def test_a_repository_may_do_little() -> None:
    refused: dict[str, Any] = {
        "privileged": False, "host_network": False, "userns_host": False, "builds": False,
        "seccomp_unconfined": False, "external_volumes": False, "encrypted_secrets": False,
        "binds": NONE, "endpoints": NONE, "secrets": NONE, "secret_files": NONE, "devices": NONE,
    }  # fmt: skip
    assert {name: getattr(GIT, name) for name in refused} == refused
    assert matched(GIT.capabilities, "NET_BIND_SERVICE")
    assert not matched(GIT.capabilities, "SYS_ADMIN")
    assert not matched(GIT.capabilities, "*")
    assert (GIT.registries, GIT.images) == (ANY, ANY)


def test_brackets_in_patterns_stand_for_themselves() -> None:
    assert matched(listed(["[::1]:5000"]), "[::1]:5000")
    assert not matched(listed(["[ab]"]), "a")
