"""Somebody who is not root, with a folder, and tasks of docker-host-user for them to run."""

import os
import tempfile
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.project import Json, Project
from tests.support.engines import SOCKET

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
