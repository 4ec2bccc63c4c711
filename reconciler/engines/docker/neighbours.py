"""What containers that are not the project's take of a node: those of others, and of anybody.

Decides what counts as taken: the limits that a running container was made with. Looks, and touches
nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from docker import APIClient
from docker.errors import NotFound
from msgspec.structs import replace

from reconciler.engines.docker.client import Clients
from reconciler.engines.docker.containers import listed
from reconciler.engines.ownership import spelled_name
from reconciler.model.claim import Claim, Taken, claim_in
from reconciler.model.identity import LABEL_PROJECT

Json = Mapping[str, Any]

_LIST: Final = 30
_INSPECT: Final = 10
_NANO: Final = 10**9


class Neighbours:
    """What others take of one engine's node. Of whom no label tells, it is looked up once."""

    def __init__(self, clients: Clients) -> None:
        """Nothing is asked yet."""
        self._clients = clients
        self._known: dict[str, Claim] = {}

    def taken(self, project: str) -> Taken:
        """Return what runs of others take, all but what is the project's own."""
        entries = self._clients.call("list what others run", _LIST, lambda c: c.containers())
        others = [entry for entry in entries if not _is_own(entry, project)]
        self._known = {str(entry["Id"]): self._claim_of(entry) for entry in others}
        found = Taken()
        for claim in self._known.values():
            found.add(claim)
        return found

    def _claim_of(self, entry: Json) -> Claim:
        known = self._known.get(entry["Id"])
        if known is not None:
            return known
        labels = entry["Labels"] or {}
        if spelled_name(labels) is not None:
            return replace(claim_in(labels), slot="")
        limits = self._limits_of(str(entry["Id"]))
        return replace(limits, ports=_ports_of(entry)) if limits is not None else Claim()

    def _limits_of(self, container: str) -> Claim | None:
        """Return the limits of a container, None where it is gone."""

        def ask(client: APIClient) -> Any:  # noqa: ANN401  # JSON
            try:
                return client.inspect_container(container)
            except NotFound:
                return None

        found = self._clients.call("look at what others run", _INSPECT, ask)
        return _limits_in(found["HostConfig"]) if found is not None else None


def _is_own(entry: Json, project: str) -> bool:
    labels = entry["Labels"] or {}
    return (
        labels.get(LABEL_PROJECT) == project and listed("", {**entry, "Labels": labels}) is not None
    )


def _limits_in(config: Json) -> Claim:
    period = int(config.get("CpuPeriod") or 100_000)
    quota = max(0, int(config.get("CpuQuota") or 0))
    cpus = int(config.get("NanoCpus") or 0) / _NANO or quota / period
    wanted = config.get("DeviceRequests") or ()
    gpus = sum(_gpus_in(one) for one in wanted)
    pids = max(0, int(config.get("PidsLimit") or 0))
    return Claim(cpus, int(config.get("Memory") or 0), gpus, pids=pids)


def _gpus_in(request: Json) -> int:
    """Return how many GPUs a device request takes, as far as it says a number."""
    asked = {name for group in request.get("Capabilities") or () for name in group}
    if "gpu" not in asked:
        return 0
    return len(request.get("DeviceIDs") or ()) or max(0, int(request.get("Count") or 0))


def _ports_of(entry: Json) -> tuple[tuple[int, str], ...]:
    shown = ((port.get("PublicPort"), port.get("Type", "tcp")) for port in entry["Ports"] or ())
    return tuple(sorted({(int(number), str(kind)) for number, kind in shown if number}))
