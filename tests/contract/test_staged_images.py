"""What images bring along that matters to what is put into their containers, on real engines."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from docker.errors import NotFound

from reconciler.engines.engine import PermanentError
from reconciler.model.staging import Account, StagedFile, Staging
from tests.support.engines import IMAGE, DockerRig, Held, make_request, real_engine
from tests.support.images import Layer, add_layer

pytestmark = pytest.mark.docker
NOTE = StagedFile(path="/job/list", content=b"one\n")
ACCOUNT = Staging(account=Account(entries=True, name="ada"))
PASSWD = Layer("/etc/passwd", b"root:x:0:0::/root:/bin/sh\nlab:x:1500:1600::/srv:/bin/sh\n")


class ImageRig(DockerRig):
    """A rig with an image of its own."""

    made = ""

    def image(self, *layers: Layer, **config: Any) -> str:  # noqa: ANN401
        name = f"{self.project}-image"
        self.made = add_layer(self.client, IMAGE, name, layers, config)
        return f"{name}:latest"

    def container(self, image: str, instance: int = 0, **spec: Any) -> str:  # noqa: ANN401
        request = make_request(self.project, "task", instance, image=image, **spec)
        self.engine.create(request)
        return request.name

    def close(self) -> None:
        with suppress(NotFound):
            if self.made:
                self.client.remove_image(self.made, force=True)
        super().close()


@pytest.fixture
def rig() -> Iterator[ImageRig]:
    made = ImageRig()
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize(
    ("user", "owner"),
    [("lab", (1500, 1600)), ("1500", (1500, 1600)), ("1500:7", (1500, 7)), ("", (0, 0))],
)
def test_the_images_own_user_gets_the_files(
    rig: ImageRig, user: str, owner: tuple[int, int]
) -> None:
    name = rig.container(rig.image(PASSWD, User=user))
    rig.engine.stage(name, Staging(files=(NOTE,)))
    assert rig.held(name, NOTE.path) == Held(*owner, 0o644, b"one\n")


def test_the_images_own_user_keeps_its_name(rig: ImageRig) -> None:
    name = rig.container(rig.image(PASSWD, User="lab"))
    rig.engine.stage(name, ACCOUNT)
    assert rig.held(name, "/etc/passwd") == Held(0, 0, 0o644, PASSWD.content)
    assert rig.held(name, "/home/ada") == Held(1500, 1600, 0o700, None)


def test_a_register_that_is_a_link_is_read_where_it_leads(rig: ImageRig) -> None:
    name = rig.container(rig.image(Layer("/usr/known", PASSWD.content)), user="1234:2345")
    link(rig, name, "/etc/passwd", "../usr/known")
    rig.engine.stage(name, ACCOUNT)
    held = rig.held(name, "/etc/passwd")
    assert held is not None
    assert held.content == PASSWD.content + b"ada:x:1234:2345:ada:/home/ada:/bin/sh\n"


def test_a_link_that_leads_nowhere_is_no_register(rig: ImageRig) -> None:
    name = rig.container(IMAGE, user="1234:2345")
    link(rig, name, "/etc/passwd", "/no/such/file")
    rig.engine.stage(name, ACCOUNT)
    held = rig.held(name, "/etc/passwd")
    assert held is not None
    assert held.content == b"ada:x:1234:2345:ada:/home/ada:/bin/sh\n"


def test_a_register_beyond_measure_is_refused(rig: ImageRig) -> None:
    huge = Layer("/etc/passwd", b"x" * (2**20 + 1))
    name = rig.container(rig.image(huge), user="1234:2345")
    with pytest.raises(PermanentError, match="/etc/passwd of the image has more than 1048576"):
        rig.engine.stage(name, ACCOUNT)


def test_what_one_container_was_told_no_other_one_knows(rig: ImageRig) -> None:
    image = rig.image(PASSWD)
    first = rig.container(image, user="1234:2345")
    rig.engine.stage(first, ACCOUNT)
    with closing(real_engine()) as later:  # knows nothing of the image yet
        later.stage(first, ACCOUNT)
        second = rig.container(image, user="1111:2222", instance=1)
        later.stage(second, Staging(account=Account(entries=True, name="bob")))
    held = rig.held(second, "/etc/passwd")
    assert held is not None
    assert held.content == PASSWD.content + b"bob:x:1111:2222:bob:/home/bob:/bin/sh\n"


def test_a_home_that_the_image_has_is_left_as_it_is(rig: ImageRig) -> None:
    name = rig.container(rig.image(Layer("/home/ada/mine", b"")), user="1234:2345")
    rig.engine.stage(name, ACCOUNT)
    home = rig.held(name, "/home/ada")
    assert home is not None
    assert home[:2] == (0, 0)


def link(rig: ImageRig, name: str, path: str, target: str) -> None:
    """Put a link into a container."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        header = tarfile.TarInfo(path.lstrip("/"))
        header.type, header.linkname = tarfile.SYMTYPE, target
        archive.addfile(header)
    rig.client.put_archive(name, "/", packed.getvalue())
