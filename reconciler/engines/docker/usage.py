"""What a running container uses, by the engine's own count."""

from collections.abc import Mapping
from typing import Any, Final

from docker import APIClient
from docker.errors import NotFound

from reconciler.engines.docker.client import Clients, accepted, url_of
from reconciler.model.observed import Usage

# Engine 20.10 answers when its collector, which runs every second, comes by.
_DEADLINE: Final = 10
_NANO: Final = 1e-9


def usage_of(clients: Clients, container: str) -> Usage | None:
    """Return what a container uses at the moment, None where it is not running."""

    def ask(client: APIClient) -> Mapping[str, Any] | None:
        url = url_of(client, f"/containers/{container}/stats")
        # Spelled like this: the engine takes `0` for `stream` and then waits for two samples.
        params = {"stream": "false", "one-shot": "true"}
        try:
            with accepted(client.get(url, params=params, timeout=_DEADLINE)) as response:
                found: Mapping[str, Any] = response.json()
        except NotFound:
            return None
        return found

    found = clients.call(f"ask what {container[:12]} uses", _DEADLINE, ask)
    return None if found is None else read(found)


def read(stats: Mapping[str, Any]) -> Usage | None:
    """Return the usage that the engine's answer tells of, None of one that tells of none."""
    memory = stats.get("memory_stats") or {}
    if not memory.get("usage"):
        return None
    details = memory.get("stats") or {}
    # What the kernel would drop first is not counted: `docker stats` does the same.
    droppable = details.get("total_inactive_file") or details.get("inactive_file") or 0
    cpu = (stats.get("cpu_stats") or {}).get("cpu_usage") or {}
    seconds = int(cpu.get("total_usage") or 0) * _NANO
    return Usage(seconds, max(0, int(memory["usage"]) - int(droppable)))
