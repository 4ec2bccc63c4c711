"""What a container is kept from, and what it is granted: effective, rather than as it is asked for.

The same is told of a spec and, by each engine, of a container, so that one can be held against the
other. It must not know manifests, nor any engine's JSON.
"""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from reconciler.model.spec import InstanceSpec, Mount

# What every engine gives to root inside, unless it is dropped.
_GIVEN: Final = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
        "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_ALL: Final = "ALL"

# Folders that few programs can do without. Beside a read-only root they are in memory; with the
# modes that they have in images: sshd, for one, trusts no /run that all may write to.
MODES_IN_MEMORY: Final = {
    "/tmp": 0o1777,  # noqa: S108  # the container's
    "/var/tmp": 0o1777,  # noqa: S108
    "/run": 0o755,
}


class Confinement(Struct, frozen=True, kw_only=True):
    """What holds for one container. Limits are as in Resources, 0 for none.

    `capabilities` are those that root inside has, `in_memory` the folders that are a tmpfs.
    """

    user: str = ""
    groups: tuple[str, ...] = ()
    network: str = ""
    capabilities: tuple[str, ...] = ()
    no_new_privileges: bool = False
    privileged: bool = False
    seccomp: str = "default"
    userns: str = "default"
    read_only_root: bool = False
    in_memory: tuple[str, ...] = ()
    pids: int = 0
    memory: int = 0
    cpus: float = 0.0
    init: bool = False


def confinement_of(spec: InstanceSpec) -> Confinement:
    """Return what a container of this spec is to be confined by."""
    security, limits = spec.security, spec.resources
    mounted = {mount.target for mount in spec.mounts if mount.type == "tmpfs"}
    return Confinement(
        user=spec.user,
        groups=spec.groups,
        network=spec.network,
        capabilities=capabilities_left(
            security.cap_drop, security.cap_add, privileged=security.privileged
        ),
        no_new_privileges=security.no_new_privileges,
        privileged=security.privileged,
        seccomp=security.seccomp,
        userns=security.userns,
        read_only_root=security.read_only_root,
        in_memory=tuple(sorted(mounted | set(folders_in_memory(spec)))),
        pids=limits.pids,
        memory=limits.memory,
        cpus=limits.cpus,
        init=spec.init,
    )


def folders_in_memory(spec: InstanceSpec) -> tuple[str, ...]:
    """Return the folders that are put in memory for the sake of a read-only root."""
    if not spec.security.read_only_root:
        return ()
    taken = {_target(mount) for mount in spec.mounts}
    return tuple(path for path in MODES_IN_MEMORY if path not in taken)


def capabilities_left(
    drop: Collection[str], add: Collection[str], *, privileged: bool
) -> tuple[str, ...]:
    """Return the capabilities that root has inside, ordered; ALL stands for all there are."""
    if privileged or _ALL in add:
        return (_ALL,)
    given = frozenset() if _ALL in drop else _GIVEN - frozenset(map(_plain, drop))
    return tuple(sorted(given | frozenset(map(_plain, add))))


def _plain(capability: str) -> str:
    return capability.upper().removeprefix("CAP_")


def _target(mount: Mount) -> str:
    return mount.target.rstrip("/")
