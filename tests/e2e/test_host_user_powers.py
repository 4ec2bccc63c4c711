"""docker-host-user on a real engine: what the image brings stays, and nobody gains anything."""

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from docker import APIClient
from docker.errors import NotFound

from tests.e2e.caller import ADA, UID, said, work
from tests.e2e.project import Json, Project
from tests.support.engines import IMAGE, SOCKET
from tests.support.images import Layer, add_layer, file_of

pytestmark = pytest.mark.docker


# --- what the image brings stays ---------------------------------------------------------------


class Images:
    """Images that a test makes, which go with it."""

    def __init__(self) -> None:
        self.client = APIClient(base_url=SOCKET, version="1.41", timeout=60)
        self._made: list[str] = []

    def make(self, name: str, *layers: Layer, **config: Any) -> Json:  # noqa: ANN401
        """Return the constants for the test image with files and a configuration of its own."""
        repository = f"{name}-image"
        self._made.append(add_layer(self.client, IMAGE, repository, layers, config))
        return {"DOCKER_REPO": repository, "DOCKER_TAG": "latest"}

    def close(self) -> None:
        for image in self._made:
            with suppress(NotFound):
                self.client.remove_image(image, force=True)  # its containers go next
        self.client.close()


@pytest.fixture
def images() -> Iterator[Images]:
    made = Images()
    try:
        yield made
    finally:
        made.close()


def test_the_images_own_entrypoint_is_kept(project: Project, images: Images) -> None:
    image = images.make(project.name, Entrypoint=["/bin/echo", "kept"], Cmd=["usual"])
    assert said(project, work(None, {**image, **ADA})) == "kept usual"


def test_an_entrypoint_gets_the_command(project: Project, images: Images) -> None:
    image = images.make(project.name, Entrypoint=["/bin/echo", "kept"], Cmd=["usual"])
    given = {**image, **ADA, "DOCKER_CMD": "given 'a b'"}
    assert said(project, work(None, given)) == "kept given a b"


def test_whom_the_image_knows_keeps_the_name(project: Project, images: Images) -> None:
    passwd = Layer("/etc/passwd", b"root:x:0:0::/root:/bin/sh\nada:x:1234:9::/srv:/bin/sh\n")
    image = images.make(project.name, passwd, Env=["HOME=/elsewhere"])
    who = {**image, **ADA, "DOCKER_HOME": "/home/here"}
    found = said(project, work("whoami; echo $HOME; wc -l < /etc/passwd", who))
    assert found.splitlines() == ["ada", "/home/here", "2"]


# --- privileges cannot be gained ---------------------------------------------------------------


def effective_user() -> bytes:
    """Return a program for x86-64 that exits with its effective user's lowest byte."""
    code = bytes.fromhex("b86b0000000f0589c7b83c0000000f05")  # geteuid; exit
    start = 0x400000
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01", 2, 62, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    size = 120 + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 0x1000)
    return header + segment + code


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the program is for x86-64")
@pytest.mark.parametrize(
    ("security", "code"),
    [({}, UID % 256), ({"noNewPrivileges": False}, 0)],
    ids=["as it is", "loosened"],
)
def test_a_setuid_program_stays_powerless(
    project: Project, images: Images, security: Json, code: int
) -> None:
    image = images.make(project.name, Layer("/suid", effective_user(), stat.S_ISUID | 0o755))
    task = work("/suid; echo $?", {**image, **ADA}, {"security": security})
    assert said(project, task) == str(code)


def test_su_gives_nothing(project: Project, images: Images) -> None:
    busybox = file_of(images.client, IMAGE, "/bin/busybox")
    image = images.make(project.name, Layer("/suid/su", busybox, stat.S_ISUID | 0o755))
    script = "echo | /suid/su -c 'id -u' root 2>/dev/null || echo refused; id -u"
    assert said(project, work(script, {**image, **ADA})).splitlines() == ["refused", "1234"]


def test_nothing_is_to_be_had_of_the_kernel(project: Project) -> None:
    script = "grep -E 'CapEff|CapPrm|CapBnd|NoNewPrivs' /proc/self/status"
    lines = said(project, work(script, ADA)).splitlines()
    assert len(lines) == 4
    found = {line.split()[-1].lstrip("0") for line in lines}
    assert found == {"", "1"}
