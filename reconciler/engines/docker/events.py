"""The engine's events, as hints about the project's containers and its claim.

One subscription for all: the engine would filter volumes' events by a label that they do not
have. There is no heartbeat, so a stream that silently died looks like a quiet one: whoever
subscribes does so again from time to time.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from reconciler.engines.docker.client import Clients
from reconciler.engines.docker.wire import Wire, objects
from reconciler.engines.engine import EngineError, EngineEvent, UnreachableError
from reconciler.model.identity import LABEL_PROJECT

_DEADLINE: Final = 10
# The engine answers a moment before it subscribes us. What falls between is asked for again.
_OVERLAP: Final = 1
# Not `exec_*`: every health check makes three of them.
_ACTIONS: Final = (
    "create", "start", "kill", "oom", "die", "destroy", "pause", "unpause", "rename",
    "health_status",
)  # fmt: skip


def subscribe(
    clients: Clients, project: str, claim: str, settle: Callable[[str], object]
) -> "Events":
    """Subscribe to a project's container events and those of the volume that claims it.

    `settle` is to wait until the engine has made up its mind about a container.
    """
    filters = {"type": ["container", "volume"], "event": list(_ACTIONS)}
    params = {"since": str(int(time.time()) - _OVERLAP), "filters": json.dumps(filters)}
    doing = f"watch the events of project {project}"
    wire = clients.stream(doing, "/events", params, deadline=_DEADLINE, idle=None)
    if wire is None:
        raise UnreachableError(f"could not {doing}: the engine offers none")
    return Events(wire, project, claim, settle)


class Events:
    """An open subscription."""

    def __init__(
        self, wire: Wire, project: str, claim: str, settle: Callable[[str], object]
    ) -> None:
        """Take over an open answer to the events call."""
        self._wire = wire
        self._project = project
        self._claim = claim
        self._settle = settle

    def __iter__(self) -> Iterator[EngineEvent]:
        """Yield events until closed.

        Raises:
            UnreachableError: the engine ended the stream, or the connection broke.
        """
        for told in objects(self._chunks()):
            event = event_of(told, self._project, self._claim)
            if event is None:
                continue
            if event.action == "die":
                # Told while the engine still holds the container's lock: until it lets go,
                # a list goes on showing it as running.
                with suppress(EngineError):
                    self._settle(event.id)
            yield event

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._wire.close()

    def _chunks(self) -> Iterator[bytes]:
        yield from self._wire.chunks()
        if not self._wire.ended_by_us:
            raise UnreachableError("the engine ended its stream of events")


def event_of(told: Mapping[str, Any], project: str, claim: str) -> EngineEvent | None:
    """Return the event that a line of the stream tells, None when it is no concern of ours."""
    actor = told.get("Actor") or {}
    attributes = actor.get("Attributes") or {}
    action, identifier = told.get("Action", ""), actor.get("ID", "")
    at = told.get("timeNano", 0) / 1e9
    if told.get("Type") == "volume" and identifier == claim:
        return EngineEvent("volume", action, identifier, identifier, at)
    if told.get("Type") == "container" and attributes.get(LABEL_PROJECT) == project:
        name = attributes.get("name", "")
        code = _number(attributes.get("exitCode", "")) if action == "die" else None
        signal = _number(attributes.get("signal", "")) if action == "kill" else None
        return EngineEvent("container", action, identifier, name, at, code, signal)
    return None


def _number(said: str) -> int | None:
    return int(said) if said.isdigit() else None
