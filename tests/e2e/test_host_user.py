"""docker-host-user on a real engine: one is in a container whom one is outside, and no more."""

import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from docker import APIClient
from docker.errors import NotFound

from tests.e2e.project import Json, Project
from tests.support.engines import IMAGE, SOCKET
from tests.support.images import Layer, add_layer, file_of
from tests.support.private_engine import POSSIBLE, PrivateEngine

pytestmark = pytest.mark.docker

UID: Final = 1234
GID: Final = 2345
FURTHER: Final = (3456, 4567)
# Somebody who brings no folder.
ADA: Final = {"DOCKER_USER": f"{UID}:{GID}", "DOCKER_WORKDIR": ""}
ROOT: Final = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def as_caller(url: str) -> tuple[str, ...]:
    """Return what runs a program as the caller, who may use the engine."""
    groups = {*FURTHER, Path(url.removeprefix("unix://")).stat().st_gid}
    return (
        *("setpriv", "--reuid", str(UID), "--regid", str(GID)),
        *("--groups", ",".join(map(str, sorted(groups)))),
    )


def own_project(url: str = SOCKET) -> Project:
    """Return a project of the caller's, run as the caller."""
    home = Path(tempfile.mkdtemp(prefix="caller-"))  # pytest's folder is root's alone
    project = Project(home, url)
    project.reconciler.before = as_caller(url)
    project.reconciler.env |= {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME")}
    for path in [home, *home.rglob("*")]:
        os.chown(path, UID, GID)
    return project


@pytest.fixture
def caller() -> Iterator[Project]:
    project = own_project()
    probe = (*project.reconciler.before, sys.executable, "-c", "import reconciler")
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this Python is closed to other users")
    try:
        yield project
    finally:
        project.close()
        shutil.rmtree(project.home)


def work(script: str | None, constants: Json | None = None, container: Json | None = None) -> Json:
    """Return a task of the profile that runs a shell script, or what its image runs."""
    command = {} if script is None else {"command": ["sh", "-c", script]}
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Task",
        "metadata": {"name": "work"},
        "spec": {
            "profile": "docker-host-user",
            "constants": {"DOCKER_REPO": "busybox", "DOCKER_TAG": "stable", **(constants or {})},
            "container": {**command, **(container or {})},
        },
    }


def said(project: Project, task: Json) -> str:
    """Run a task to its end and return what it printed."""
    project.declare(task)
    project.apply("--wait")
    return project.engine.logs(project.engine.name("work")).strip()


# --- as whom, and where ------------------------------------------------------------------------


@ROOT
def test_what_it_makes_in_the_folder_belongs_to_the_caller(caller: Project) -> None:
    said(caller, work("echo hello > made; mkdir folder; touch folder/inner"))
    made = [caller.source / name for name in ("made", "folder", "folder/inner")]
    assert [(p.stat().st_uid, p.stat().st_gid) for p in made] == [(UID, GID)] * 3
    assert made[0].read_text() == "hello\n"


@ROOT
def test_it_is_the_caller_with_the_callers_groups(caller: Project) -> None:
    engines = Path(SOCKET.removeprefix("unix://")).stat().st_gid
    uid, gid, groups = said(caller, work("id -u; id -g; id -G")).splitlines()
    assert (int(uid), int(gid)) == (UID, GID)
    assert {*map(int, groups.split())} == {GID, *FURTHER, engines}


def test_a_manifest_may_say_who_it_is(project: Project) -> None:
    who = {**ADA, "DOCKER_GROUPS": "77,88"}
    found = said(project, work("id -u; id -g; id -G", who))
    assert found.splitlines() == ["1234", "2345", "2345 77 88"]


def test_user_and_groups_have_names_and_a_home(project: Project) -> None:
    who = {"DOCKER_GROUPS": "77", "DOCKER_NAME": "ada", "DOCKER_HOME": "/home/lab/ada"}
    script = (
        "whoami; id -Gn; echo $HOME $USER $LOGNAME; stat -c '%u:%g %a' $HOME;"
        " touch ~/made && echo made; grep -c ^root: /etc/passwd"
    )
    found = said(project, work(script, {**ADA, **who}))
    assert found.splitlines() == [
        "ada",
        "ada group77",
        "/home/lab/ada ada ada",
        "1234:2345 700",
        "made",
        "1",
    ]


@ROOT
def test_it_starts_in_the_callers_folder(caller: Project) -> None:
    found = said(caller, work("pwd; ls reconciler.yaml"))
    assert found.splitlines() == ["/docker_pwd", "reconciler.yaml"]


