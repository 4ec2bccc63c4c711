"""What manifests may ask for: the operator's decision, which a source can only narrow.

Decides what allows what, and what two policies allow together. Must not know where a policy is
written, nor what a manifest looks like.
"""

import posixpath
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from reconciler.model.caller import Caller

Allowed = tuple[tuple[str, ...], ...]
"""Lists that each must allow a value. None at all allow everything, an empty one nothing."""

ANY: Final[Allowed] = ()
NONE: Final[Allowed] = ((),)
SOCKETS: Final = ("/var/run/docker.sock", "/run/docker.sock")
# Whoever has one of these has the node.
_CLOSED: Final = (*SOCKETS, "/proc", "/sys", "/etc")
# What the engine itself gives to containers: enough for sshd, and to give files away.
_USUAL_CAPABILITIES: Final = (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
    "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
)  # fmt: skip


class Maximum(Struct, frozen=True, kw_only=True):
    """What may be asked for at most; None is no limit.

    As `maximum` the first four are of one instance; as `quota` all are of what a project's
    instances take at once.
    """

    cpus: float | None = None
    memory: int | None = None
    gpus: int | None = None
    pids: int | None = None
    instances: int | None = None

    def narrowed(self, other: "Maximum") -> "Maximum":
        """Return the lower of both in everything."""
        theirs = asdict(other)
        lower = {name: _lower(mine, theirs[name]) for name, mine in asdict(self).items()}
        return replace(self, **lower)


class Policy(Struct, frozen=True, kw_only=True):
    """What is allowed. Not given anything, all is, but for what would hand over the node.

    `binds` and `secret_files` are folders, the other lists patterns. `undigested` are images
    without a digest. `closed` are folders that no bind may name in spite of `binds`. `caller` is
    whom manifests speak of by CALLER_UID and the like: None where they are not that user's own.
    """

    registries: Allowed = ANY
    images: Allowed = ANY
    undigested: bool = True
    privileged: bool = True
    host_network: bool = True
    userns_host: bool = True
    seccomp_unconfined: bool = True
    new_privileges: bool = True
    capabilities: Allowed = ANY
    devices: Allowed = ANY
    binds: Allowed = ANY
    closed: tuple[str, ...] = ()
    external_volumes: bool = True
    builds: bool = True
    endpoints: Allowed = ANY
    secrets: Allowed = ANY
    secret_files: Allowed = ANY
    encrypted_secrets: bool = True
    maximum: Maximum = field(default_factory=Maximum)
    quota: Maximum = field(default_factory=Maximum)
    caller: Caller | None = None

    def narrowed(self, other: "Policy") -> "Policy":
        """Return what both allow."""
        theirs = asdict(other)
        both = {name: _both(mine, theirs[name]) for name, mine in asdict(self).items()}
        return replace(self, **both | {"caller": self.caller or other.caller})

    def keeping_out_of(self, folder: str) -> "Policy":
        """Return the same policy with one more folder closed to binds."""
        return self.narrowed(Policy(closed=(folder,)))

    def closes(self, path: str) -> str:
        """Return why no bind may ever name a path, nothing where one may."""
        if any(inside(path, place) for place in _CLOSED):
            return "it would hand over the node"
        if any(inside(socket, path) for socket in SOCKETS):
            return "the engine's socket is inside"
        place = next((place for place in self.closed if inside(path, place)), "")
        return f"{normal(place)} is off limits" if place else ""


FOLDER: Final = Policy()
"""For a folder: its manifests are trusted as the user who runs them."""

GIT: Final = Policy(
    privileged=False,
    host_network=False,
    userns_host=False,
    seccomp_unconfined=False,
    capabilities=(_USUAL_CAPABILITIES,),
    devices=NONE,
    binds=NONE,
    external_volumes=False,
    builds=False,
    endpoints=NONE,
    secrets=NONE,
    secret_files=NONE,
    encrypted_secrets=False,
)
"""For a git repository: whoever may commit is not whom the node belongs to."""


def listed(values: Iterable[str]) -> Allowed:
    """Return what allows these values and no others."""
    return (tuple(sorted(set(values))),)


def matched(allowed: Allowed, *names: str) -> bool:
    """Return whether patterns allow something that has these names."""
    return all(any(_fits(name, p) for p in patterns for name in names) for patterns in allowed)


def within(allowed: Allowed, path: str) -> bool:
    """Return whether a path is, or lies in, one of the folders that are allowed."""
    return all(any(inside(path, root) for root in roots) for roots in allowed)


def normal(path: str) -> str:
    """Return an absolute path without `.`, `..` and doubled slashes, any other as it is."""
    return "/" + posixpath.normpath(path).lstrip("/") if path.startswith("/") else path


def inside(path: str, root: str) -> bool:
    """Return whether a path is a folder or lies below it."""
    return normal(path) == normal(root) or normal(path).startswith(normal(root).rstrip("/") + "/")


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]"))  # brackets stand for themselves


def _both(mine: object, theirs: object) -> object:
    if isinstance(mine, Maximum) and isinstance(theirs, Maximum):
        return mine.narrowed(theirs)
    if isinstance(mine, tuple) and isinstance(theirs, tuple):
        return _united(mine, theirs)
    return mine and theirs


def _united(mine: tuple[Any, ...], theirs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted({*mine, *theirs}))


def _lower(mine: float | None, theirs: float | None) -> float | None:
    given = [limit for limit in (mine, theirs) if limit is not None]
    return min(given, default=None)
