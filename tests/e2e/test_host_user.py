"""docker-host-user on a real engine: one is in a container whom one is outside."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.caller import ADA, FURTHER, GID, ROOT, UID, own_project, said, work
from tests.e2e.project import Project
from tests.support.engines import IMAGE, SOCKET
from tests.support.private_engine import POSSIBLE, PrivateEngine

pytestmark = pytest.mark.docker


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
