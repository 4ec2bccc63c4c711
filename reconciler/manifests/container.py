"""A task's container tree → InstanceSpec.

Decides nothing but defaults: a field that is not given keeps the model's. Must not know
profiles or constants, which are merged and substituted before.
"""

from typing import Any, Final

from reconciler.manifests.confidential import read_login
from reconciler.manifests.documents import items_of, pairs
from reconciler.manifests.fields import Fields
from reconciler.manifests.images import has_origin, read_image, read_origin
from reconciler.manifests.mounts import read_mounts
from reconciler.manifests.reporting import shorten
from reconciler.manifests.tree import Mapping, Node, Scalar
from reconciler.manifests.vocabulary import capability, device, signal
from reconciler.model.policy import normal
from reconciler.model.quantities import parse_bytes, parse_cpus, parse_duration
from reconciler.model.spec import (
    Health,
    InstanceSpec,
    LogLimits,
    Pairs,
    Port,
    Resources,
    Security,
    Stop,
)
from reconciler.model.staging import Account

_WITHOUT_PORTS: Final = {
    "none": "ports need a network, and there is none",
    "host": "no ports are passed on in the node's own network: all are open there",
}
_NOT_IN_ENTRIES: Final = frozenset(":\n\r\0")
_NO_HEALTH: Final = Health()
_NO_STOP: Final = Stop()
_NO_LOGS: Final = LogLimits()
_NO_RESOURCES: Final = Resources()
_NO_SECURITY: Final = Security()


def read_container(fields: Fields, *, constants: Pairs, nodes: Pairs) -> InstanceSpec:
    """Return the spec of a container; what it cannot be is reported."""
    # The schema has checked the choices, which the model knows as literals.
    choices: dict[str, Any] = {
        "pull": fields.below("image").choice("pull", "missing"),
        "network": fields.choice("network", "none"),
    }
    return InstanceSpec(
        image=read_image(fields.below("image")),
        origin=read_origin(fields.below("image")),
        entrypoint=fields.words("entrypoint"),
        command=fields.words("command"),
        user=fields.text("user"),
        groups=_groups(fields),
        account=_account(fields.below("account")),
        workdir=_workdir(fields),
        hostname=fields.text("hostname"),
        env=_open(fields.node.mapping("env")),
        constants=constants,
        mounts=read_mounts(fields),
        ports=tuple(_port(Fields(node, fields.report)) for node in _listed_ports(fields)),
        resources=_resources(fields.below("resources")),
        security=_security(fields.below("security")),
        init=fields.flag("init", default=True),
        tty=fields.flag("tty", default=False),
        stdin=fields.flag("stdin", default=False),
        health=_health(fields.below("health")),
        stop=_stop(fields.below("stop")),
        logs=_logs(fields.below("logs")),
        nodes=nodes,
        login=read_login(fields.below("image")),
        **choices,
    )


def _open(environment: Mapping) -> Pairs:
    """Return the variables whose values stand here."""
    shown: dict[str, Node] = {
        name: node
        for name, node in environment.items.items()
        if isinstance(node, Scalar) and node.origin is None
    }
    return pairs(environment.like(shown))


def _groups(fields: Fields) -> tuple[str, ...]:
    """Return groups: those of a list, or of a text with commas."""
    said = fields.text("groups")
    return tuple(said.split(",")) if said else fields.texts("groups")


def _account(fields: Fields) -> Account:
    home, node = fields.text("home"), fields.node.get("home")
    if node is not None and home and (not home.startswith("/") or set(home) & _NOT_IN_ENTRIES):
        message = f"the home {shorten(home)} is no absolute path that an entry can hold"
        fields.report.about(node, "bad-path", message, "Begin it with /, and leave : out.")
    return Account(
        entries=fields.flag("entries", default=False),
        name=fields.text("name"),
        home=normal(home),
    )


def _workdir(fields: Fields) -> str:
    path = fields.text("workdir")
    if path and not path.startswith("/"):
        node = fields.node.get("workdir") or fields.node
        message = f"the working directory {path!r} is no absolute path"
        fields.report.about(node, "bad-path", message, "Begin it with /.")
    return path


