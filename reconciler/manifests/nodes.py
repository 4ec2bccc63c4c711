"""What a Node's manifest means, and what is wrong with it that its schema does not show.

Decides which endpoints can be meant, and that what a node keeps for itself is not more than it
has. Must not know who may name which endpoint: that is for `guarding` to say.
"""

import re
from typing import Final

from msgspec import Struct

from reconciler.manifests.documents import Entry
from reconciler.manifests.fields import Fields
from reconciler.manifests.guarding import Guard
from reconciler.manifests.literals import check_literal
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.tree import Mapping, Scalar
from reconciler.model.amounts import Amounts
from reconciler.model.desired import NodeSpec, Tls
from reconciler.model.quantities import parse_bytes, parse_cpus, parse_duration

HOST: Final = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_PORT: Final = (
    r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
)


class _Way(Struct, frozen=True):
    """A way to reach an engine: what follows `SCHEME://`, and what to say where it does not."""

    pattern: str
    hint: str


_WAYS: Final = {
    "unix": _Way(r"/[^\0]*[^/\0]", "Write the socket's path: unix:///var/run/docker.sock."),
    "tcp": _Way(f"{HOST}:{_PORT}", "Write HOST:PORT, such as tcp://big-1.example.org:2376."),
    "ssh": _Way(
        rf"(?:[A-Za-z0-9_][-A-Za-z0-9_.]*@)?{HOST}(?::{_PORT})?(?:/[^\0:]*)?",
        "Write [USER@]HOST[:PORT][/SOCKET], such as ssh://ops@big-1.example.org.",
    ),
    "context": _Way(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", "Write its name, such as context://lab."),
}
_NOT_YET: Final = {
    "power": "no energy is accounted for",
}


def check_node(entry: Entry, guard: Guard) -> None:
    """Report what a node cannot be, what it may not be, and what is not done with it yet."""
    spec, report = entry.spec, guard.report
    if not entry.sound or not check_literal(spec, report):
        return
    endpoint = spec.get("endpoint")
    if isinstance(endpoint, Scalar) and check_endpoint(endpoint, endpoint.text, report):
        guard.endpoint(endpoint)
    check_tls(spec, report)
    guard.secret_file(spec.get("tls", "key"))
    _check_amounts(Fields(spec, report))
    for name in ("nodeTimeout", "drainGrace"):
        Fields(spec, report).parsed(name, parse_duration, 0.0)
    _check_power(Fields(spec.mapping("power"), report))
    _warn_of_unused(spec, report)


def node_spec(entry: Entry) -> NodeSpec:
    """Return a node as its manifest asks for it; what cannot be meant is left out."""
    spec = Fields(entry.spec, Report())
    return NodeSpec(
        name=entry.name,
        endpoint=spec.text("endpoint"),
        labels=entry.labels,
        tls=tls_of(entry.spec),
        capacity=_amounts(spec.below("capacity")),
        reserve=_amounts(spec.below("reserve")),
        timeout=spec.parsed("nodeTimeout", parse_duration, NodeSpec("", "").timeout),
        cordon=spec.flag("cordon", default=False),
        drain=spec.flag("drain", default=False),
        drain_grace=spec.parsed("drainGrace", parse_duration, None),
    )


def tls_of(spec: Mapping) -> Tls:
    """Return the files with which an engine is asked."""
    tls = spec.mapping("tls")
    return Tls(tls.text("ca"), tls.text("cert"), tls.text("key"))


def _amounts(fields: Fields) -> Amounts:
    return Amounts(
        cpus=fields.parsed("cpus", parse_cpus, None),
        memory=fields.parsed("memory", parse_bytes, None),
        gpus=fields.whole("gpus", 0) if "gpus" in fields.node.items else None,
        pids=fields.whole("pids", 0) if "pids" in fields.node.items else None,
    )


def check_endpoint(node: Scalar, endpoint: str, report: Report) -> bool:
    """Report an endpoint that cannot be meant, at its node; return whether it can."""
    scheme, _, rest = endpoint.partition("://")
    way = _WAYS.get(scheme)
    if way is None or re.fullmatch(way.pattern, rest):
        return True
    message = f"endpoint: {shorten(node.text)} cannot be reached: {shorten(rest)} is not what"
    report.about(node, "bad-endpoint", f"{message} {scheme}:// wants", way.hint)
    return False


def check_tls(spec: Mapping, report: Report) -> None:
    """Report files that an endpoint has no use for, or that do not belong together."""
    tls = Fields(spec.mapping("tls"), report)
    scheme = spec.text("endpoint").partition("://")[0]
    given = [name for name in ("ca", "cert", "key") if tls.text(name)]
    for name in given:
        node = tls.node.get(name) or tls.node
        if scheme != "tcp":
            at, pointer = tls.node.place(name)
            message = f"tls.{name} is for tcp endpoints only"
            tls.report.error("excluded-field", at, pointer, message, "Remove it.")
        elif not tls.text(name).startswith("/"):
            message = f"tls.{name}: {shorten(tls.text(name))} is no absolute path"
            tls.report.about(node, "bad-path", message, "Begin it with /.")
    if scheme == "tcp" and len({"cert", "key"} & set(given)) == 1:
        lacking = "key" if "cert" in given else "cert"
        message = f"tls.{lacking} is missing: cert and key come together"
        tls.report.about(tls.node, "missing-field", message)


def _check_amounts(fields: Fields) -> None:
    capacity, reserve = fields.below("capacity"), fields.below("reserve")
    for name in ("cpus", "memory", "gpus", "pids"):
        has, keeps = _amount(capacity, name), _amount(reserve, name)
        if has is not None and keeps is not None and keeps > has:
            node = reserve.node.get(name) or reserve.node
            message = f"reserve.{name}: {reserve.text(name)} of {capacity.text(name)} is too much"
            hint = "The reserve is a part of the capacity."
            fields.report.about(node, "out-of-range", message, hint)


def _amount(fields: Fields, name: str) -> float | None:
    if name == "memory":
        return fields.parsed(name, parse_bytes, None)
    return fields.parsed(name, parse_cpus if name == "cpus" else float, None)


def _check_power(power: Fields) -> None:
    idle, most = power.node.get("idleWatts"), power.node.get("maxWatts")
    if idle and most and power.number("idleWatts", 0) > power.number("maxWatts", 0):
        message = "power.maxWatts is less than power.idleWatts"
        power.report.about(most, "out-of-range", message, "Exchange the two?")


def _warn_of_unused(spec: Mapping, report: Report) -> None:
    """Tell of what is understood and not acted upon yet, unless it says what is so anyway."""
    for name, instead in _NOT_YET.items():
        node = spec.get(name)
        if node is not None and node.plain not in ({}, False):
            message = f"{name} is not supported yet: {instead}"
            report.warn("not-supported-yet", *spec.place(name), message)
