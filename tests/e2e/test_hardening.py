"""What a real engine says of each standard profile's container: hardened, or with a reason why not.

`UPDATE_GOLDEN=1 pytest tests/e2e/test_hardening.py` writes the table of docs/hardening.md anew.
"""

import os
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from reconciler.manifests.shipped import profile_names
from tests.e2e.project import Project
from tests.support.benchmark_points import POINTS
from tests.support.docker import Json
from tests.support.mpi import MPI_IMAGE, mpi_image
from tests.support.process import ROOT, eventually

pytestmark = pytest.mark.docker

PAGE: Final = ROOT / "docs" / "hardening.md"
PROFILES: Final = profile_names()
BUSYBOX: Final = {"DOCKER_REPO": "busybox", "DOCKER_TAG": "stable", "DOCKER_CMD": "sleep 600"}
# What a profile's container is made with besides, to be a running one.
MPI: Final = {"DOCKER_REPO": MPI_IMAGE.partition(":")[0], "DOCKER_TAG": MPI_IMAGE.partition(":")[2]}
KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
GIVEN: Final = {
    "docker-cluster-network-ssh": MPI,
    "docker-network-ssh": MPI | {"DOCKER_SSH": KEY},
}
# Points that these profiles, or all, may miss. The page tells why, in a line that begins with it.
EXCEPTIONS: Final = {
    "5.7": "docker-cluster-network-ssh docker-network-ssh",
    "5.10": "docker-host-user",
    "5.11": "",
    "5.12": "",
    "5.13": "",
    "5.14": "docker-network-ssh",
    "5.30": "docker-network docker-service docker-host-user docker-network-ssh",
    "5.31": "docker-host-user",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Json]]:
    """Return what the engine says of a running container, by profile."""
    mpi_image()
    project = Project(tmp_path_factory.mktemp("hardening"))
    try:
        for profile in PROFILES:
            given = BUSYBOX | GIVEN.get(profile, {})
            project.declare(_task(profile, constants=given))
        project.apply()
        yield {profile: _running(project, profile) for profile in PROFILES}
    finally:
        project.close()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_hardened(told: dict[str, Json], profile: str) -> None:
    host = told[profile]["HostConfig"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]  # so the filter is the engine's
    assert (host["CapDrop"], host["CapAdd"] or []) == (["ALL"], [])
    assert host["PidsLimit"] == 512
    assert host["RestartPolicy"]["Name"] == "no"
    assert (host["Privileged"], host["PidMode"], host["UTSMode"]) == (False, "", "")
    assert host["IpcMode"] == "private"
    inside = told[profile]["Inside"]
    assert {inside[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {"0" * 16}
    assert (inside["NoNewPrivs"], inside["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_exception_has_its_reason(told: dict[str, Json], profile: str) -> None:
    missed = {point.number for point in POINTS if not point.held_by(told[profile])}
    assert missed <= {number for number in EXCEPTIONS if _excepted(number, profile)}
    assert missed <= set(re.findall(r"(?m)^- (5\.\d+): .{20}", PAGE.read_text("utf-8")))


def test_the_table_is_what_containers_are(told: dict[str, Json]) -> None:
    page = PAGE.read_text("utf-8")
    written = re.sub(
        r"(?s)(<!-- table -->\n).*(<!-- end -->)", lambda m: m[1] + _table(told) + m[2], page
    )
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(written, "utf-8")
        return
    assert page == written


def test_a_memory_limit_is_one_without_swap(project: Project) -> None:
    project.declare(_task("docker-batch", container={"resources": {"memory": "64Mi"}}))
    project.apply()
    host = _running(project, "docker-batch")["HostConfig"]
    assert host["Memory"] == 64 * 2**20
    assert host["MemorySwap"] in {64 * 2**20, -1}  # -1: this kernel does not account for swap


def test_a_read_only_root_is_one_field(project: Project) -> None:
    script = "for path in /tmp /var/tmp / /etc; do touch $path/x && echo $path; done; true"
    task = _task("docker-batch", constants=BUSYBOX | {"DOCKER_USER": "1000:1000"})
    task["spec"]["container"] = {
        "command": ["sh", "-c", script], "security": {"readOnlyRoot": True},
    }  # fmt: skip
    project.declare(task)
    project.apply("--wait")
    said = project.engine.logs(project.engine.name("docker-batch")).splitlines()
    assert [line for line in said if line.startswith("/")] == ["/tmp", "/var/tmp"]


def test_describe_shows_what_the_engine_was_told(project: Project) -> None:
    loosened = {"readOnlyRoot": True, "capabilities": {"add": ["CHOWN"]}}
    project.declare(_task("docker-batch", container={"security": loosened}))
    project.apply()
    project.engine.await_running(project.engine.name("docker-batch"))
    told = project.reconciler_json("describe", "docker-batch/0")["container"]["confinement"]
    asked = project.reconciler_json("describe", "docker-batch")["confinement"]
    assert told == asked
    assert told["capabilities"] == ["CHOWN"]
    assert told["inMemory"] == ["/run", "/tmp", "/var/tmp"]
    assert (told["noNewPrivileges"], told["memory"], told["network"]) == (True, "unlimited", "none")


def _task(profile: str, **spec: Any) -> Json:  # noqa: ANN401
    """Return a task of this profile, called like it."""
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Task",
        "metadata": {"name": profile},
        "spec": {"profile": profile, "constants": BUSYBOX, **spec},
    }


def _running(project: Project, task: str) -> Json:
    name = project.engine.name(task)
    project.engine.await_running(name)
    found = project.engine.inspect(name)
    assert found is not None
    return found | {"Inside": _inside(project, name)}


def _inside(project: Project, name: str) -> dict[str, str]:
    """Return what the kernel says of a container's program."""
    client = project.engine.client
    made = client.exec_create(name, ["cat", "/proc/1/status"])["Id"]
    said: bytes = eventually(lambda: client.exec_start(made), "a look inside")
    return {key: value.strip() for key, _, value in map(_field, said.decode().splitlines())}


def _field(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _excepted(number: str, profile: str) -> bool:
    return not EXCEPTIONS[number] or profile in EXCEPTIONS[number].split()


def _table(told: dict[str, Json]) -> str:
    """Return the table of all points and profiles."""
    lines = [f"| | | {' | '.join(PROFILES)} |", f"|---|---|{'---|' * len(PROFILES)}"]
    for point in POINTS:
        held = [point.held_by(told[profile]) for profile in PROFILES]
        cells = " | ".join("yes" if one else "no" for one in held)
        lines.append(f"| {point.number} | {point.asks} | {cells} |")
    return "\n".join([*lines, ""])
