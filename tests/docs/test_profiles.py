"""What docs/profiles.md shows is so: its manifests, and the constants that it explains."""

import re

from msgspec.structs import replace

from reconciler import manifests
from reconciler.model.caller import Caller
from reconciler.model.policy import FOLDER
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "profiles.md").read_text("utf-8")
ADA = Caller(uid=1234, gid=2345, name="ada", home="/home/ada", folder="/work")


def section(name: str) -> str:
    """Return what the page says of a profile."""
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_its_manifests_are_valid() -> None:
    policy = replace(FOLDER, caller=ADA)
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        catalog = manifests.load(
            {"a.yaml": text.encode()}, project="demo", revision="f-1", policy=policy
        )
        assert catalog.problems == ()


def test_it_explains_the_constants_of_docker_host_user() -> None:
    (profile,) = [one for one in manifests.profiles() if one.name == "docker-host-user"]
    said = section("docker-host-user")
    table = said[said.index("| constant |") : said.index("`DOCKER_REPO`, `DOCKER_TAG`")]
    told = set(re.findall(r"`(DOCKER_\w+)`", table))
    usual = {"DOCKER_SRV", "DOCKER_REPO", "DOCKER_TAG", "DOCKER_CMD", "DOCKER_HOST"}
    usual |= {"DOCKER_REGISTRY_LOGIN", "DOCKER_REGISTRY_PASSWORD"}
    assert told | usual | {"RESOURCES_PATH"} == profile.constants.keys()
