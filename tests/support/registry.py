"""A registry of images on this machine, for as long as a block."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from docker import APIClient
from docker.errors import ImageNotFound

from tests.support.engines import IMAGE

POSSIBLE: Final = shutil.which("docker-registry") is not None
_CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """Serve an empty registry; its address is what the names of its images begin with."""
    config = folder / "registry.yml"
    config.write_text(_CONFIG.format(folder=folder / "registry", port=port))
    log = folder / "registry.log"
    command = ["docker-registry", "serve", str(config)]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as server:
        try:
            _wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


@contextmanager
def only_there(client: APIClient, repository: str) -> Iterator[str]:
    """Put the test image into a registry by another name, which the engine does not know."""
    client.tag(IMAGE, repository, "1")
    client.push(repository, "1")
    client.remove_image(f"{repository}:1")
    try:
        yield f"{repository}:1"
    finally:
        with suppress(ImageNotFound):
            client.remove_image(f"{repository}:1")


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError("the registry does not come up")
