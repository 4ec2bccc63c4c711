"""A registry that wants to know who asks: by Docker's configuration, a helper, or a given login."""

import base64
import json
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import ImageNotFound

from reconciler.engines.engine import EngineError, ImageMissingError, Login, TransientError
from tests.support.engines import DockerRig
from tests.support.registry import PASSWORD, POSSIBLE, USER, free_port, push, serving

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not POSSIBLE, reason="needs Debian's docker-registry"),
    # pytest takes back the filter that the module itself sets.
    pytest.mark.filterwarnings("ignore:docker-credential-:UserWarning"),
]
HELPER = """\
#!/bin/sh
read server
case "$1:$server" in
get:127.0.0.1:*) echo '{"ServerURL": "'$server'", "Username": "%s", "Secret": "%s"}' ;;
*) echo "credentials not found in native keychain"; exit 1 ;;
esac
"""


@pytest.fixture
def rig() -> Iterator[DockerRig]:
    made = DockerRig()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def image(rig: DockerRig, tmp_path: Path) -> Iterator[str]:
    """An image of a closed registry, which the engine does not have."""
    with serving(tmp_path, free_port(), closed=True) as address:
        name = f"{address}/{rig.project}/box:1"
        push(rig.client, name)
        yield name
        with suppress(ImageNotFound):
            rig.client.remove_image(name, noprune=True)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder / "config.json"


def server(image: str) -> str:
    return image.partition("/")[0]


def auth(password: str) -> str:
    return base64.b64encode(f"{USER}:{password}".encode()).decode()


def refused(rig: DockerRig, image: str, login: Login | None = None) -> str:
    with pytest.raises(EngineError) as error:
        rig.engine.pull(image, None, login)
    assert PASSWORD not in str(error.value)
    return str(error.value)


def test_without_a_login_there_is_no_access(rig: DockerRig, image: str, config: Path) -> None:
    with pytest.raises(ImageMissingError, match="there is no such image, or no access to it"):
        rig.engine.pull(image)
    assert not config.exists()


def test_a_login_of_dockers_counts_from_the_moment_that_it_is_there(
    rig: DockerRig, image: str, config: Path
) -> None:
    refused(rig, image)
    config.write_text(json.dumps({"auths": {server(image): {"auth": auth(PASSWORD)}}}))
    rig.engine.pull(image)
    assert rig.engine.resolve(image) is not None


def test_a_helper_is_asked(
    rig: DockerRig, image: str, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = config.parent / "docker-credential-test"
    program.write_text(HELPER % (USER, PASSWORD))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(config.parent), prepend=":")
    config.write_text(json.dumps({"credHelpers": {server(image): "test"}}))
    rig.engine.pull(image)
    assert rig.engine.resolve(image) is not None
    config.write_text(json.dumps({"credsStore": "test"}))
    rig.engine.pull(image)


def test_a_helper_that_is_not_there_is_told_of(rig: DockerRig, image: str, config: Path) -> None:
    config.write_text(json.dumps({"credHelpers": {server(image): "nobody"}}))
    with pytest.raises(TransientError, match=r"from Docker's configuration: .*nobody"):
        rig.engine.pull(image)


def test_a_given_login_goes_before_dockers(rig: DockerRig, image: str, config: Path) -> None:
    config.write_text(json.dumps({"auths": {server(image): {"auth": auth("wrong")}}}))
    assert "no access to it" in refused(rig, image)
    rig.engine.pull(image, None, Login(USER, PASSWORD))
    assert rig.engine.resolve(image) is not None


def test_a_wrong_password_is_refused_and_shown_nowhere(rig: DockerRig, image: str) -> None:
    wrong = Login(USER, "planted-secret")
    said = refused(rig, image, wrong)
    assert "there is no such image, or no access to it" in said
    assert "planted-secret" not in said + repr(wrong)
