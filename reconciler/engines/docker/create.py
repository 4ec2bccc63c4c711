"""What the engine is told to create: a request, written in the engine's own JSON.

Pure, and complete: hardening is spelled out rather than left to an engine's configuration.
It must not know what was there before.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from reconciler.engines.ownership import volume_labels
from reconciler.model.action import CreateRequest
from reconciler.model.cluster import Membership
from reconciler.model.confinement import MODES_IN_MEMORY, folders_in_memory
from reconciler.model.identity import volume_name
from reconciler.model.spec import Health, InstanceSpec, LogLimits, Mount, Port, Resources, Security

Json = dict[str, Any]
_NANO: Final = 1_000_000_000
_WORLD_WRITABLE: Final = 0o1777


class Words(Struct, frozen=True):
    """What an image runs by itself."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def config_of(
    request: CreateRequest,
    own: Words = Words(),  # noqa: B008  # frozen
    shared: Mapping[str, str] = MappingProxyType({}),
) -> Json:
    """Return the body of the create call. `own` is needed where there is a launcher.

    `shared` are the volumes, by target, of the data that are mounted.
    """
    spec = request.spec
    config: Json = {
        "Image": request.image,
        "Env": [f"{name}={value}" for name, value in _variables(request)],
        "Labels": dict(request.labels),
        "StopSignal": spec.stop.signal,
        "Tty": spec.tty,
        "OpenStdin": spec.stdin,
        "StdinOnce": spec.stdin,
        # What the engine grants when it is itself shut down.
        "StopTimeout": math.ceil(spec.stop.grace),
        "Healthcheck": _health(spec.health),
        "ExposedPorts": {_port(port): {} for port in spec.ports},
        "HostConfig": _host(request, shared),
    }
    said: Json = {"User": spec.user, "WorkingDir": spec.workdir, "Hostname": spec.hostname}
    config |= {name: value for name, value in said.items() if value}
    if request.membership is not None:
        config["NetworkingConfig"] = _attached(request.membership)
    return config | _program(request, own)


def _variables(request: CreateRequest) -> list[tuple[str, str]]:
    return [*(dict(request.env) | dict(request.disclosed.variables)).items()]


def _program(request: CreateRequest, own: Words) -> Json:
    """Return what is run. None leaves the image's own in force; an empty list clears it."""
    entrypoint, command = request.spec.entrypoint, request.spec.command
    if not request.launcher:
        said = {"Entrypoint": entrypoint, "Cmd": command}
        return {name: [*words] for name, words in said.items() if words is not None}
    if entrypoint is None:
        entrypoint, command = own.entrypoint, own.command if command is None else command
    return {"Entrypoint": [*request.launcher], "Cmd": [*entrypoint, *(command or ())]}


def _attached(to: Membership) -> Json:
    own = {"IPAMConfig": {"IPv4Address": to.address}}
    return {"EndpointsConfig": {to.network.name: own}}


def own_volumes(request: CreateRequest) -> tuple[tuple[str, dict[str, str]], ...]:
    """Return the names and labels of the volumes that are the project's own, in order."""
    return tuple(
        (
            volume_name(request.project, mount.source),
            volume_labels(request.project, mount.source),
        )
        for mount in request.spec.mounts
        if mount.type == "volume" and mount.source and not mount.external
    )


def external_volumes(request: CreateRequest) -> tuple[str, ...]:
    """Return the names of the volumes that must be there already."""
    return tuple(m.source for m in request.spec.mounts if m.type == "volume" and m.external)


