"""The rivals that are programs of their own: the bare loop, docker-compose, and Swarm."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import ContainerSpec, RestartPolicy, ServiceMode, TaskTemplate

from tests.benchmarks.bench import IMAGE, PATIENCE, Bench, new_name, timed
from tests.benchmarks.project import Config, Project, run

_BARE = [sys.executable, str(Path(__file__).with_name("bare.py"))]
_GATEWAY = "docker_gwbridge"
_SWARM_LABEL = "com.docker.swarm.service.name"
# Body of the create call -> what the same is called in a compose file of version 2.4.
_COMPOSE_NAMES = {
    "Init": "init",
    "NetworkMode": "network_mode",
    "CapDrop": "cap_drop",
    "CapAdd": "cap_add",
    "SecurityOpt": "security_opt",
    "ReadonlyRootfs": "read_only",
    "PidsLimit": "pids_limit",
    "Memory": "mem_limit",
    "MemorySwap": "memswap_limit",
    "ShmSize": "shm_size",
}


def start_bare(project: Project, threads: int) -> tuple[float, float]:
    """Start a project's containers by the bare loop.

    Returns the seconds by its own clock, imports left out, and those of the whole process.
    """
    return _bare("start", project, threads)


def finish_bare(project: Project, threads: int) -> tuple[float, float]:
    """Have the bare loop make, start, await and remove a project's containers; as above."""
    return _bare("finish", project, threads)


def _bare(verb: str, project: Project, threads: int) -> tuple[float, float]:
    wanted, printed = json.dumps(project.configs()), list[str]()
    command = [*_BARE, verb, str(threads)]
    whole = timed(lambda: printed.append(run(command, wanted)))
    return float(printed[0]), whole


@contextmanager
def bare_healer(project: Project) -> Iterator[None]:
    """Have the bare event loop keep a project's containers for the length of a block."""
    process = subprocess.Popen(
        [*_BARE, "heal", project.label], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        json.dump(project.configs(), process.stdin)
        process.stdin.close()
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.wait(timeout=PATIENCE)
        process.stdout.close()


class Compose:
    """A compose project of one service that asks for the same containers as a project of ours."""

    def __init__(self, bench: Bench, config: Config, instances: int) -> None:
        self.name = new_name()
        self.label = f"com.docker.compose.project={self.name}"
        self.file = bench.scratch / f"{self.name}.json"
        self.file.write_text(
            json.dumps({"version": "2.4", "services": {"sleep": _service(config)}})
        )
        self._instances = instances

    def up(self) -> None:
        """Run a whole `docker-compose up`."""
        files = ["-f", str(self.file), "-p", self.name]
        run(["docker-compose", *files, "up", "-d", "--scale", f"sleep={self._instances}"])


def compose_version() -> str:
    """Return the version of a docker-compose of the first generation, empty if there is none."""
    if shutil.which("docker-compose") is None:
        return ""
    version = run(["docker-compose", "version", "--short"]).strip()
    return version if version.startswith("1.") else ""


@contextmanager
def swarm(bench: Bench) -> Iterator[None]:
    """Have this engine be a swarm for the length of a block.

    Raises:
        APIError: when it cannot be one, or is in one already, which is not ours.
    """
    networks = {network["Name"] for network in bench.client.networks()}
    bench.client.init_swarm(advertise_addr="127.0.0.1", listen_addr="127.0.0.1:2377")
    try:
        yield
    finally:
        bench.client.leave_swarm(force=True)
        if _GATEWAY not in networks:
            with suppress(NotFound, APIError):
                bench.client.remove_network(_GATEWAY)


@contextmanager
def swarm_service(bench: Bench, replicas: int) -> Iterator[str]:
    """Have a Swarm service of sleepers for the length of a block; yields its containers' label."""
    with _service_of(bench, ["sleep", "100000"], ServiceMode("replicated", replicas)) as name:
        yield f"{_SWARM_LABEL}={name}"


@contextmanager
def swarm_job(bench: Bench, completions: int, at_once: int) -> Iterator[Callable[[], int]]:
    """Have a replicated job of `true` for the length of a block; yields what counts completions."""

    def completed() -> int:
        tasks = bench.client.tasks(filters={"service": name})  # type: ignore[no-untyped-call]
        return sum(task["Status"]["State"] == "complete" for task in tasks)

    mode = ServiceMode("replicated-job", completions, at_once)
    with _service_of(bench, ["true"], mode) as name:
        yield completed


@contextmanager
def _service_of(bench: Bench, command: list[str], mode: ServiceMode) -> Iterator[str]:
    name = new_name()
    spec = ContainerSpec(IMAGE, command, init=True, cap_drop=["ALL"])
    never = RestartPolicy(condition="none") if "job" in mode.mode.lower() else None
    bench.client.create_service(  # type: ignore[no-untyped-call]
        TaskTemplate(spec, restart_policy=never), name=name, mode=mode
    )
    with bench.cleared(f"{_SWARM_LABEL}={name}"):
        try:
            yield name
        finally:
            bench.client.remove_service(name)  # type: ignore[no-untyped-call]


def _service(config: Config) -> dict[str, Any]:
    host: Config = config["HostConfig"]
    service: dict[str, Any] = {
        "image": config["Image"],
        "command": config["Cmd"],
        "environment": config["Env"],
        "labels": {},
        "logging": {"driver": host["LogConfig"]["Type"], "options": host["LogConfig"]["Config"]},
    }
    said = {ours: host[theirs] for theirs, ours in _COMPOSE_NAMES.items() if host.get(theirs)}
    if host.get("NanoCpus"):
        said["cpus"] = host["NanoCpus"] / 1e9
    return service | said
