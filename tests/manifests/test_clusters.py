"""What manifests say of clusters and ssh: what it means, and what cannot be."""

import pytest

from reconciler.model.policy import GIT
from reconciler.model.spec import Cluster, InstanceSpec, Login, Port
from tests.manifests.loaded import load, only, task

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@lab"


def spec_of(spec: str) -> InstanceSpec:
    return only(task(spec)).spec


def test_a_profile_says_who_runs_what_and_how_they_reach_each_other() -> None:
    words = "{DOCKER_CMD_MASTER: lead on, DOCKER_CMD_WORKER: follow, DOCKER_SLOTS: 3}"
    found = spec_of(f"profile: docker-cluster-network-ssh\ninstances: 4\nconstants: {words}\n")
    assert (found.master, found.worker) == (("lead", "on"), ("follow",))
    assert found.cluster == Cluster(hostfile="/job/hostfile", slots=3, outbound=True, port=2022)
    assert found.account.entries


def test_the_plain_profile_is_closed_and_without_ssh() -> None:
    found = spec_of("profile: docker-cluster\n")
    assert found.cluster == Cluster(outbound=False)


def test_the_network_alone_is_enough() -> None:
    found = spec_of("instances: 2\ncontainer: {network: cluster, command: work}\n")
    assert found.cluster == Cluster()
    assert (found.master, found.worker, found.command) == (None, None, ("work",))


def test_who_logs_in_finds_a_port() -> None:
    found = spec_of(f"profile: docker-network-ssh\nconstants: {{DOCKER_SSH: {KEY}}}\n")
    assert found.ssh == Login(port=22, keys=(KEY,))
    assert found.ports == (Port(container=22),)


def test_a_port_that_is_published_already_is_not_published_twice() -> None:
    ports = "container: {ports: [{container: 22, host: 2200}]}\n"
    found = spec_of(f"profile: docker-network-ssh\nconstants: {{DOCKER_SSH: {KEY}}}\n{ports}")
    assert found.ports == (Port(container=22, host=2200),)


def test_without_a_key_it_is_said_that_nobody_could_log_in() -> None:
    (problem,) = load(task("profile: docker-network-ssh")).problems
    assert (problem.code, problem.severity.value) == ("missing-field", "warning")
    assert "nobody could log in" in problem.message


@pytest.mark.parametrize(
    ("spec", "code", "place"),
    [
        ("profile: docker-cluster\nrestart: always\n", "excluded-field", "6:12"),
        ("profile: docker-cluster\ncontainer: {ports: [{container: 80}]}\n",
         "excluded-field", "6:15"),
        ("profile: docker-cluster\ncontainer: {mounts: [{type: bind, source: /a, target: /job}]}",
         "duplicate-target", ""),
        ("profile: docker-cluster\ncontainer: {network: bridge}\n", "excluded-field", "6:24"),
        ("profile: docker-network-ssh\nconstants: {DOCKER_SSH: hello}\n", "bad-format", "6:27"),
        ("profile: docker-network-ssh\nconstants: {DOCKER_SSH: '-----BEGIN PRIVATE KEY-----'}",
         "bad-format", "6:27"),
    ],
)  # fmt: skip
def test_what_cannot_be(spec: str, code: str, place: str) -> None:
    (problem,) = load(task(spec)).problems
    assert problem.code == code
    assert not place or f"{problem.at.line}:{problem.at.column}" == place


def test_a_committer_names_no_file_of_the_reconcilers_machine() -> None:
    file = "profile: docker-network-ssh\nconstants: {DOCKER_SSH_FILE: /etc/shadow}\n"
    refused = load(task(file), policy=GIT).problems
    assert "policy-secret" in {problem.code for problem in refused}
    assert load(task(file)).problems == ()
