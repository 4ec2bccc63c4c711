"""Open MPI over ssh between the instances of a cluster, none of them root."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.mpi import MPI_IMAGE, PROGRAMS, mpi_image
from tests.support.process import eventually

pytestmark = pytest.mark.docker

SIZE: Final = 4
# Beside the hostfile, which is in /job.
HERE: Final = "/programs"
MOUNTS: Final = [{"type": "bind", "source": str(PROGRAMS), "target": HERE, "readOnly": True}]
# Long enough to be caught at work in the first attempt, and done at once in the next.
LONG: Final = f"sh -c 'exec mpirun python3 {HERE}/ring.py $((ATTEMPT == 1 ? 100 : 0))'"


@pytest.fixture(scope="module", autouse=True)
def _image() -> str:
    return mpi_image()


def cluster(name: str, program: str, size: int = SIZE, **spec: Any) -> Json:  # noqa: ANN401
    """Return a task whose instances work as one: the master runs the program."""
    repository, _, tag = MPI_IMAGE.partition(":")
    constants = {"DOCKER_REPO": repository, "DOCKER_TAG": tag, "DOCKER_CMD_MASTER": program}
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Task",
        "metadata": {"name": name},
        "spec": {
            "profile": "docker-cluster-network-ssh",
            "instances": size,
            "constants": constants,
            "container": {"mounts": MOUNTS},
            **spec,
        },
    }


def said(project: Project, name: str) -> list[str]:
    """Return what a cluster's master printed, wherever that is kept."""
    return project.reconciler("logs", f"{name}/0").ends(0).out.splitlines()


def at_work(project: Project, name: str) -> list[str]:
    """Wait until all ranks of a cluster have met; return its containers, the master first."""
    master = project.engine.name(name)
    ring = f"ring of {SIZE}: {sum(range(SIZE))}"
    eventually(
        lambda: master in project.engine.running() and ring in project.engine.logs(master),
        "the ring to be closed", 60,
    )  # fmt: skip
    return sorted(project.engine.running(name))


def nothing_is_left(project: Project, volumes: list[str]) -> bool:
    """Whether there is neither container, network nor volume of a cluster."""
    engine = project.engine
    there = {volume["Name"] for volume in engine.client.volumes()["Volumes"] or ()}
    return not (engine.containers() or engine.networks() or there & {*volumes})


def test_the_programs_run_without_a_cluster(project: Project) -> None:
    script = f"mpirun -np 2 --oversubscribe python3 {HERE}/ring.py && python3 {HERE}/pi.py"
    alone = {"user": "1000:1000", "mounts": MOUNTS}
    project.declare(task("alone", script, image=MPI_IMAGE, container=alone))
    project.apply("--wait")
    printed = project.engine.logs(project.engine.name("alone")).splitlines()
    assert {"ring of 2: 1", "pi by 1: 3.141593"} <= {*printed}


def test_all_ranks_meet_over_ssh(project: Project) -> None:
    ring, pi = (f"mpirun python3 {HERE}/{name}.py" for name in ("ring", "pi"))
    program = f"sh -c 'id -u; cat $CLUSTER_HOSTFILE; {ring}; {pi}'"
    project.declare(cluster("pi", program))
    project.apply("--wait")
    printed = said(project, "pi")
    assert printed[: SIZE + 1] == ["1000", *(f"pi-{rank} slots=1" for rank in range(SIZE))]
    hellos = {f"hello from {rank} of {SIZE} on pi-{rank}" for rank in range(SIZE)}
    assert hellos <= {*printed}
    assert {f"ring of {SIZE}: 6", f"pi by {SIZE}: 3.141593"} <= {*printed}
    assert project.states("pi") == ["Succeeded"] * SIZE
    assert nothing_is_left(project, [])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_times_in_a_row(project: Project) -> None:
    for rerun in range(10):
        project.declare(cluster("pi", f"mpirun python3 {HERE}/ring.py", rerun=rerun))
        project.apply("--wait")
        assert f"ring of {SIZE}: 6" in said(project, "pi")
    assert nothing_is_left(project, [])


