from collections.abc import Iterator

import pytest

from tests.support.engines import DockerRig, Rig, SimulatedRig

KINDS = [
    pytest.param(SimulatedRig, id="simulated"),
    pytest.param(DockerRig, id="docker", marks=pytest.mark.docker),
]


@pytest.fixture(params=KINDS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made: Rig = request.param()
    try:
        yield made
    finally:
        made.close()
