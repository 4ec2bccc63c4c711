"""The engine's own account of when things happened, on the engine's own clock."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.bench import PATIENCE, connect

NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a container; `at` in nanoseconds of the wall clock."""

    action: str
    container: str
    at: int


class Events:
    """What has happened so far, collected by a thread."""

    def __init__(self) -> None:
        self._seen: list[Event] = []
        self._changed = threading.Condition()

    def collect(self, stream: Any) -> None:  # noqa: ANN401  # untyped in docker-py
        """Take in a stream's events until it ends; being closed under its reader is an end."""
        with suppress(Exception):
            for event in stream:
                with self._changed:
                    self._seen.append(Event(event["Action"], event["id"], event["timeNano"]))
                    self._changed.notify_all()

    def first(self, action: str, since: int) -> Event:
        """Wait for the first event of a kind after a moment, in nanoseconds."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for event in self._seen:
                    if event.action == action and event.at > since:
                        return event
                if not self._changed.wait(deadline - time.monotonic()):
                    message = f"waited {PATIENCE:g} s for the event {action}"
                    raise TimeoutError(message)


@contextmanager
def events_of(label: str) -> Iterator[Events]:
    """Collect the events of containers with a label for the length of a block."""
    client = connect()
    stream = client.events(decode=True, filters={"label": label, "type": "container"})
    events = Events()
    threading.Thread(target=events.collect, args=(stream,), daemon=True).start()
    try:
        yield events
    finally:
        with suppress(Exception):  # docker-py shuts its reader's socket down, more or less
            stream.close()
        client.close()
