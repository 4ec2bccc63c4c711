"""People log in to an instance by ssh: with their own key, and in no other way."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.project import Json, Project
from tests.support.mpi import MPI_IMAGE, mpi_image

pytestmark = pytest.mark.docker

# A batch of one that is done once somebody has said so.
PROGRAM: Final = "sh -c 'until test -e /tmp/done; do sleep 0.2; done'"
USER: Final = "user"


@pytest.fixture(scope="module", autouse=True)
def _image() -> str:
    return mpi_image()


def key(path: Path) -> Path:
    """Make a pair of keys; return the file of the private one."""
    make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "somebody", "-f", str(path))
    subprocess.run(make, check=True)
    return path


def reachable(project: Project, keys: str, **spec: object) -> tuple[str, int]:
    """Run an instance that these public keys may log in to; return its host and port."""
    repository, _, tag = MPI_IMAGE.partition(":")
    constants = {"DOCKER_REPO": repository, "DOCKER_TAG": tag, "DOCKER_CMD": PROGRAM}
    declared: Json = {
        "apiVersion": "reconciler/v1",
        "kind": "Task",
        "metadata": {"name": "desk"},
        "spec": {
            "profile": "docker-network-ssh",
            "constants": constants | {"DOCKER_SSH": keys},
            "env": {"GREETING": 'good "day"'},
            **spec,
        },
    }
    project.declare(declared)
    project.apply()
    (port,) = project.status("desk")["instances"][0]["ports"]
    return str(port["host"]), int(port["port"])


def ssh(
    home: Path,
    where: tuple[str, int],
    identity: Path,
    *command: str,
    user: str = USER,
    **options: str,
) -> subprocess.CompletedProcess[str]:
    """Try to log in with a key and no other, as soon as sshd listens."""
    given = {
        "IdentityFile": str(identity), "IdentitiesOnly": "yes", "BatchMode": "yes",
        "UserKnownHostsFile": str(home / "known"), "StrictHostKeyChecking": "accept-new",
        "GlobalKnownHostsFile": "/dev/null", "ConnectTimeout": "10", **options,
    }  # fmt: skip
    words = [word for name, value in given.items() for word in ("-o", f"{name}={value}")]
    host, port = where
    call = ("ssh", "-F", "none", *words, "-p", str(port), f"{user}@{host}", *command)
    return subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)


def test_the_right_key_opens_and_nothing_else(project: Project, tmp_path: Path) -> None:
    right, wrong = key(tmp_path / "right"), key(tmp_path / "wrong")
    where = reachable(project, right.with_suffix(".pub").read_text())
    retried = {"ConnectionAttempts": "20"}
    done = ssh(tmp_path, where, right, "id -u; echo $GREETING $INSTANCE_ID; pwd", **retried)
    assert (done.returncode, done.stdout.split("\n")[:2]) == (0, ["1000", 'good "day" 0']), done
    refused = ssh(tmp_path, where, wrong, "true")
    assert (refused.returncode, "Permission denied (publickey)" in refused.stderr) == (255, True)
    passwords = {"PubkeyAuthentication": "no", "BatchMode": "no", "NumberOfPasswordPrompts": "1"}
    refused = ssh(tmp_path, where, right, "true", **passwords)
    assert (refused.returncode, "Permission denied (publickey)" in refused.stderr) == (255, True)
    assert ssh(tmp_path, where, right, "touch /tmp/done").returncode == 0
    project.apply("--wait")
    assert project.states("desk") == ["Succeeded"]


def test_sftp_scp_and_a_terminal_work(project: Project, tmp_path: Path) -> None:
    mine = key(tmp_path / "mine")
    where = reachable(project, mine.with_suffix(".pub").read_text())
    tty = ssh(tmp_path, where, mine, "-tt", "tty", ConnectionAttempts="20")
    assert tty.stdout.strip() == "/dev/pts/0", tty
    sent = tmp_path / "sent"
    sent.write_text("hello\n")
    common = ("-F", "none", "-i", str(mine), "-P", str(where[1]), "-o",
              f"UserKnownHostsFile={tmp_path / 'known'}")  # fmt: skip
    target = f"{USER}@{where[0]}:/tmp/got"
    subprocess.run(("scp", "-q", *common, str(sent), target), check=True, timeout=60)
    assert ssh(tmp_path, where, mine, "cat /tmp/got").stdout == "hello\n"


def test_root_logs_in_beside_a_read_only_root(project: Project, tmp_path: Path) -> None:
    mine = key(tmp_path / "mine")
    as_root = {
        "user": "0:0",
        "account": {"entries": False},
        "security": {
            "readOnlyRoot": True, "capabilities": {"add": ["SETUID", "SETGID", "SYS_CHROOT"]},
        },
    }  # fmt: skip
    public = mine.with_suffix(".pub").read_text()
    where = reachable(project, public, container=as_root)
    script = "touch /x 2>/dev/null || touch /tmp/x && id -u"
    done = ssh(tmp_path, where, mine, script, user="root", ConnectionAttempts="20")
    assert done.stdout == "0\n", done
    assert ssh(tmp_path, where, mine, "true", user="daemon").returncode == 255
