"""What one instance asks of an engine, after profiles, constants and overrides are merged.

Every field has the default that a manifest which says nothing gets. Quantities are plain
numbers: bytes, seconds, cpus.
"""

from typing import Literal

from msgspec import Struct, field

from reconciler.model.confidence import RegistryLogin, UsedSecret
from reconciler.model.data import Input
from reconciler.model.images import Archive, Build
from reconciler.model.staging import Account

Pairs = tuple[tuple[str, str], ...]


class Port(Struct, frozen=True, kw_only=True):
    """A published port; host 0 lets the engine choose."""

    container: int
    host: int = 0
    protocol: Literal["tcp", "udp"] = "tcp"


class Mount(Struct, frozen=True, kw_only=True):
    """A bind, volume or tmpfs. A volume is PROJECT.source unless external; size is bytes."""

    type: Literal["bind", "volume", "tmpfs"]
    target: str
    source: str = ""
    read_only: bool = False
    external: bool = False
    size: int = 0


class Resources(Struct, frozen=True, kw_only=True):
    """Limits; 0 means no limit. Memory and shm in bytes; ulimits as (name, soft, hard)."""

    cpus: float = 0.0
    memory: int = 0
    pids: int = 512
    shm: int = 0
    gpus: int = 0
    ulimits: tuple[tuple[str, int, int], ...] = ()


class Security(Struct, frozen=True, kw_only=True):
    """Hardened unless a manifest says otherwise."""

    no_new_privileges: bool = True
    read_only_root: bool = False
    cap_drop: tuple[str, ...] = ("ALL",)
    cap_add: tuple[str, ...] = ()
    userns: Literal["default", "host"] = "default"
    privileged: bool = False
    seccomp: Literal["default", "unconfined"] = "default"


class Health(Struct, frozen=True, kw_only=True):
    """A check run inside the container; no command means no check. Times in seconds."""

    command: tuple[str, ...] = ()
    interval: float = 10.0
    timeout: float = 5.0
    retries: int = 3
    start_period: float = 0.0


class Stop(Struct, frozen=True, kw_only=True):
    """How an instance is asked to end, and the seconds it has before it is killed."""

    signal: str = "SIGTERM"
    grace: float = 10.0


class LogLimits(Struct, frozen=True, kw_only=True):
    """Bounds of the engine's own log files, in bytes and files."""

    max_size: int = 10 * 1024 * 1024
    max_files: int = 3


class Cluster(Struct, frozen=True, kw_only=True):
    """How instances work as one. The first one is the master.

    `hostfile` is where each finds all of them with their `slots`. `outbound`: they reach the world
    outside their network, too. `port` is where their sshd listens, 0 for none.
    """

    hostfile: str = "/job/hostfile"
    slots: int = 1
    outbound: bool = True
    port: int = 0


class Login(Struct, frozen=True, kw_only=True):
    """By which sshd people log in: its port in the container, and their public keys.

    `file` is where more of them are, on the machine of the reconciler, empty for nowhere.
    """

    port: int = 22
    keys: tuple[str, ...] = ()
    file: str = ""


class InstanceSpec(Struct, frozen=True, kw_only=True):
    """The whole of what a container of this instance is made from, built-in variables aside.

    `entrypoint` and `command` are None where the image's own are used. `pool` is the one in whose
    slots it runs, empty for anywhere. With the network `cluster` there is a `cluster`, of which the
    master runs `master` and the others run `worker`, each the command where None. `login` is how
    the image's registry is asked, which changes nothing about the image. `origin` is what the image
    is made of, None for one that a registry has; `image` is named by its content then, and empty as
    long as that is not known.
    """

    image: str
    pull: Literal["missing", "always", "never"] = "missing"
    origin: Build | Archive | None = None
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    master: tuple[str, ...] | None = None
    worker: tuple[str, ...] | None = None
    user: str = ""
    groups: tuple[str, ...] = ()
    account: Account = field(default_factory=Account)
    workdir: str = ""
    hostname: str = ""
    env: Pairs = ()
    constants: Pairs = ()
    mounts: tuple[Mount, ...] = ()
    network: Literal["none", "bridge", "cluster", "host"] = "none"
    ports: tuple[Port, ...] = ()
    resources: Resources = field(default_factory=Resources)
    security: Security = field(default_factory=Security)
    init: bool = True
    tty: bool = False
    stdin: bool = False
    health: Health = field(default_factory=Health)
    stop: Stop = field(default_factory=Stop)
    logs: LogLimits = field(default_factory=LogLimits)
    nodes: Pairs = ()
    pool: str = ""
    inputs: tuple[Input, ...] = ()
    secrets: tuple[UsedSecret, ...] = ()
    login: RegistryLogin | None = None
    cluster: Cluster | None = None
    ssh: Login | None = None


def image_subject(spec: InstanceSpec, node: str, reference: str) -> str:
    """Return what an image is called on its way to a node, for all who ask for it on equal terms.

    What is refused to one of them is refused to all, and to nobody else.
    """
    when = "" if spec.pull == "missing" else f" {spec.pull}"
    login = f" {spec.login}" if spec.login else ""
    return f"image:{node}:{reference}{when}{login}"