def test_every_container_has_its_own_part(project: Project) -> None:
    project.declare(cluster("pi", LONG))
    project.run()
    names = at_work(project, "pi")
    parts = [project.engine.env(name) for name in names]
    assert [part["CLUSTER_RANK"] for part in parts] == [str(rank) for rank in range(SIZE)]
    assert {part["CLUSTER_MASTER"] for part in parts} == {"pi-0"}
    (addresses,) = {part["CLUSTER_ADDRESSES"] for part in parts}
    peers = project.engine.file(names[-1], "/run/reconciler/peers").decode().splitlines()
    assert peers == [f"{address} pi-{rank}" for rank, address in enumerate(addresses.split(","))]
    user = project.engine.client.inspect_container(names[0])["Config"]["User"]
    assert user == "1000:1000"


def stop(project: Project, _: list[str]) -> None:
    project.reconciler("stop", "pi").ends(0)


def kill_a_worker(project: Project, names: list[str]) -> None:
    project.engine.kill(names[2])


def kill_the_master(project: Project, names: list[str]) -> None:
    project.engine.kill(names[0])


@pytest.mark.parametrize(
    ("end", "state"),
    [(stop, "Cancelled"), (kill_a_worker, "Failed"), (kill_the_master, "Failed")],
)
def test_nothing_is_left_of_a_cluster_that_was_ended(
    project: Project, end: Callable[[Project, list[str]], None], state: str
) -> None:
    project.declare(cluster("pi", LONG))
    project.run()
    names = at_work(project, "pi")
    volumes = project.engine.volumes_of(*names)
    assert len(volumes) == SIZE  # each has one for its keys
    end(project, names)
    eventually(lambda: project.status("pi")["state"] == state, f"it to be {state}")
    eventually(lambda: nothing_is_left(project, volumes), "all to be gone")


@pytest.mark.parametrize("end", [kill_a_worker, kill_the_master])
def test_a_cluster_that_broke_begins_anew_as_a_whole(
    project: Project, end: Callable[[Project, list[str]], None]
) -> None:
    backoff = {"initial": "100ms", "jitter": 0}
    project.declare(cluster("pi", LONG, retry={"perInstance": 1, "backoff": backoff}))
    project.run()
    names = at_work(project, "pi")
    volumes = project.engine.volumes_of(*names)
    end(project, names)
    project.await_states("pi", *["Succeeded"] * SIZE)
    assert f"ring of {SIZE}: 6" in said(project, "pi")
    eventually(lambda: nothing_is_left(project, volumes), "all to be gone")


def test_clusters_side_by_side_do_not_meet(project: Project) -> None:
    names = ("one", "two", "three")
    project.declare(*(cluster(name, f"mpirun python3 {HERE}/ring.py", 2) for name in names))
    project.apply("--wait")
    for name in names:
        hellos = {f"hello from {rank} of 2 on {name}-{rank}" for rank in range(2)}
        assert {line for line in said(project, name) if line.startswith("hello")} == hellos
    assert nothing_is_left(project, [])


def test_keys_are_where_they_are_used_and_nowhere_else(project: Project) -> None:
    project.declare(cluster("pi", LONG))
    project.run()
    names = at_work(project, "pi")
    folder = "/run/reconciler/ssh"
    held = [project.engine.file(names[0], f"{folder}/{k}") for k in ("id_ed25519", "host_key")]
    secrets = [line for key in held for line in key.splitlines() if len(line) > 60]
    assert len(secrets) > 2
    told = json.dumps([project.engine.inspect(name) for name in names])
    told += project.reconciler("describe", "pi/0", "--format", "json").ends(0).out
    project.reconciler("stop", "pi").ends(0)
    eventually(lambda: not project.engine.containers(), "all to be gone")
    told += json.dumps(project.events()) + "".join(said(project, "pi"))
    kept = [path.read_bytes() for path in project.state.rglob("*") if path.is_file()]
    assert kept
    assert not [key for key in secrets if any(key in each for each in (told.encode(), *kept))]
