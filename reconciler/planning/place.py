"""Which node an instance goes to: filters that explain themselves, then the least loaded.

Deterministic for the same input. The node of an instance's earlier attempt is preferred.
"""

from collections.abc import Mapping

from msgspec import Struct

from reconciler.model.desired import NodeSpec
from reconciler.model.spec import InstanceSpec
from reconciler.planning.nodes import shut
from reconciler.planning.scene import Loads, Pass


class Refusal(Struct, frozen=True):
    """No node will do, and why, filter by filter."""

    reason: str


def choose(given: Pass, spec: InstanceSpec, loads: Loads, previous: str = "") -> str | Refusal:
    """Return a node's name, or why there is none."""
    nodes = given.desired.nodes
    fitting = {name for name, node in nodes.items() if _matches(node, spec)}
    open_ones = {name for name in fitting if not shut(given, name)}
    known = {name for name in open_ones if given.unknown(name) is None}
    if not known:
        return Refusal(_explain(given, nodes, fitting))
    if previous in known:
        return previous
    return min(known, key=lambda name: (loads.count[name], name))


def _matches(node: NodeSpec, spec: InstanceSpec) -> bool:
    return set(spec.nodes) <= set(node.labels)


def _explain(given: Pass, nodes: Mapping[str, NodeSpec], fitting: set[str]) -> str:
    if not fitting:
        return f"0 of {len(nodes)} nodes have the labels that placement.nodes asks for"
    return "; ".join(_against(given, name) for name in sorted(fitting))


def _against(given: Pass, name: str) -> str:
    closed = shut(given, name)
    return f"node {name} {closed}" if closed else given.unknown(name) or ""
