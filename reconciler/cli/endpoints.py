"""Where the ports are reached that running instances publish."""

from collections.abc import Sequence

from msgspec import Struct

from reconciler.controller.reading import Report
from reconciler.model.action import Verdict


class Endpoint(Struct, frozen=True):
    """A port of an instance, and where it is reached; `host` is empty where nobody can say."""

    host: str
    port: int
    container: int
    protocol: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        inside = (
            str(self.container) if self.protocol == "tcp" else f"{self.container}/{self.protocol}"
        )
        return f"{host}:{self.port} -> {inside}"


def endpoints_of(report: Report, verdict: Verdict) -> Sequence[Endpoint]:
    """Return where an instance's container is reached, by its ports."""
    view, engine = report.observed.nodes.get(verdict.node), report.engines.get(verdict.node)
    seen = view.containers.get(verdict.container) if view else None
    if seen is None or not seen.live:
        return ()
    host = engine.address if engine else ""
    return [Endpoint(host, port.host, port.container, port.protocol) for port in seen.ports]
