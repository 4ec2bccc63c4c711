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

from reconciler.engines.docker.endpoints import host_of, way_to
from reconciler.engines.docker.errors import translate
from reconciler.engines.docker.roads import Road, road
from reconciler.engines.docker.wire import Wire
from reconciler.engines.engine import UnreachableError
from reconciler.model.desired import Tls

FAILURES: Final = (DockerException, OSError, urllib3.exceptions.HTTPError)

Params = dict[str, str]
T = TypeVar("T")


class Clients:
    """The way to one engine, from any thread."""

    def __init__(self, endpoint: str, tls: Tls | None = None, ssh_config: str = "") -> None:
        """Nothing is opened before the first call, nor is any file looked at."""
        self.endpoint = endpoint
        self._tls = tls or Tls()
        self._ssh_config = ssh_config
        self._road: Road | None = None
        self._lock = threading.Lock()
        self._local = threading.local()
        self._open: list[tuple[threading.Thread, APIClient]] = []

    @property
    def address(self) -> str:
        """The machine that the endpoint names, empty where it leads nowhere."""
        try:
            return host_of(way_to(self.endpoint, self._tls))
        except UnreachableError:
            return ""

    def call(self, doing: str, deadline: int, ask: Callable[[APIClient], T]) -> T:
        """Return what `ask` gets from this thread's client, or raise the engine error for it."""
        try:
            self._found_road().ready()
            client = self._mine()
            client.timeout = deadline
            return ask(client)
        except UnreachableError as error:  # the way itself says why
            raise UnreachableError(_failed(doing, str(error))) from error
        except FAILURES as error:
            raise self.translated(error, doing, deadline) from error

    def stream(
        self, doing: str, path: str, params: Params, *, deadline: int, idle: float | None
    ) -> Wire | None:
        """Open an answer that is read as it comes; None where what is asked for does not exist.

        `idle` bounds each wait for more of it.
        """

        def ask(client: APIClient) -> requests.Response | None:
            url = url_of(client, path)
            # Asked for it, an engine packs what it sends, at a third of the speed.
            plain = {"Accept-Encoding": "identity"}
            response = client.get(url, params=params, stream=True, timeout=deadline, headers=plain)
            with suppress(NotFound):
                return accepted(response)
            return None

        response = self.call(doing, deadline, ask)
        return None if response is None else self.wire(doing, response, idle=idle)

    def wire(self, doing: str, response: requests.Response, *, idle: float | None) -> Wire:
        """Return an answer's body to be read as it comes."""

        def failed(error: Exception) -> Exception:
            return self.translated(error, doing, idle or 0)

        return Wire(response, idle, failed)

    def close(self) -> None:
        """Close all threads' clients. A later call opens a new one."""
        with self._lock:
            gone, self._open = self._open, []
            self._local = threading.local()
        for _, client in gone:
            client.close()
        if self._road is not None:
            self._road.close()

    def translated(self, error: Exception, doing: str, deadline: float) -> Exception:
        """Return the engine error for what went wrong on a connection of ours, and why."""
        found = translate(error, doing=doing, endpoint=self.endpoint, deadline=deadline)
        told = self._road.complaint() if self._road is not None else ""
        if told and isinstance(found, UnreachableError):
            return UnreachableError(_failed(doing, told))
        return found

    def _found_road(self) -> Road:
        with self._lock:
            if self._road is None:
                self._road = road(way_to(self.endpoint, self._tls), self._ssh_config)
            return self._road

    def _mine(self) -> APIClient:
        client: APIClient | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = self._found_road().connect()
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


def _failed(doing: str, why: str) -> str:
    prefix = f"could not {doing}: "
    return why if why.startswith(prefix) else prefix + why
