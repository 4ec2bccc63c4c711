"""What a real engine makes of a real registry. Simulated ones only pretend to have one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engines.engine import ImageMissingError, TransientError
from tests.support.engines import DockerRig, make_request
from tests.support.registry import POSSIBLE, free_port, only_there, serving

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not POSSIBLE, reason="needs Debian's docker-registry"),
]


@pytest.fixture
def rig() -> Iterator[DockerRig]:
    made = DockerRig()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def registry(tmp_path: Path, port: int) -> Iterator[str]:
    with serving(tmp_path, port) as address:
        yield address


@pytest.fixture
def image(rig: DockerRig, registry: str) -> Iterator[str]:
    """An image that is in the registry and nowhere else."""
    with only_there(rig.client, f"{registry}/{rig.project}/box") as name:
        yield name
        for container in rig.engine.list(rig.project):
            rig.client.remove_container(container.id, force=True)


def test_a_pulled_image_is_pinned_to_its_digest(rig: DockerRig, image: str) -> None:
    assert rig.engine.resolve(image) is None
    told: list[str] = []
    rig.engine.pull(image, told.append)
    assert any("Pulling from" in line for line in told)
    resolved = rig.engine.resolve(image)
    assert resolved is not None
    assert resolved.startswith(f"{image}@sha256:")
    assert rig.engine.resolve(resolved) == resolved
    rig.engine.start(rig.engine.create(make_request(rig.project, "task", image=resolved)))


def test_a_digest_can_be_pulled(rig: DockerRig, image: str) -> None:
    rig.engine.pull(image)
    pinned = rig.engine.resolve(image)
    assert pinned is not None
    rig.client.remove_image(image)
    assert rig.engine.resolve(pinned) is None
    rig.engine.pull(pinned)
    assert rig.engine.resolve(pinned) == pinned
    rig.client.remove_image(pinned)


def test_what_the_registry_lacks_is_missing(rig: DockerRig, image: str) -> None:
    for other in (f"{image}-other", image.replace("/box", "/other")):
        with pytest.raises(ImageMissingError, match="could not pull"):
            rig.engine.pull(other)


def test_a_registry_that_is_away_is_asked_again_later(rig: DockerRig, port: int) -> None:
    with pytest.raises(TransientError, match="the registry could not be asked"):
        rig.engine.pull(f"127.0.0.1:{port}/box:1")
