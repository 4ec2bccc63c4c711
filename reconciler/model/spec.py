"""What one instance asks of an engine, after profiles, constants and overrides are merged.

Every field has the default that a manifest which says nothing gets. Quantities are plain
numbers: bytes, seconds, cpus.
"""

from dataclasses import dataclass, field
from typing import Literal

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A published port; host 0 lets the engine choose."""

    container: int
    host: int = 0
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A bind, volume or tmpfs. A volume is PROJECT.source unless external; size is bytes."""

    type: Literal["bind", "volume", "tmpfs"]
    target: str
    source: str = ""
    read_only: bool = False
    external: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Limits; 0 means no limit. Memory and shm in bytes; ulimits as (name, soft, hard)."""

    cpus: float = 0.0
    memory: int = 0
    pids: int = 512
    shm: int = 0
    ulimits: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """Hardened unless a manifest says otherwise."""

    no_new_privileges: bool = True
    read_only_root: bool = False
    cap_drop: tuple[str, ...] = ("ALL",)
    cap_add: tuple[str, ...] = ()
    userns: Literal["default", "host"] = "default"
    privileged: bool = False
    seccomp: Literal["default", "unconfined"] = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A check run inside the container; no command means no check. Times in seconds."""

    command: tuple[str, ...] = ()
    interval: float = 10.0
    timeout: float = 5.0
    retries: int = 3
    start_period: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """How an instance is asked to end, and the seconds it has before it is killed."""

    signal: str = "SIGTERM"
    grace: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLimits:
    """Bounds of the engine's own log files, in bytes and files."""

    max_size: int = 10 * 1024 * 1024
    max_files: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSpec:
    """The whole of what a container of this instance is made from, built-in variables aside.

    `entrypoint` and `command` are None where the image's own are used.
    """

    image: str
    pull: Literal["missing", "always", "never"] = "missing"
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    user: str = ""
    groups: tuple[str, ...] = ()
    workdir: str = ""
    hostname: str = ""
    env: Pairs = ()
    constants: Pairs = ()
    mounts: tuple[Mount, ...] = ()
    network: Literal["none", "bridge"] = "none"
    ports: tuple[Port, ...] = ()
    resources: Resources = field(default_factory=Resources)
    security: Security = field(default_factory=Security)
    init: bool = True
    health: Health = field(default_factory=Health)
    stop: Stop = field(default_factory=Stop)
    logs: LogLimits = field(default_factory=LogLimits)
    nodes: Pairs = ()
