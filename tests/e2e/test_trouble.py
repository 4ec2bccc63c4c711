"""A missing image, a refused create, a full disk: a sentence, patience, and then it goes on."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Project, service, task
from tests.support.disk import fill
from tests.support.process import always, eventually

pytestmark = pytest.mark.docker


def test_a_missing_image_blocks_with_a_sentence_and_not_the_others(project: Project) -> None:
    project.declare(task("work", image="no-such-image-anywhere:1"), task("other", "true"))
    done = project.apply("--wait", "--timeout", "10s", code=1)
    assert "no-such-image-anywhere:1" in done.err
    status = project.status("work")
    assert status["state"] == "Blocked"
    assert "no-such-image-anywhere:1" in status["reason"]
    assert project.states("other") == ["Succeeded"]
    assert "no-such-image-anywhere:1" in project.reconciler("why", "work").ends(0).out


def test_run_goes_on_when_the_image_appears(project: Project) -> None:
    missing = project.engine.tag("later")
    project.engine.untag(missing)
    project.declare(task("work", image=missing, instances=2))
    running = project.run()
    running.says("trouble", missing)
    project.engine.tag("later")
    eventually(lambda: len(project.engine.running()) == 2, "both to run")
    running.terminate().ends(0)


def test_an_image_that_must_not_be_pulled_is_not(project: Project) -> None:
    image = {"name": "no-such-image-anywhere:1", "pull": "never"}
    project.declare(task("work", container={"image": image}))
    done = project.apply(code=1)
    assert "pull is never" in done.err


def test_an_image_gone_between_two_attempts_is_waited_for(project: Project) -> None:
    tag = project.engine.tag("fleeting")
    project.declare(service("web", image=tag))
    running = project.run()
    eventually(project.engine.running, "it to run")
    project.engine.untag(tag)
    project.engine.kill(project.engine.name("web"))
    back = project.engine.name("web", attempt=2)
    project.engine.await_running(back)
    running.terminate().ends(0)


def test_a_bind_source_that_is_missing_is_waited_for(project: Project) -> None:
    place = project.home / "data"
    mount = {"type": "bind", "source": str(place), "target": "/data"}
    project.declare(task("work", container={"mounts": [mount]}), task("other", "true"))
    done = project.apply(code=1)
    assert f"{place}, which is to be mounted, does not exist on the node" in done.err
    assert not place.exists(), "a folder made by the engine would hide the mistake"
    running = project.run()
    project.await_states("other", "Succeeded")
    eventually(lambda: project.status("work")["state"] == "Blocked", "it to wait between tries")
    place.mkdir()
    eventually(lambda: project.engine.running("work"), "it to run")
    running.terminate().ends(0)
    assert len(project.engine.ids("work")) == 1


def test_a_refused_create_costs_no_retry(project: Project) -> None:
    place = project.home / "data"
    mount = {"type": "bind", "source": str(place), "target": "/data"}
    project.declare(task("work", "true", container={"mounts": [mount]}))
    running = project.run()
    running.says("next try in 2 s")
    place.mkdir()
    project.await_states("work", "Succeeded")
    running.terminate().ends(0)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def test_a_host_port_that_a_program_has_is_waited_for(project: Project) -> None:
    with socket.create_server(("", 0)) as program:  # which is in no container
        port = program.getsockname()[1]
        ports = [{"container": 80, "host": port}]
        project.declare(service("web", container={"network": "bridge", "ports": ports}))
        running = project.run()
        running.says(f"host port {port} is already in use on the node")
    eventually(lambda: project.engine.running("web"), "the port to be free")
    running.terminate().ends(0)


@pytest.fixture
def disk(project: Project) -> Iterator[Path]:
    """A small file system of its own, where the state is kept."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place = project.home / "disk"
    place.mkdir()
    options = ("-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs")
    mounted = subprocess.run(["mount", *options, place], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    project.state = project.reconciler.state = place / "state"
    try:
        yield place
    finally:
        project.reconciler.close()
        subprocess.run(["umount", "-l", place], check=False, capture_output=True)


def test_a_full_disk_begins_nothing_and_goes_on_when_there_is_room(
    project: Project, disk: Path
) -> None:
    project.declare(service("web"))
    running = project.run()
    eventually(project.engine.running, "it to run")
    ballast = fill(disk)
    project.declare(service("web"), task("work", "true", instances=8))
    running.says("no room left on the disk")
    before = project.engine.ids()
    always(lambda: project.engine.ids() == before, "nothing begins that is not on record", 1.5)
    assert running.alive
    ballast.unlink()
    project.await_states("work", *["Succeeded"] * 8)
    running.terminate().ends(0)
    assert len(project.engine.ids("work")) == 8


def test_apply_on_a_full_disk_is_a_sentence(project: Project, disk: Path) -> None:
    ballast = fill(disk)
    project.declare(task("work", "true"))
    done = project.reconciler("apply").ends(1)
    assert "room" in done.err or "No space left" in done.err
    assert project.engine.ids() == {}
    ballast.unlink()
    project.apply("--wait")
    assert project.states("work") == ["Succeeded"]
