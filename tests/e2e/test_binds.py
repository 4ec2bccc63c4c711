"""What of the node is mounted: what is allowed, where it really is, and only if it is there."""

from pathlib import Path

import pytest

from tests.e2e.project import Json, Project, task

pytestmark = pytest.mark.docker


def mounting(source: Path) -> Json:
    mount = {"type": "bind", "source": str(source), "target": "/in"}
    return task("work", "ls /in", container={"mounts": [mount]})


def why(project: Project) -> str:
    return str(project.status("work")["instances"][0]["reason"])


def test_a_link_to_what_is_forbidden_is_not_mounted(project: Project, tmp_path: Path) -> None:
    link = tmp_path / "data"
    link.symlink_to("/etc")
    project.declare(mounting(link))
    project.apply(code=1)
    assert f"{link} may not be bound: it is or contains a link, and leads to /etc" in why(project)
    assert project.engine.containers() == []


def test_a_link_out_of_the_operators_folders_is_not_mounted(
    project: Project, tmp_path: Path
) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "link").symlink_to(tmp_path)
    project.declare(mounting(allowed / "link"))
    project.apply("--set", f"policy.binds={allowed}", code=1)
    assert "in none of the folders that the policy allows" in why(project)
    assert project.engine.containers() == []


def test_a_folder_that_is_not_there_is_not_made(project: Project, tmp_path: Path) -> None:
    project.declare(mounting(tmp_path / "missing"))
    project.apply(code=1)
    assert f"{tmp_path}/missing, which is to be mounted, does not exist" in why(project)
    assert not (tmp_path / "missing").exists()


def test_a_folder_that_is_allowed_is_mounted(project: Project, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "file").touch()
    project.declare(mounting(allowed))
    project.apply("--wait", "--set", f"policy.binds={tmp_path}")
    assert project.engine.logs(project.engine.name("work")) == "file\n"
