from collections.abc import Iterator

import pytest

from reconciler.engines.docker import open_engine
from reconciler.model.desired import Tls
from tests.support import nodes as support
from tests.support.engines import DockerRig, SimulatedRig
from tests.support.nodes import Nodes, four_nodes

FAR = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not support.POSSIBLE, reason="it needs root, dockerd, ip and sshd"),
]
KINDS = [
    pytest.param("simulated", id="simulated"),
    pytest.param("docker", id="docker", marks=pytest.mark.docker),
    pytest.param("n1", id="tls", marks=FAR),
    pytest.param("n3", id="ssh", marks=FAR),
]


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with four_nodes(tmp_path_factory.mktemp("nodes") / "n") as made:
        yield made


@pytest.fixture(params=KINDS)
def rig(request: pytest.FixtureRequest) -> Iterator[SimulatedRig | DockerRig]:
    made = _rig(request.param, request)
    try:
        yield made
    finally:
        made.close()


def _rig(kind: str, request: pytest.FixtureRequest) -> SimulatedRig | DockerRig:
    if kind == "simulated":
        return SimulatedRig()
    if kind == "docker":
        return DockerRig()
    nodes: Nodes = request.getfixturevalue("nodes")
    tls, endpoint = Tls(**nodes.tls(kind)), nodes.endpoint(kind)
    engine = open_engine("local", endpoint, tls, str(nodes.config))
    return DockerRig(engine, nodes.engines[kind].url)
