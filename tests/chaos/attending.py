"""Somebody who stays by an engine, restarts it when it is wedged, and keeps count.

Engine 20.10 locks itself up now and then when much is removed: it answers pings, and whatever
takes its locks hangs for ever. That is no fault of whom is tested here, and nothing to be hidden
by trying again: it is noticed from outside, and told.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Literal, NamedTuple

from docker import APIClient
from docker.errors import DockerException

Condition = Literal["well", "wedged", "gone"]
# A call that takes the engine's locks answers in milliseconds, on a busy machine in seconds.
DEADLINE = 20
_PAUSE = 2.0
_PING = 10


class Trouble(NamedTuple):
    """What befell an engine, and from when to when, by the clock of `time.monotonic`."""

    what: str
    since: float
    until: float


def condition(url: str, deadline: int = DEADLINE) -> Condition:
    """Ask an engine how it is: by calls that take its locks, then by one that takes none."""
    with suppress(DockerException, OSError):
        for ask in ("networks", "info"):
            with _client(url, deadline) as client:
                getattr(client, ask)()
        return "well"
    with suppress(DockerException, OSError), _client(url, _PING) as client:
        client.ping()
        return "wedged"
    return "gone"


class Attendant:
    """Looks at the engine at `url` from `start` to `stop`; `restart` is how it is mended.

    `calm` is held while it restarts: whoever holds it finds an engine that stays, or does with it
    what nobody is to mend.
    """

    def __init__(
        self, url: str, restart: Callable[[Condition], None], deadline: int = DEADLINE
    ) -> None:
        self.calm = threading.RLock()
        self.found: list[Trouble] = []
        self._url = url
        self._restart = restart
        self._deadline = deadline
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._attend, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._leaving.set()
        self._thread.join()

    def _attend(self) -> None:
        well = time.monotonic()
        while not self._leaving.wait(_PAUSE):
            asked = time.monotonic()
            seen = condition(self._url, self._deadline)
            # Asked twice: a machine may stand still for a while, an engine that is wedged stays so.
            if seen == "well" or condition(self._url, self._deadline) != seen:
                well = asked
                continue
            with self.calm:
                # Whoever held it until now may have been what was seen.
                if condition(self._url, self._deadline) == seen:
                    self._restart(seen)
                    self.found.append(Trouble(seen, well, time.monotonic()))
            well = time.monotonic()


def _client(url: str, deadline: int) -> closing[APIClient]:
    return closing(APIClient(base_url=url, version="1.41", timeout=deadline))
