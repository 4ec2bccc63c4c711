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
http: {{addr: "{host}:{port}"}}
"""
_AUTH = """\
auth: {{htpasswd: {{realm: test, path: {file}}}}}
"""
USER, PASSWORD = "ada", "correct-horse-battery"
# The password as bcrypt has it.
_KNOWN = "$2y$05$abcdefghijklmnopqrstuuSnF5tLPqPFqc0z9CY0HcSLFbSRlL67u"


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@contextmanager
def serving(
    folder: Path, port: int, *, closed: bool = False, host: str = "127.0.0.1"
) -> Iterator[str]:
    """Serve what a folder has; its address is what the names of its images begin with.

    A `closed` one is for USER with PASSWORD alone.
    """
    config = folder / "registry.yml"
    said = _CONFIG.format(folder=folder / "registry", host=host, port=port)
    if closed:
        (folder / "htpasswd").write_text(f"{USER}:{_KNOWN}\n")
        said += _AUTH.format(file=folder / "htpasswd")
    config.write_text(said)
    log = folder / "registry.log"
    command = ["docker-registry", "serve", str(config)]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as server:
        try:
            _wait_for(host, port)
            yield f"{host}:{port}"
        finally:
            server.terminate()


def push(client: APIClient, image: str, source: str = IMAGE) -> str:
    """Put an image into a registry as its USER; return its digest. The engine forgets the name."""
    repository, _, tag = image.rpartition(":")
    client.tag(source, repository, tag)
    login = {"username": USER, "password": PASSWORD}
    told = list(client.push(repository, tag, auth_config=login, stream=True, decode=True))
    assert not any("error" in line for line in told), told
    client.remove_image(image, noprune=True)
    digest: str = next(line["aux"]["Digest"] for line in told if "aux" in line)
    return digest


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


def _wait_for(host: str, port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError("the registry does not come up")