def _host(request: CreateRequest, shared: Mapping[str, str]) -> Json:
    spec, membership = request.spec, request.membership
    host: Json = {
        "RestartPolicy": {"Name": "no"},  # one restarter: ours
        "AutoRemove": False,  # record before remove
        "NetworkMode": membership.network.name if membership else spec.network,
        "PortBindings": _bindings(spec.ports),
        "Init": spec.init,
        "GroupAdd": [*spec.groups],
        "LogConfig": _logs(spec.logs),
        # The Mounts API never creates the source of a bind; Binds would, as root.
        "Mounts": [
            *(_mount(request.project, mount) for mount in _mounts(request)),
            *(_shared(target, volume) for target, volume in shared.items()),
        ],
    }
    if membership is not None:
        host["ExtraHosts"] = [f"{one.name}:{one.address}" for one in membership.peers]
    return host | _security(spec.security) | _resources(spec.resources) | _in_memory(spec)


def _in_memory(spec: InstanceSpec) -> Json:
    folders = {path: f"mode={MODES_IN_MEMORY[path]:o}" for path in folders_in_memory(spec)}
    return {"Tmpfs": folders} if folders else {}


def _mounts(request: CreateRequest) -> tuple[Mount, ...]:
    scratch = (Mount(type="volume", target=folder) for folder in request.scratch)
    return (*request.spec.mounts, *scratch)


def _security(security: Security) -> Json:
    options = []
    if security.no_new_privileges:
        options.append("no-new-privileges:true")
    if security.seccomp == "unconfined":
        options.append("seccomp=unconfined")
    return {
        "SecurityOpt": options,
        "CapDrop": [*security.cap_drop],
        "CapAdd": [*security.cap_add],
        "ReadonlyRootfs": security.read_only_root,
        "Privileged": security.privileged,
        "UsernsMode": "host" if security.userns == "host" else "",
    }


def _resources(resources: Resources) -> Json:
    limits: Json = {
        "NanoCpus": round(resources.cpus * _NANO),
        "Memory": resources.memory,
        "MemorySwap": resources.memory,  # memory and swap together: no swap
        "PidsLimit": resources.pids,
        "ShmSize": resources.shm,
    }
    limits = {name: value for name, value in limits.items() if value}
    if resources.gpus:
        asked: Json = {"Driver": "", "Count": resources.gpus, "Capabilities": [["gpu"]]}
        limits["DeviceRequests"] = [asked]
    if resources.ulimits:
        limits["Ulimits"] = [
            {"Name": name, "Soft": soft, "Hard": hard} for name, soft, hard in resources.ulimits
        ]
    return limits


def _logs(logs: LogLimits) -> Json:
    bounds: dict[str, str] = {}
    if logs.max_size:  # the engine refuses a number of files without a size
        bounds = {"max-size": str(logs.max_size), "max-file": str(max(1, logs.max_files))}
    return {"Type": "json-file", "Config": bounds}


def _health(health: Health) -> Json:
    if not health.command:
        return {"Test": ["NONE"]}  # the image's own check is not asked for either
    return {
        "Test": ["CMD", *health.command],
        "Interval": round(health.interval * _NANO),
        "Timeout": round(health.timeout * _NANO),
        "Retries": health.retries,
        "StartPeriod": round(health.start_period * _NANO),
    }


def _bindings(ports: tuple[Port, ...]) -> Json:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        host = str(port.host) if port.host else ""
        bindings.setdefault(_port(port), []).append({"HostPort": host})
    return bindings


def _port(port: Port) -> str:
    return f"{port.container}/{port.protocol}"


def _shared(target: str, volume: str) -> Json:
    made: Json = {"Type": "volume", "Source": volume, "Target": target, "ReadOnly": True}
    return made | {"VolumeOptions": {"NoCopy": True}}


def _mount(project: str, mount: Mount) -> Json:
    made: Json = {"Type": mount.type, "Target": mount.target, "ReadOnly": mount.read_only}
    if mount.type == "tmpfs":
        size = {"SizeBytes": mount.size} if mount.size else {}
        return made | {"TmpfsOptions": {"Mode": _WORLD_WRITABLE, **size}}
    if mount.type == "volume" and mount.source and not mount.external:
        return made | {"Source": volume_name(project, mount.source)}
    return made | {"Source": mount.source}