@ROOT
def test_the_callers_files_are_the_callers_alone(caller: Project) -> None:
    secret = caller.source / "secret"
    secret.write_text("mine\n")
    secret.chmod(0o600)
    os.chown(secret, UID, GID)
    others = caller.source / "others"
    others.write_text("not mine\n")
    others.chmod(0o600)
    found = said(caller, work("cat secret; cat others 2>/dev/null || echo refused"))
    assert found.splitlines() == ["mine", "refused"]


@ROOT
def test_one_line_does_it_too(caller: Project) -> None:
    chosen = ("--state", str(caller.state), "--image", IMAGE)
    script = "id -u; whoami; pwd; echo hello > made"
    done = caller.reconciler(
        "up", "--as-me", *chosen, "--", "sh", "-c", script, stateless=True
    ).ends(0)
    assert done.out.splitlines() == [str(UID), "user", "/docker_pwd"]
    assert (caller.source / "made").stat().st_uid == UID


# --- each part can be switched off -------------------------------------------------------------


def test_without_entries_the_numbers_have_no_name(project: Project) -> None:
    who = {**ADA, "DOCKER_GROUPS": "77", "DOCKER_ENTRIES": False}
    script = "id -u; id -G; whoami 2>/dev/null || echo nobody; ls /home; echo $HOME"
    found = said(project, work(script, who))
    assert found.splitlines() == ["1234", "2345 77", "nobody", "/"]


def test_without_the_folder_it_starts_where_its_image_says(project: Project) -> None:
    found = said(project, work("pwd; ls -d /docker_pwd 2>/dev/null || echo none; id -u", ADA))
    assert found.splitlines() == ["/", "none", "1234"]
    container = project.engine.inspect(project.engine.name("work"))
    assert container is not None
    assert container["Mounts"] == []


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


# --- networks ----------------------------------------------------------------------------------


def networks(project: Project, network: str) -> list[str]:
    """Return what two instances show of their networks: the namespace of each, its interfaces."""
    who = {**ADA, "DOCKER_NETWORK": network}
    task = work("readlink /proc/self/ns/net; ls /sys/class/net", who)
    task["spec"]["instances"] = 2
    said(project, task)
    return [project.engine.logs(project.engine.name("work", n)) for n in range(2)]


def test_no_network_is_none(project: Project) -> None:
    first, second = networks(project, "none")
    assert first.split()[1:] == ["lo"]
    assert first.split()[0] != second.split()[0]


def test_the_bridge_is_the_usual_network(project: Project) -> None:
    first, second = networks(project, "bridge")
    assert {"lo", "eth0"} <= {*first.split()[1:]}
    assert first.split()[0] != second.split()[0]


def test_the_network_of_the_node_is_the_nodes(project: Project) -> None:
    first, second = networks(project, "host")
    assert first == second
    assert "lo" in first.split()
    container = project.engine.inspect(project.engine.name("work"))
    assert container is not None
    assert container["HostConfig"]["NetworkMode"] == "host"


# --- an engine that maps users -----------------------------------------------------------------


@pytest.fixture
def mapping() -> Iterator[PrivateEngine]:
    """An engine that takes users of containers for others: from 200000 on."""
    ranges = "mount --bind {0} /etc/subuid && mount --bind {0} /etc/subgid"
    folder = Path(tempfile.mkdtemp(prefix="ranges-"))
    (folder / "ids").write_text("nobody:200000:65536\nnogroup:200000:65536\n")
    lead = ("unshare", "--net", "--mount", "sh", "-c",
            f'{ranges.format(folder / "ids")} && exec "$@"', "sh")  # fmt: skip
    engine = PrivateEngine("--userns-remap=nobody:nogroup", inside=lead)
    try:
        engine.start()
        yield engine
    finally:
        engine.close()
        shutil.rmtree(folder)


@pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd and unshare")
@pytest.mark.parametrize("users", ["host", "default"])
def test_where_an_engine_maps_users_the_nodes_own_can_be_had(
    mapping: PrivateEngine, users: str
) -> None:
    project = own_project(mapping.url)
    project.reconciler.before = ()
    try:
        script = "touch made 2>/dev/null || echo refused; id -u; whoami; touch ~/x && echo home"
        who = {"DOCKER_USER": f"{UID}:{GID}", "DOCKER_USERNS": users, "DOCKER_NETWORK": "none"}
        found = said(project, work(script, who)).splitlines()
        made = project.source / "made"
        if users == "host":
            assert found == [str(UID), "user", "home"]
            assert (made.stat().st_uid, made.stat().st_gid) == (UID, GID)
        else:
            assert found == ["refused", str(UID), "user", "home"]
    finally:
        project.close()
        shutil.rmtree(project.home)
