"""What all measurements share: the engine, the command under test, sizes, and a way to clean up.

Only what carries the name of a project made here is ever removed.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from reconciler.model.identity import LABEL_PROJECT

SOCKET = "unix:///var/run/docker.sock"
API_VERSION = "1.41"
IMAGE = "busybox:stable"
# How long anything that is waited for may take before the run is given up, in seconds.
PATIENCE = 300.0
# What the engine says of a container that is gone, or just being removed by somebody else.
_GOING = {404, 409}
# What the kernel still does after a removal should not be on the next one's account, in seconds.
_REST = 1.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: how often, and with how many containers."""

    rounds: int = 5
    instances: int = 50
    crowd: int = 200
    passes: int = 50
    kills: int = 12
    edits: int = 25
    launches: int = 20
    manifests: int = 5000
    deliveries: int = 500
    pushes: int = 40
    fleet: int = 10_000
    commits: int = 40
    planned: int = 10_000
    recorded: int = 100_000
    spread: int = 80
    pulls: int = 8
    image: int = 100
    pools: int = 200
    objects: int = 2000
    megabytes: int = 512
    begins: int = 5
    inputs: int = 100
    listed: int = 10_000
    checks: int = 10


QUICK = Sizes(rounds=2, instances=10, crowd=30, passes=20, kills=3, edits=6, launches=10,
              manifests=400, deliveries=100, pushes=5, fleet=200, commits=5,
              planned=1000, recorded=1000, spread=12, pulls=2, image=10, pools=10,
              objects=100, megabytes=20, begins=2, inputs=20, listed=1000, checks=3)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the benchmarks. `command` is the reconciler, `scratch` an own empty folder."""

    command: str
    client: APIClient
    scratch: Path
    sizes: Sizes

    def containers(self, label: str, *, everything: bool = False) -> list[dict[str, Any]]:
        """Return the running containers (or all) that carry a label."""
        found: list[dict[str, Any]] = self.client.containers(
            all=everything, filters={"label": label}
        )
        return found

    def remove(self, label: str) -> None:
        """Remove the containers, networks and volumes that carry a label.

        One by one: engines of the 20.10 line can lock up for good when many are removed at once.
        """
        for entry in self.containers(label, everything=True):
            self._remove_container(entry["Id"])
        for network in self.client.networks(filters={"label": label}):
            with suppress(NotFound):
                self.client.remove_network(network["Id"])
        for volume in self.client.volumes(filters={"label": label})["Volumes"] or ():
            with suppress(NotFound):
                self.client.remove_volume(volume["Name"])
        time.sleep(_REST)

    def _remove_container(self, container: str) -> None:
        try:
            self.client.remove_container(container, v=True, force=True)
        except APIError as error:
            if error.status_code not in _GOING:
                raise

    @contextmanager
    def cleared(self, label: str) -> Iterator[None]:
        """Remove what a block made under a label, however it ends."""
        try:
            yield
        finally:
            self.remove(label)

    def running(self, label: str, count: int) -> list[dict[str, Any]]:
        """Wait until exactly `count` containers with a label run; return them."""
        until(lambda: len(self.containers(label)) == count, f"{count} containers of {label}")
        return self.containers(label)


def connect() -> APIClient:
    """Return a new client of this machine's engine."""
    client = APIClient(base_url=SOCKET, version=API_VERSION, timeout=60)
    client.trust_env = False
    return client


def new_name() -> str:
    """Return a project name that nothing else has."""
    return f"bench-{secrets.token_hex(5)}"


def project_label(name: str) -> str:
    """Return the label filter for all that belongs to a project."""
    return f"{LABEL_PROJECT}={name}"


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something, with patience but not for ever."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            message = f"waited {PATIENCE:g} s for {what}"
            raise TimeoutError(message)
        time.sleep(0.05)


def computed(call: Callable[[], object]) -> float:
    """Return the seconds of a processor that a call takes in this process, whoever else is busy."""
    began = time.process_time()
    call()
    return time.process_time() - began


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
