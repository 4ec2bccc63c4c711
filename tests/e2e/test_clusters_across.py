"""A cluster on two engines that a swarm joins: the network of its run spans them."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from docker import APIClient

from tests.e2e.site import Site
from tests.e2e.test_mpi import HERE, LONG, SIZE, cluster, said
from tests.support.mpi import give_mpi_image, mpi_image
from tests.support.nodes import POSSIBLE, Nodes
from tests.support.process import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not POSSIBLE, reason="several engines take root and their programs"),
]
JOINED = ("n1", "n4")


@pytest.fixture(scope="module")
def swarm(nodes: Nodes) -> Iterator[Nodes]:
    """Two of the four nodes, joined; the first one manages."""
    mpi_image()
    first, second = (nodes.engines[name].url for name in JOINED)
    nodes.hub.let_meet()
    address, other = (nodes.address(name) for name in JOINED)
    with (
        closing(APIClient(base_url=first)) as manager,
        closing(APIClient(base_url=second)) as member,
    ):
        manager.init_swarm(advertise_addr=address, listen_addr=f"{address}:2377")
        token = manager.inspect_swarm()["JoinTokens"]["Worker"]
        member.join_swarm(
            [f"{address}:2377"], token, advertise_addr=other, listen_addr=f"{other}:2377"
        )
        for url in (first, second):
            give_mpi_image(url)
        yield nodes
        member.leave_swarm(force=True)
        manager.leave_swarm(force=True)


@pytest.fixture
def joined(swarm: Nodes, site: Site) -> Site:
    assert swarm is site.nodes
    site.declare(*JOINED)
    return site


def test_ranks_on_two_engines_meet(joined: Site) -> None:
    project = joined.project
    project.declare(cluster("pi", f"mpirun python3 {HERE}/ring.py"))
    project.apply("--wait")
    assert f"ring of {SIZE}: 6" in said(project, "pi")
    for view in joined.views.values():
        eventually(lambda view=view: not view.containers(), "its containers to be gone")  # type: ignore[misc]
        eventually(lambda view=view: not view.networks(), "its network to be gone")  # type: ignore[misc]


def test_what_is_stopped_on_two_engines_leaves_nothing(joined: Site) -> None:
    project = joined.project
    project.declare(cluster("pi", LONG))
    project.run()
    eventually(lambda: f"ring of {SIZE}: 6" in said(project, "pi"), "the ring to be closed", 60)
    assert joined.where("pi") == dict.fromkeys(JOINED, SIZE // 2)
    project.reconciler("stop", "pi").ends(0)
    views = [joined.views[name] for name in JOINED]
    eventually(
        lambda: not any(view.containers() or view.networks() for view in views), "all to be gone"
    )
