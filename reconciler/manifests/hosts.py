"""A host list → the nodes that it names; and what becomes of those that manifests declare.

Decides what a host may be called, what its node is called, and which way leads there. A manifest
of a listed node's name goes on to say what the node is like, never how it is reached. Must not know
where the list comes from.
"""

import ipaddress
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from reconciler.manifests import HostList
from reconciler.manifests.declared import Declared, Place
from reconciler.manifests.nodes import HOST, check_endpoint, check_tls, tls_of
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.tree import Mapping as Tree
from reconciler.manifests.tree import Scalar
from reconciler.model.desired import NodeSpec
from reconciler.model.hosts import Hosts
from reconciler.model.identity import NAME_PATTERN
from reconciler.model.operator import Way
from reconciler.model.position import NOWHERE, Position

MAX_BYTES: Final = 1024 * 1024
PLACEHOLDER: Final = "{host}"
_HOST: Final = re.compile(HOST)
_NAME: Final = re.compile(NAME_PATTERN)
_LONGEST: Final = 253
_ANY_HOST: Final = "host"  # to try a template with


def read_way(nodes: Tree, report: Report) -> Way:
    """Return how the operator's configuration says that listed hosts are reached."""
    endpoint = nodes.get("endpoint")
    if not isinstance(endpoint, Scalar) or not endpoint.text:
        check_tls(nodes, report)
        return Way()
    if PLACEHOLDER not in endpoint.text:
        message = f"endpoint: {shorten(endpoint.text)} would be the same for every host"
        hint = f"Write {PLACEHOLDER} where the host belongs, such as ssh://{PLACEHOLDER}."
        report.about(endpoint, "bad-endpoint", message, hint)
    else:
        check_endpoint(endpoint, endpoint.text.replace(PLACEHOLDER, _ANY_HOST), report)
    check_tls(nodes, report)
    return Way(endpoint=endpoint.text, tls=tls_of(nodes))


def read_hosts(path: str, data: bytes, way: Way, here: Collection[str]) -> HostList:
    """Return the nodes of a list, whose problems stand in `path`. `here` is this machine."""
    report = Report()
    if len(data) > MAX_BYTES:
        report.error("file-too-large", Position(path, 1, 1), "", "the list is larger than 1 MiB")
        return HostList(None, report.sorted())
    found: dict[str, tuple[str, Position]] = {}
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), start=1):
        text = line.partition("#")[0]
        host = text.strip()
        if host:
            at = Position(path, number, len(text) - len(text.lstrip()) + 1)
            _take(host, at, found, report)
    if not found and not report.errors():
        hint = "Write one host a line, as `scontrol show hostnames` does."
        report.error("bad-host", Position(path, 1, 1), "", "no host is listed", hint)
    hosts = Hosts(tuple(_node(name, host, way, here) for name, (host, _) in sorted(found.items())))
    return HostList(None if report.errors() else hosts, report.sorted())


def described(host: NodeSpec, declared: Mapping[str, NodeSpec]) -> NodeSpec:
    """Return a listed node as its manifest describes it, if it has one, reached as it is listed."""
    known = declared.get(host.name)
    return replace(known, endpoint=host.endpoint, tls=host.tls) if known is not None else host


def with_hosts(
    index: dict[str, dict[str, Declared]], hosts: Hosts | None
) -> dict[str, dict[str, Declared]]:
    """Return manifests by kind and name, with the listed nodes in place of those declared."""
    if hosts is None:
        return index
    declared = index.get("Node", {})
    nodes = {host.name: declared.get(host.name) or _bare(host.name) for host in hosts.nodes}
    return {**index, "Node": nodes}


def _bare(name: str) -> Declared:
    return Declared(kind="Node", name=name, at=NOWHERE, named=Place(NOWHERE))


def _take(host: str, at: Position, found: dict[str, tuple[str, Position]], report: Report) -> None:
    """Take a host in, or say why not."""
    if len(host) > _LONGEST or not _HOST.fullmatch(host):
        report.error("bad-host", at, "", f"{shorten(host)} is no host's name", _hint(host))
        return
    name = name_of(host)
    if not _NAME.fullmatch(name):
        message = f"{shorten(host)} gives no name of a node: {shorten(name)}"
        hint = "A node's name is of lower-case letters, digits and hyphens, at most 40."
        report.error("bad-host", at, "", message, hint)
        return
    other, before = found.setdefault(name, (host, at))
    if before == at:
        return
    if other.lower() == host.lower():
        report.warn("repeated-host", at, "", f"{host} is listed already, at {before}: once counts")
    else:
        message = f"{host} would be node {name}, as {other} is, at {before}"
        hint = "A node is called as its host is up to the first dot: give one by its address."
        report.error("duplicate-name", at, "", message, hint)


def _hint(host: str) -> str:
    if "[" in host.strip("[]"):
        return "Expand it first: scontrol show hostnames LIST."
    if len(host.split()) > 1 or "," in host:
        return "Write one host a line."
    return "Write a name or an address: letters, digits, hyphens and dots, such as big-1."


def name_of(host: str) -> str:
    """Return what a host's node is called: lower case, without its domain; addresses whole."""
    bare = host.strip("[]").lower()
    with suppress(ValueError):
        return re.sub(r"[.:]+", "-", str(ipaddress.ip_address(bare))).strip("-")
    return bare.partition(".")[0]


def _node(name: str, host: str, way: Way, here: Collection[str]) -> NodeSpec:
    if way.endpoint:
        return NodeSpec(name, way.endpoint.replace(PLACEHOLDER, host), tls=way.tls)
    return NodeSpec(name, "" if host.lower() in here else f"ssh://{host}")