def check_whole(spec: InstanceSpec, fields: Fields, task: Node, profile: str) -> None:
    """Report what single fields do not show. Only for a spec without other faults."""
    if not has_origin(fields.node.mapping("image")):
        hint = f"Give container.image here or in the profile {profile}."
        fields.report.about(task, "missing-image", "the task has no image", hint)
    network = fields.text("network", "none")
    if spec.ports and network in _WITHOUT_PORTS:
        hint = "Use network: bridge, or the profile docker-network or docker-service."
        first = _listed_ports(fields)[0]
        fields.report.about(first, "excluded-field", _WITHOUT_PORTS[network], hint)
    if spec.account.entries and spec.security.read_only_root:
        at = fields.below("account").node.get("entries") or task
        message = "account entries need a root that can be written to, and readOnlyRoot is true"
        hint = "Write security: {readOnlyRoot: false}, or account: {entries: false}."
        fields.report.about(at, "excluded-field", message, hint)


def _listed_ports(fields: Fields) -> list[Mapping]:
    return items_of(fields.node.get("ports"))


def _port(fields: Fields) -> Port:
    choices: dict[str, Any] = {"protocol": fields.choice("protocol", "tcp")}
    return Port(container=fields.whole("container", 0), host=fields.whole("host", 0), **choices)


def _resources(fields: Fields) -> Resources:
    fields.each("devices", device)
    return Resources(
        cpus=fields.parsed("cpus", parse_cpus, _NO_RESOURCES.cpus),
        memory=fields.parsed("memory", parse_bytes, _NO_RESOURCES.memory),
        pids=fields.whole("pids", _NO_RESOURCES.pids),
        shm=fields.parsed("shm", parse_bytes, _NO_RESOURCES.shm),
        gpus=fields.whole("gpus", 0),
        ulimits=_ulimits(fields.below("ulimits")),
    )


def _ulimits(fields: Fields) -> tuple[tuple[str, int, int], ...]:
    limits = []
    for name, node in sorted(fields.node.items.items()):
        if isinstance(node, Mapping):
            pair = Fields(node, fields.report)
            limits.append((name, pair.whole("soft", 0), pair.whole("hard", 0)))
        else:
            limits.append((name, fields.whole(name, 0), fields.whole(name, 0)))
    return tuple(limits)


def _security(fields: Fields) -> Security:
    choices: dict[str, Any] = {
        "userns": fields.choice("userns", "default"),
        "seccomp": fields.choice("seccomp", "default"),
    }
    rights = fields.below("capabilities")
    dropped = _capabilities(rights, "drop")
    return Security(
        no_new_privileges=fields.flag("noNewPrivileges", default=True),
        read_only_root=fields.flag("readOnlyRoot", default=False),
        cap_drop=_NO_SECURITY.cap_drop if dropped is None else dropped,
        cap_add=_capabilities(rights, "add") or (),
        privileged=fields.flag("privileged", default=False),
        **choices,
    )


def _capabilities(fields: Fields, name: str) -> tuple[str, ...] | None:
    """Return capabilities, sorted for their order means nothing; None where none are given."""
    if name not in fields.node.items:
        return None
    found = set()
    for node in fields.scalars(name):
        single = Fields(Mapping(node.at, node.pointer, {name: node}), fields.report)
        found.add(single.parsed(name, capability, ""))
    return tuple(sorted(found - {""}))


def _health(fields: Fields) -> Health:
    return Health(
        command=fields.words("command") or (),
        interval=fields.parsed("interval", parse_duration, _NO_HEALTH.interval),
        timeout=fields.parsed("timeout", parse_duration, _NO_HEALTH.timeout),
        retries=fields.whole("retries", _NO_HEALTH.retries),
        start_period=fields.parsed("startPeriod", parse_duration, _NO_HEALTH.start_period),
    )


def _stop(fields: Fields) -> Stop:
    return Stop(
        signal=fields.parsed("signal", signal, _NO_STOP.signal),
        grace=fields.parsed("grace", parse_duration, _NO_STOP.grace),
    )


def _logs(fields: Fields) -> LogLimits:
    return LogLimits(
        max_size=fields.parsed("maxSize", parse_bytes, _NO_LOGS.max_size),
        max_files=fields.whole("maxFiles", _NO_LOGS.max_files),
    )
