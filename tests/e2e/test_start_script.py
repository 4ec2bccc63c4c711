"""How containers with ssh begin, whoever made them: by hand here, on a real engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.engines import IMAGE
from tests.support.mpi import JOB, mpi_image
from tests.support.process import eventually

pytestmark = pytest.mark.docker

PEER = "$(sed -n '2s/.* //p' /run/reconciler/peers)"
OF_ROOT = ["SETUID", "SETGID", "SYS_CHROOT"]
ODD = {
    "QUOTES": "a \"b\" 'c' `d` $e",
    "SLASHES": r"C:\new\\x\"'\ ",
    "LAST": "ends in \\",
    "SPACES": "  two  ",
    "EMPTY": "",
    "HASH": "# none",
    "FOREIGN": "äö€",
}


@pytest.fixture(scope="module", autouse=True)
def _image() -> None:
    mpi_image()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"read_only": True},
        {"user": 0, "cap_add": OF_ROOT},
        {"user": 0, "cap_add": OF_ROOT, "read_only": True, "tmpfs": {"/tmp": "", "/run": ""}},
    ],
    ids=["user", "user, read-only", "root", "root, read-only"],
)
def test_all_begin_and_the_master_runs_on_all(cluster: Cluster, how: dict[str, Any]) -> None:
    cluster.make(3, "mpirun", "python3", f"{JOB}/ring.py", **how)
    cluster.start()
    code, said = cluster.ends()
    assert code == 0, said
    assert "ring of 3: 3" in said.splitlines()


def test_sessions_have_the_containers_variables(cluster: Cluster) -> None:
    env = ODD | {"LINES": "one\ntwo"}
    cluster.make(2, "sh", "-c", f"ssh {PEER} env -0", env=env)
    cluster.start()
    code, said = cluster.ends()
    seen = dict(line.partition("=")[::2] for line in said.split("\0"))
    assert code == 0, said
    assert {name: seen.get(name) for name in env} == ODD | {"LINES": None}
    assert seen["CLUSTER_RANK"] == "1"


@pytest.mark.parametrize(
    ("code", "message", "how"),
    [
        (115, "the image has no sshd", {"image": IMAGE}),
        (117, "user 1234 has no entry in /etc/passwd", {"user": 1234}),
        (117, "its shell is /usr/sbin/nologin", {"user": 1001}),
        (117, "sshd needs SETUID, SETGID and SYS_CHROOT", {"user": 0, "cap_add": OF_ROOT[1:]}),
    ],
)
def test_what_is_missing_is_said(
    cluster: Cluster, code: int, message: str, how: dict[str, Any]
) -> None:
    cluster.make(1, "true", **how)
    cluster.start()
    ended, said = cluster.ends()
    assert (ended, message in said) == (code, True), said


def test_who_is_missing_is_said(cluster: Cluster) -> None:
    cluster.make(3, "true", env={"CLUSTER_PATIENCE": "2"})
    cluster.start(1, 0)
    code, said = cluster.ends()
    last = said.splitlines()[-1]
    assert (code, last) == (119, f"reconciler: not reached by ssh within 2 s: {cluster.name}-2")
    assert f"{cluster.name}-2: Name or service not known" in said


def test_the_master_begins_when_the_last_one_is_there(cluster: Cluster) -> None:
    cluster.make(3, "echo", "begun")
    cluster.start(1, 0)
    eventually(lambda: "sshd" in _processes(cluster), "sshd to run beside the script")
    assert cluster.said() == ""
    cluster.start(2)
    assert cluster.ends() == (0, "begun\n")


@pytest.mark.parametrize("init", [True, False])
def test_signals_reach_the_program(cluster: Cluster, init: bool) -> None:
    waits = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done"
    cluster.make(1, "sh", "-c", waits, init=init)
    cluster.start()
    eventually(lambda: cluster.said() == "ready\n", "the program to run")
    assert cluster.stop() == 7


@pytest.mark.parametrize("init", [True, False])
def test_who_waits_is_stopped_at_once(cluster: Cluster, init: bool) -> None:
    cluster.make(2, "true", init=init)
    cluster.start(0)
    eventually(lambda: "sshd" in _processes(cluster), "sshd to run beside the script")
    assert cluster.stop() == 143


def test_sessions_are_whole(cluster: Cluster) -> None:
    script = (
        f"peer={PEER}; ssh $peer hostname; ssh -tt $peer tty; echo 1 >/tmp/x;"
        "scp -q /tmp/x $peer:/tmp/y; ssh $peer cat /tmp/y; echo put /tmp/x | sftp -q -b - $peer;"
        "ssh $peer exit 5; echo $?; ssh -o PubkeyAuthentication=no $peer true"
    )
    cluster.make(2, "sh", "-c", script)
    cluster.start()
    code, said = cluster.ends()
    lines = [line for line in said.splitlines() if not line.startswith("sftp>")]
    assert lines[:4] == [f"{cluster.name}-1", "/dev/pts/0", "1", "5"], said
    assert "Permission denied (publickey)" in lines[4]
    assert code == 255


def _processes(cluster: Cluster) -> str:
    return str(cluster.client.top(cluster.peers[0].name)["Processes"])
