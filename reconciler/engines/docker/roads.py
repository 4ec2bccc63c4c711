"""Clients of docker-py by the way to an engine; no address is asked before a call is made.

Each sees to it that what is in the caller's environment (proxies, REQUESTS_CA_BUNDLE, the command
line's contexts) means nothing here.
"""

import socket
import ssl
import struct
from pathlib import Path
from typing import Final, Protocol

from docker import APIClient
from docker.tls import TLSConfig
from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnectionPool
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from reconciler.engines.docker.endpoints import Secured, Socket, Tunnelled, Way
from reconciler.engines.docker.tunnel import Tunnel
from reconciler.engines.engine import UnreachableError
from reconciler.model.desired import Tls

# The oldest API that has what we use: no call is spent on asking which one the engine speaks.
API_VERSION: Final = "1.41"
# A machine that vanished without a word is noticed within half a minute, also by who only listens.
_PATIENCE: Final = 25_000
_KEEPALIVE: Final = (
    *HTTPConnection.default_socket_options,
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _PATIENCE),
    # What has not got there when we give up or are killed never does: by itself the system would
    # go on sending it, and a start that comes late could be a second one.
    (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
)


class Road(Protocol):
    """The way to one engine, from any thread."""

    def ready(self) -> None:
        """See to it that the way is open, or raise UnreachableError."""

    def connect(self) -> APIClient:
        """Return a new client, for one thread."""

    def complaint(self) -> str:
        """Return what is known of why a call has just failed, a sentence; empty for nothing."""

    def close(self) -> None:
        """Let the way go; a later call opens it again."""


def road(way: Way, ssh_config: str = "") -> Road:
    """Return the road for a way."""
    if isinstance(way, Socket):
        return _Direct(way.path)
    if isinstance(way, Tunnelled):
        return _Through(Tunnel(way, ssh_config))
    return _Over(way)


class _Direct:
    def __init__(self, path: str) -> None:
        self._path = path

    def ready(self) -> None:
        """A socket is there or it is not."""

    def connect(self) -> APIClient:
        return _at_socket(self._path)

    def complaint(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing is held."""


class _Through:
    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel

    def ready(self) -> None:
        self._tunnel.open()

    def connect(self) -> APIClient:
        return _at_socket(str(self._tunnel.open()))

    def complaint(self) -> str:
        return self._tunnel.complaint()

    def close(self) -> None:
        self._tunnel.close()


class _Over:
    def __init__(self, way: Secured) -> None:
        self._way = way

    def ready(self) -> None:
        for name in ("ca", "cert", "key"):
            path = getattr(self._way.tls, name)
            if path and not Path(path).is_file():
                raise UnreachableError(
                    f"tls.{name}: there is no file {path} on the machine that reconciler runs on"
                )

    def connect(self) -> APIClient:
        tls = self._way.tls
        pair = (tls.cert, tls.key) if tls.cert else None
        config = TLSConfig(client_cert=pair, ca_cert=_authorities(tls), verify=True)
        client = APIClient(base_url=f"tcp://{self._way.address}", version=API_VERSION, tls=config)
        client.trust_env = False
        client.mount("https://", _Lively())
        return client

    def complaint(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing is held."""


class _Lively(HTTPAdapter):
    """Connections whose far end is asked now and then whether it is still there."""

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        kwargs["socket_options"] = list(_KEEPALIVE)
        super().init_poolmanager(*args, **kwargs)  # type: ignore[arg-type]


class _OnePool(UnixHTTPAdapter):
    """docker-py's unix sockets, reused for every path: it would pool them by whole URL."""

    def get_connection(
        self,
        url: bytes | str,  # noqa: ARG002  # docker-py's signature
        proxies: object = None,  # noqa: ARG002
    ) -> UnixHTTPConnectionPool:
        return super().get_connection("http+docker://localhost")


def _at_socket(path: str) -> APIClient:
    client = APIClient(base_url=f"unix://{path}", version=API_VERSION)
    client.trust_env = False  # else proxies and REQUESTS_CA_BUNDLE of the caller's shell apply
    client.mount("http+docker://", _OnePool(f"http+unix://{path}"))
    return client


def _authorities(tls: Tls) -> str | None:
    """Return whom to believe about the engine: by default the system's own authorities."""
    return tls.ca or ssl.get_default_verify_paths().cafile
