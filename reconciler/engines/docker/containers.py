"""What the engine's JSON about containers means.

Pure, and quick: a list of hundreds is parsed on every pass.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from reconciler.engines.ownership import attempt_of, spelled_name
from reconciler.model.claim import claim_in
from reconciler.model.confinement import Confinement, capabilities_left
from reconciler.model.identity import (
    LABEL_JOB,
    LABEL_REVISION,
    LABEL_SECRETS,
    LABEL_SHAPE,
    LABEL_VALUES,
    LABEL_WORK,
)
from reconciler.model.observed import Container, ContainerDetail, Healthiness, Phase, Published

Json = Mapping[str, Any]

_PHASES: Final = {
    "created": Phase.CREATED,
    "running": Phase.RUNNING,
    "paused": Phase.RUNNING,
    "restarting": Phase.RUNNING,
    "exited": Phase.EXITED,
    "removing": Phase.REMOVING,
    # Its removal has failed, or the engine died over it: nobody goes on with it but who asks again.
    "dead": Phase.EXITED,
}
_HEALTH: Final[tuple[tuple[str, Healthiness], ...]] = (
    ("(healthy)", "healthy"),
    ("(unhealthy)", "unhealthy"),
    ("(health: starting)", "starting"),
)
_SAID_HEALTH: Final[Mapping[str, Healthiness]] = {
    "healthy": "healthy", "unhealthy": "unhealthy", "starting": "starting",
}  # fmt: skip
_EXITED: Final = re.compile(r"Exited \((-?\d+)\)")
_NANO: Final = 1_000_000_000
_NEVER: Final = "0001-01-01T00:00:00Z"


def listed(node: str, entry: Json) -> Container | None:
    """Return the container of an entry of the list call, None when it is not ours."""
    labels = entry["Labels"]
    name = spelled_name(labels)
    # A link of another container's adds a name, so ours is one of them.
    if name is None or f"/{name}" not in (entry["Names"] or ()):
        return None
    phase = _PHASES.get(entry["State"], Phase.REMOVING)
    status = entry["Status"]
    health = _health_in(status) if phase is Phase.RUNNING else ""
    code = _exit_code_in(status) if phase is Phase.EXITED else None
    ports = _published(entry["Ports"]) if entry["Ports"] else ()
    return _container(node, entry["Id"], name, labels, phase, health, code, entry["ImageID"], ports)


def inspected(node: str, found: Json) -> ContainerDetail | None:
    """Return the container of an inspect call, None when it is not ours."""
    labels = found["Config"]["Labels"]
    name = spelled_name(labels)
    if name is None or found["Name"] != f"/{name}":
        return None
    state = found["State"]
    phase = _PHASES.get(state["Status"], Phase.REMOVING)
    said = (state.get("Health") or {}).get("Status", "")
    health = _SAID_HEALTH.get(said, "") if phase is Phase.RUNNING else ""
    code = state["ExitCode"] if phase is Phase.EXITED else None
    started, finished = epoch(state["StartedAt"]), epoch(state["FinishedAt"])
    if phase is Phase.EXITED and finished:
        # Two programs take these times: of a short life the end can come before the beginning.
        finished = max(started, finished)
    ports = _bound((found.get("NetworkSettings") or {}).get("Ports") or {})
    return ContainerDetail(
        _container(node, found["Id"], name, labels, phase, health, code, found["Image"], ports),
        started_at=started,
        finished_at=finished,
        oom=bool(state.get("OOMKilled")),
        error=state.get("Error", ""),
        confinement=_confinement(found["Config"], found["HostConfig"]),
    )


def _confinement(config: Json, host: Json) -> Confinement:
    options = host.get("SecurityOpt") or ()
    mounts = host.get("Mounts") or ()
    in_memory = {mount["Target"] for mount in mounts if mount["Type"] == "tmpfs"}
    return Confinement(
        user=config.get("User", ""),
        groups=tuple(host.get("GroupAdd") or ()),
        network=host["NetworkMode"],
        capabilities=capabilities_left(
            host.get("CapDrop") or (), host.get("CapAdd") or (), privileged=host["Privileged"]
        ),
        no_new_privileges="no-new-privileges:true" in options,
        privileged=host["Privileged"],
        seccomp="unconfined" if "seccomp=unconfined" in options else "default",
        userns=host.get("UsernsMode") or "default",
        read_only_root=host["ReadonlyRootfs"],
        in_memory=tuple(sorted(in_memory | set(host.get("Tmpfs") or ()))),
        pids=max(0, host.get("PidsLimit") or 0),
        memory=host.get("Memory") or 0,
        cpus=(host.get("NanoCpus") or 0) / _NANO,
        init=bool(host.get("Init")),
    )


def epoch(stamp: str) -> float:
    """Return a time of the engine's as epoch seconds, 0.0 for never or nonsense."""
    if stamp == _NEVER:
        return 0.0
    with suppress(ValueError):
        return max(0.0, datetime.fromisoformat(stamp).timestamp())
    return 0.0


def _container(  # noqa: PLR0913  # by position: keywords cost as much again, hundreds of times
    node: str,
    identifier: str,
    name: str,
    labels: Mapping[str, str],
    phase: Phase,
    health: Healthiness,
    code: int | None,
    image: str,
    ports: tuple[Published, ...],
) -> Container:
    attempt = attempt_of(name)
    assert attempt is not None  # noqa: S101  # else the labels had spelled no name
    return Container(
        identifier, name, node, attempt, labels[LABEL_WORK], labels[LABEL_SHAPE], phase, health,
        code, image, labels.get(LABEL_JOB, ""), labels.get(LABEL_REVISION, ""),
        labels.get(LABEL_VALUES, ""), claim_in(labels), ports,
        labels.get(LABEL_SECRETS, ""),
    )  # fmt: skip


def _health_in(status: str) -> Healthiness:
    if status.endswith(")"):
        for suffix, health in _HEALTH:
            if status.endswith(suffix):
                return health
    return ""


def _exit_code_in(status: str) -> int | None:
    found = _EXITED.match(status)
    return int(found[1]) if found else None


def _published(ports: Iterable[Json]) -> tuple[Published, ...]:
    """Return the ports of a list's entry; IPv4 and IPv6 of the same are one."""
    found = {
        Published(port["PrivatePort"], port["PublicPort"], port["Type"])
        for port in ports
        if port.get("PublicPort")
    }
    return tuple(sorted(found))


def _bound(ports: Mapping[str, list[dict[str, str]] | None]) -> tuple[Published, ...]:
    """Return the same of what an inspection tells."""
    found = set()
    for inside, bindings in ports.items():
        number, _, protocol = inside.partition("/")
        hosts = (binding.get("HostPort") for binding in bindings or ())
        found |= {Published(int(number), int(host), protocol) for host in hosts if host}
    return tuple(sorted(found))
