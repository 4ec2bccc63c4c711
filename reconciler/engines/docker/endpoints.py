"""Where an engine listens, and how it is reached there.

Decides what an endpoint means: a socket of this machine, TLS over TCP, or a socket of another
machine through ssh. Pure but for the contexts of Docker's command line, which are files.
"""

import os
import re
from typing import Final

from msgspec import Struct

from reconciler.engines.docker.contexts import context
from reconciler.engines.engine import UnreachableError
from reconciler.model.desired import Tls

LOCAL: Final = "/var/run/docker.sock"
_HERE: Final = "127.0.0.1"
_SSH: Final = re.compile(
    r"ssh://(?P<who>(?:[^@/:\[]+@)?(?:[^/:@\[]+|\[[^\]]+\]))(?::(?P<port>\d+))?(?P<path>/.*)?"
)


class Socket(Struct, frozen=True):
    """A unix socket of this machine."""

    path: str


class Secured(Struct, frozen=True):
    """An address (HOST:PORT) that is asked through TLS, with these files."""

    address: str
    tls: Tls


class Tunnelled(Struct, frozen=True):
    """A unix socket of another machine: `who` is [USER@]HOST, `port` empty for what ssh says."""

    who: str
    port: str = ""
    path: str = LOCAL

    @property
    def host(self) -> str:
        """The machine's name alone."""
        return self.who.rpartition("@")[2].strip("[]")


Way = Socket | Secured | Tunnelled


def local() -> str:
    """Return where the local engine is: DOCKER_HOST where that is a unix socket, else as usual.

    Which context the command line would use is never asked: that differs between users.
    """
    named = os.environ.get("DOCKER_HOST", "")
    return named if named.startswith("unix://") else f"unix://{LOCAL}"


def way_to(endpoint: str, tls: Tls) -> Way:
    """Return how an endpoint is reached.

    Raises:
        UnreachableError: it says no way that can be gone, with what to do about it.
    """
    if endpoint.startswith("context://"):
        return _of_context(endpoint.removeprefix("context://"))
    if endpoint.startswith("unix://"):
        return Socket(endpoint.removeprefix("unix://"))
    if endpoint.startswith("tcp://"):
        return Secured(endpoint.removeprefix("tcp://").rstrip("/"), tls)
    if found := _SSH.fullmatch(endpoint):
        path = found["path"] if found["path"] not in {None, "/"} else LOCAL
        return Tunnelled(found["who"], found["port"] or "", path)
    raise UnreachableError(f"the endpoint {endpoint} says no way that leads to an engine")


def host_of(way: Way) -> str:
    """Return the machine at the end of a way, as other programs take its name."""
    if isinstance(way, Socket):
        return _HERE
    if isinstance(way, Tunnelled):
        return way.host
    return way.address.rpartition(":")[0].strip("[]")


def _of_context(name: str) -> Way:
    if name == "default":
        return way_to(local(), Tls())
    found = context(name)
    if found.host.startswith("tcp://") and not (found.tls.ca or found.tls.cert):
        raise UnreachableError(
            f"the context {name} says {found.host} without TLS: anybody could answer there; "
            "create it anew with ca, cert and key"
        )
    if found.unverified:
        raise UnreachableError(
            f"the context {name} does not check who answers (SkipTLSVerify): create it anew with a "
            "ca that vouches for the engine"
        )
    if found.host.startswith("context://") or not found.host:
        raise UnreachableError(f"the context {name} names no Docker endpoint")
    return way_to(found.host, found.tls)
