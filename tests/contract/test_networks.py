"""What every engine owes us about the private networks of runs."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from reconciler.engines.engine import ConflictError, TransientError
from reconciler.model.cluster import Membership, Network, NetworkRequest, network_name, peers_of
from reconciler.model.identity import LABEL_PROJECT, LABEL_RUN, LABEL_TASK
from reconciler.model.spec import Cluster
from tests.support.engines import DockerRig, Rig, make_request
from tests.support.process import eventually


@pytest.fixture
def docker_rig() -> Iterator[DockerRig]:
    made = DockerRig()
    try:
        yield made
    finally:
        made.close()


def request(project: str, run: int = 1, *, outbound: bool = True) -> NetworkRequest:
    labels = {LABEL_PROJECT: project, LABEL_TASK: "task", LABEL_RUN: str(run)}
    name = network_name(project, "task", run)
    return NetworkRequest(
        name=name, labels=tuple(sorted(labels.items())), outbound=outbound, reaches=False
    )


def membership(network: Network, instance: int, count: int) -> Membership:
    return Membership(network, instance, peers_of("task", range(count), Cluster(), network.subnet))


def joined(rig: Rig, network: Network, instance: int, count: int, *command: str) -> str:
    asked = make_request(rig.project, "task", instance=instance, network="cluster", command=command)
    return rig.engine.create(replace(asked, membership=membership(network, instance, count)))


def test_a_network_is_made_once_and_tells_its_addresses(rig: Rig) -> None:
    made = rig.engine.create_network(request(rig.project))
    assert made == rig.engine.create_network(request(rig.project))
    assert rig.engine.networks(rig.project) == (made,)
    assert (made.task, made.run, bool(made.subnet)) == ("task", 1, True)
    rig.engine.remove_network(made.name)
    rig.engine.remove_network(made.name)
    assert rig.engine.networks(rig.project) == ()


def test_each_has_addresses_of_its_own(rig: Rig) -> None:
    made = {rig.engine.create_network(request(rig.project, run)).subnet for run in (1, 2, 3)}
    assert len(made) == 3


def test_a_network_with_somebody_in_it_stays(rig: Rig) -> None:
    made = rig.engine.create_network(request(rig.project))
    container = joined(rig, made, 0, 1, "sleep", "60")
    rig.engine.start(container)
    with pytest.raises(TransientError):
        rig.engine.remove_network(made.name)
    rig.engine.signal(container, "SIGKILL")
    eventually(lambda: removed(rig, made), "the network goes")
    assert rig.engine.networks(rig.project) == ()


def removed(rig: Rig, network: Network) -> bool:
    try:
        rig.engine.remove_network(network.name)
    except TransientError:
        return False
    return True


def test_a_container_needs_its_network(rig: Rig) -> None:
    gone = Network(network_name(rig.project, "task", 1), "task", 1, "10.254.253.0/24")
    with pytest.raises(TransientError):
        rig.engine.start(joined(rig, gone, 0, 1, "true"))


@pytest.mark.docker
def test_somebody_elses_network_is_left_alone(docker_rig: DockerRig) -> None:
    name = network_name(docker_rig.project, "task", 1)
    docker_rig.client.create_network(name)
    try:
        with pytest.raises(ConflictError):
            docker_rig.engine.create_network(request(docker_rig.project))
        with pytest.raises(ConflictError):
            docker_rig.engine.remove_network(name)
        assert docker_rig.engine.networks(docker_rig.project) == ()
    finally:
        docker_rig.client.remove_network(name)


@pytest.mark.docker
def test_one_that_is_half_made_is_made_whole(docker_rig: DockerRig) -> None:
    asked = request(docker_rig.project)
    docker_rig.client.create_network(asked.name, labels=dict(asked.labels))
    assert [one.subnet for one in docker_rig.engine.networks(docker_rig.project)] == [""]
    assert docker_rig.engine.create_network(asked).subnet
    docker_rig.engine.remove_network(asked.name)


@pytest.mark.docker
def test_peers_reach_each_other_by_name(docker_rig: DockerRig) -> None:
    made = docker_rig.engine.create_network(request(docker_rig.project, outbound=False))
    try:
        serve = "mkdir /w && echo hello >/w/a && exec nc -l -p 80 -e cat /w/a"
        first = joined(docker_rig, made, 0, 2, "sh", "-c", serve)
        look = "until nc task-0 80; do usleep 50000; done"
        second = joined(docker_rig, made, 1, 2, "sh", "-c", look)
        docker_rig.engine.start(first)
        docker_rig.engine.start(second)
        output = b"".join(docker_rig.engine.follow(second))
        assert output == b"hello\n"
        assert docker_rig.client.inspect_network(made.name)["Internal"]
    finally:
        for container in docker_rig.engine.list(docker_rig.project):
            docker_rig.engine.signal(container.id, "SIGKILL")
            docker_rig.client.wait(container.id)
            docker_rig.engine.remove(container.id)
        docker_rig.engine.remove_network(made.name)
