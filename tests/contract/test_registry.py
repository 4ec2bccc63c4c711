"""What a real engine makes of a real registry. Simulated ones only pretend to have one."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import ImageNotFound

from reconciler.engines.engine import ImageMissingError, TransientError
from tests.support.engines import IMAGE, DockerRig, make_request

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(
        shutil.which("docker-registry") is None, reason="needs Debian's docker-registry"
    ),
]

CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@pytest.fixture
def rig() -> Iterator[DockerRig]:
    made = DockerRig()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def registry(tmp_path: Path, port: int) -> Iterator[str]:
    config = tmp_path / "config.yml"
    config.write_text(CONFIG.format(folder=tmp_path, port=port))
    with subprocess.Popen(["docker-registry", "serve", config]) as server:
        try:
            wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture
def image(rig: DockerRig, registry: str) -> Iterator[str]:
    """An image that is in the registry and nowhere else."""
    repository = f"{registry}/{rig.project}/box"
    rig.client.tag(IMAGE, repository, "1")
    rig.client.push(repository, "1")
    rig.client.remove_image(f"{repository}:1")
    try:
        yield f"{repository}:1"
    finally:
        for container in rig.engine.list(rig.project):
            rig.client.remove_container(container.id, force=True)
        with suppress(ImageNotFound):
            rig.client.remove_image(f"{repository}:1")


def wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError("the registry does not come up")


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
