"""The engine's events: live to subscribers, and the last 256 to those that come late."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Final

from reconciler.engines.engine import EngineEvent, UnreachableError

_KEPT: Final = 256


class SimulatedEvents:
    """An open subscription to one project's events."""

    def __init__(self, changed: threading.Condition, project: str) -> None:
        """Share the engine's lock; `project` selects."""
        self.project = project
        self._changed = changed
        self._waiting: deque[EngineEvent] = deque()
        self._closed = False
        self._broken = False

    def __iter__(self) -> Iterator[EngineEvent]:
        """Yield events, waiting for each, until closed.

        Raises:
            UnreachableError: the engine went away.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed or self._broken)
                if self._closed:
                    return
                if not self._waiting:
                    raise UnreachableError("the engine ended its stream of events")
                event = self._waiting.popleft()
            yield event

    def pending(self) -> tuple[EngineEvent, ...]:
        """Return what has come and not been read, without waiting."""
        with self._changed:
            events = tuple(self._waiting)
            self._waiting.clear()
            return events

    def close(self) -> None:
        """End the iteration."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def put(self, event: EngineEvent) -> None:
        """Let the subscriber have an event. The caller holds the lock."""
        self._waiting.append(event)
        self._changed.notify_all()

    def break_off(self) -> None:
        """End the stream as a dying engine does. The caller holds the lock."""
        self._broken = True
        self._changed.notify_all()


class Ring:
    """All subscriptions, and what those that are yet to come can still learn."""

    def __init__(self, changed: threading.Condition) -> None:
        """Share the engine's lock, which callers hold."""
        self._changed = changed
        self._kept: deque[tuple[str, EngineEvent]] = deque(maxlen=_KEPT)
        self._streams: list[SimulatedEvents] = []

    def tell(self, project: str, event: EngineEvent) -> None:
        """Tell an event of a project's."""
        self._kept.append((project, event))
        for stream in self._streams:
            if stream.project == project:
                stream.put(event)

    def subscribe(self, project: str, since: float) -> SimulatedEvents:
        """Return a subscription that begins with the kept events of `since` and later."""
        stream = SimulatedEvents(self._changed, project)
        for owner, event in self._kept:
            if owner == project and event.at >= since:
                stream.put(event)
        self._streams.append(stream)
        return stream

    def drop(self) -> None:
        """Forget everything and break all streams: the engine restarts."""
        self._kept.clear()
        for stream in self._streams:
            stream.break_off()
        self._streams.clear()
