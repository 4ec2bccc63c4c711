"""Connections to one Docker Engine: a client per thread, a deadline per call.

docker-py's client is not thread-safe, so each thread has its own. It must not know what the
calls mean; it only sees to it that each ends, and that each failure is an engine error.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

import requests
import urllib3
from docker import APIClient
from docker.errors import DockerException, NotFound, create_api_error_from_http_exception
from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnectionPool

from reconciler.engines.docker.errors import translate
from reconciler.engines.docker.wire import Wire
from reconciler.engines.engine import UnreachableError

# The oldest API that has what we use: no call is spent on asking which one the engine speaks.
API_VERSION: Final = "1.41"
FAILURES: Final = (DockerException, OSError, urllib3.exceptions.HTTPError)

Params = dict[str, str]
T = TypeVar("T")


class Clients:
    """The way to one engine, from any thread."""

    def __init__(self, endpoint: str) -> None:
        """Nothing is opened before the first call."""
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._local = threading.local()
        self._open: list[tuple[threading.Thread, APIClient]] = []

    def call(self, doing: str, deadline: int, ask: Callable[[APIClient], T]) -> T:
        """Return what `ask` gets from this thread's client, or raise the engine error for it."""
        try:
            client = self._mine()
            client.timeout = deadline
            return ask(client)
        except FAILURES as error:
            raise self._translated(error, doing, deadline) from error

    def stream(
        self, doing: str, path: str, params: Params, *, deadline: int, idle: float | None
    ) -> Wire | None:
        """Open an answer that is read as it comes; None where what is asked for does not exist.

        `idle` bounds each wait for more of it.
        """

        def ask(client: APIClient) -> requests.Response | None:
            url = url_of(client, path)
            response = client.get(url, params=params, stream=True, timeout=deadline)
            with suppress(NotFound):
                return accepted(response)
            return None

        response = self.call(doing, deadline, ask)
        return None if response is None else self.wire(doing, response, idle=idle)

    def wire(self, doing: str, response: requests.Response, *, idle: float | None) -> Wire:
        """Return an answer's body to be read as it comes."""

        def failed(error: Exception) -> Exception:
            return self._translated(error, doing, idle or 0)

        return Wire(response, idle, failed)

    def close(self) -> None:
        """Close all threads' clients. A later call opens a new one."""
        with self._lock:
            gone, self._open = self._open, []
            self._local = threading.local()
        for _, client in gone:
            client.close()

    def _translated(self, error: Exception, doing: str, deadline: float) -> Exception:
        return translate(error, doing=doing, endpoint=self.endpoint, deadline=deadline)

    def _mine(self) -> APIClient:
        client: APIClient | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = _connect(self.endpoint)
            self._keep(client)
        return client

    def _keep(self, client: APIClient) -> None:
        """Note a client for close(), and close those whose threads have ended."""
        with self._lock:
            ended = [old for thread, old in self._open if not thread.is_alive()]
            self._open = [pair for pair in self._open if pair[0].is_alive()]
            self._open.append((threading.current_thread(), client))
        for old in ended:
            old.close()


def url_of(client: APIClient, path: str) -> str:
    """Return the address of a call that docker-py offers no suitable method for."""
    return f"{client.base_url}/v{client.api_version}{path}"


def accepted(response: requests.Response) -> requests.Response:
    """Return a streamed answer that says yes, raise docker-py's error for one that says no."""
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        with response:
            create_api_error_from_http_exception(error)  # which raises
    return response


class _OnePool(UnixHTTPAdapter):
    """docker-py's unix sockets, reused for every path: it would pool them by whole URL."""

    def get_connection(
        self,
        url: bytes | str,  # noqa: ARG002  # docker-py's signature
        proxies: object = None,  # noqa: ARG002
    ) -> UnixHTTPConnectionPool:
        return super().get_connection("http+docker://localhost")


def _connect(endpoint: str) -> APIClient:
    if not endpoint.startswith("unix://"):
        raise UnreachableError(f"the engine at {endpoint} is out of reach: not supported yet")
    client = APIClient(base_url=endpoint, version=API_VERSION)
    client.trust_env = False  # else proxies and REQUESTS_CA_BUNDLE of the caller's shell apply
    client.mount("http+docker://", _OnePool(f"http+{endpoint}"))
    return client
