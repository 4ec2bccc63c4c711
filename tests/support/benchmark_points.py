"""The points of CIS Docker Benchmark 1.6.0, section 5, that a container's own settings decide.

Each is judged by what an engine says of a container, and worded in our own words. What the section
has besides is not decided by these: 5.1 (Swarm), 5.23 and 5.24 (how `docker exec` is called), 5.28
(how images are refreshed).
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from reconciler.planning.start_script import START

Json = dict[str, Any]
_SENSITIVE: Final = ("/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/var/run")
_PRIVILEGED_PORT: Final = 1024


class Point(NamedTuple):
    """What is asked for, and whether a container is so, given HostConfig and Entrypoint of it."""

    number: str
    asks: str
    holds: Callable[[Json], bool]

    def held_by(self, inspected: Json) -> bool:
        """Whether a container is so, given what the engine says of it."""
        own = {"Entrypoint": inspected["Config"]["Entrypoint"] or ()}
        return self.holds(inspected["HostConfig"] | own)


def _bindings(host: Json) -> list[dict[str, str]]:
    return [one for bound in (host["PortBindings"] or {}).values() for one in bound or ()]


def _binds(host: Json) -> list[Json]:
    return [mount for mount in host.get("Mounts") or () if mount["Type"] == "bind"]


def _options(host: Json) -> str:
    return " ".join(host["SecurityOpt"] or ())


POINTS: Final = (
    Point("5.2", "AppArmor is not turned off", lambda h: "apparmor=unconfined" not in _options(h)),
    Point("5.3", "SELinux is not turned off", lambda h: "label" not in _options(h)),
    Point(
        "5.4",
        "All capabilities are dropped, none is added",
        lambda h: h["CapDrop"] == ["ALL"] and not h["CapAdd"],
    ),
    Point("5.5", "It is not privileged", lambda h: not h["Privileged"]),
    Point(
        "5.6",
        "None of the node's system folders is mounted",
        lambda h: not any(m["Source"].startswith(_SENSITIVE) for m in _binds(h)),
    ),
    Point("5.7", "No sshd runs in it", lambda h: START not in h["Entrypoint"]),
    Point(
        "5.8",
        "No privileged port of the node is taken",
        lambda h: all(
            int(b["HostPort"] or _PRIVILEGED_PORT) >= _PRIVILEGED_PORT for b in _bindings(h)
        ),
    ),
    Point("5.9", "No ports are published but those asked for", lambda h: not h["PublishAllPorts"]),
    Point("5.10", "The node's network is not shared", lambda h: h["NetworkMode"] != "host"),
    Point("5.11", "Memory is limited", lambda h: h["Memory"] > 0),
    Point("5.12", "Processor time is limited", lambda h: h["NanoCpus"] > 0),
    Point("5.13", "The root file system is read-only", lambda h: bool(h["ReadonlyRootfs"])),
    Point(
        "5.14",
        "Ports are published on one of the node's addresses alone",
        lambda h: all(b["HostIp"] for b in _bindings(h)),
    ),
    Point("5.15", "The engine does not restart it", lambda h: h["RestartPolicy"]["Name"] == "no"),
    Point("5.16", "The node's processes are not seen", lambda h: h["PidMode"] == ""),
    Point("5.17", "The node's shared memory is not shared", lambda h: h["IpcMode"] == "private"),
    Point("5.18", "It has no device of the node", lambda h: not h["Devices"]),
    Point("5.19", "Limits of processes are the engine's", lambda h: not h["Ulimits"]),
    Point(
        "5.20",
        "No mount reaches back to the node's",
        lambda h: "shared" not in str([m.get("BindOptions") for m in _binds(h)]),
    ),
    Point("5.21", "The node's name is not shared", lambda h: h["UTSMode"] == ""),
    Point(
        "5.22",
        "System calls are filtered by the engine's filter",
        lambda h: "seccomp" not in _options(h),
    ),
    Point("5.25", "Its cgroup is where the engine puts it", lambda h: h["CgroupParent"] == ""),
    Point("5.26", "Privileges cannot be gained", lambda h: "no-new-privileges:true" in _options(h)),
    Point("5.29", "Processes are limited in number", lambda h: h["PidsLimit"] > 0),
    Point(
        "5.30",
        "The bridge that all containers of an engine share is not used",
        lambda h: h["NetworkMode"] not in {"bridge", "default"},
    ),
    Point("5.31", "The node's users are not shared", lambda h: h["UsernsMode"] == ""),
    Point(
        "5.32",
        "The engine's socket is not mounted",
        lambda h: not any(m["Source"].endswith("docker.sock") for m in _binds(h)),
    ),
)
