"""People in instances by ssh: with the right key, and with no other."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.mpi import MPI_IMAGE, mpi_image
from tests.support.process import COMMAND, Done, eventually
from tests.support.terminal import Terminal

pytestmark = pytest.mark.docker
QUIET = ("-o", "LogLevel=ERROR", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes")


def key(path: Path) -> str:
    """Make a key pair and return its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path.with_name(f"{path.name}.pub").read_text().strip()


def desk(public: str, **spec: object) -> Json:
    """Return a task that people log into."""
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Task",
        "metadata": {"name": "desk"},
        "spec": {
            "profile": "docker-network-ssh",
            "constants": {"DOCKER_SSH": public},
            "container": {"image": MPI_IMAGE},
            **spec,
        },
    }


@pytest.fixture
def entered(project: Project) -> Project:
    mpi_image()
    project.declare(desk(key(project.home / "right"), instances=2), task("other"))
    project.apply()
    eventually(lambda: ssh(project, "desk/1", "--", "true").code == 0, "sshd to let people in")
    return project


def ssh(project: Project, *words: str, identity: str = "right") -> Done:
    chosen = (words[0], "-i", str(project.home / identity), *QUIET, *words[1:])
    return project.reconciler.with_program("ssh", *chosen).wait()


def test_the_right_key_lets_in_and_the_exit_code_is_passed_on(entered: Project) -> None:
    told = ssh(entered, "desk/1", "--", "sh", "-c", 'echo "$0|$INSTANCE_ID"; id -u; exit 7', "a  b")
    assert told.ends(7).out == "a  b|1\n1000\n"


def test_who_is_not_let_in(entered: Project) -> None:
    key(entered.home / "wrong")
    assert "Permission denied" in ssh(entered, "desk/0", identity="wrong").ends(255).err
    passwords = ("-o", "PubkeyAuthentication=no", "-o", "BatchMode=yes")
    assert "Permission denied" in ssh(entered, "desk/0", *passwords).ends(255).err


def test_another_host_key_is_not_believed(entered: Project) -> None:
    (entered.state / "shell.key").write_bytes(b"x" * 32)
    assert "verification failed" in ssh(entered, "desk/0", "--", "true").ends(255).err


def test_who_is_meant_has_to_be_clear(entered: Project) -> None:
    assert "say which, such as desk/0" in ssh(entered, "desk", "--", "true").ends(1).err
    told = ssh(entered, "other", "--", "true").ends(1)
    assert "lets nobody in by ssh" in told.err
    assert "exec other/0 -it -- sh" in told.err
    entered.reconciler("stop", "desk/1").ends(0)
    assert "desk/1 does not run" in ssh(entered, "desk/1", "--", "true").ends(1).err
    assert "-> 22" in entered.reconciler("status").ends(0).out


def test_without_ssh_here_it_says_what_to_do(entered: Project) -> None:
    env = entered.reconciler.variables | {"PATH": "/nonexistent"}
    done = subprocess.run(
        [*COMMAND, "ssh", "desk/0"], cwd=entered.source, env=env, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"install OpenSSH's client" in done.stderr


def test_a_shell_at_a_terminal(entered: Project) -> None:
    command = (*COMMAND, "ssh", "desk/0", "-i", str(entered.home / "right"), *QUIET)
    with Terminal(command, entered.source, entered.reconciler.variables) as terminal:
        terminal.reads("$ ")
        terminal.types("echo $((6 * 7)); exit 5\n")
        terminal.reads("42")
        assert terminal.ends() == 5
