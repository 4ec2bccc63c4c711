"""A node's past as planning reads it: since when it is silent, and what is wanted of it.

Plain records, changed by `note` alone.
"""

from functools import singledispatch

import msgspec
from msgspec import Struct

from reconciler.model import fact as facts
from reconciler.model.desired import NodeSpec
from reconciler.model.fact import NodeFact, Order


class NodeRecord(Struct):
    """What is on record of a node. Times are epoch seconds, 0.0 for not so.

    `lost_at` is since when it does not answer, and `reason` why. `order` is what a person wants of
    it, whatever the manifests say, with its `grace` in seconds. `spec` is how it was declared
    last, as JSON.
    """

    lost_at: float = 0.0
    reason: str = ""
    order: Order = ""
    draining_at: float = 0.0
    drained_at: float = 0.0
    spec: str = ""
    grace: float | None = None


NodeRecords = dict[str, NodeRecord]


def spec_text(spec: NodeSpec) -> str:
    """Return a node's description as it is kept."""
    return msgspec.json.encode(spec).decode()


def spec_of(text: str) -> NodeSpec | None:
    """Return the description that was kept, None where there is none that is understood."""
    try:
        return msgspec.json.decode(text, type=NodeSpec) if text else None
    except msgspec.DecodeError:
        return None


@singledispatch
def note(fact: NodeFact, records: NodeRecords) -> None:
    """Take a fact about a node in."""
    raise TypeError(f"nothing of a node: {fact!r} ({len(records)} are known)")


def _record(records: NodeRecords, node: str) -> NodeRecord:
    return records.setdefault(node, NodeRecord())


@note.register
def _(fact: facts.NodeDeclared, records: NodeRecords) -> None:
    _record(records, fact.node).spec = fact.spec


@note.register
def _(fact: facts.NodeForgotten, records: NodeRecords) -> None:
    records.pop(fact.node, None)


@note.register
def _(fact: facts.NodeLost, records: NodeRecords) -> None:
    record = _record(records, fact.node)
    record.lost_at, record.reason = fact.at, fact.reason


@note.register
def _(fact: facts.NodeFound, records: NodeRecords) -> None:
    record = _record(records, fact.node)
    record.lost_at, record.reason = 0.0, ""


@note.register
def _(fact: facts.NodeOrdered, records: NodeRecords) -> None:
    record = _record(records, fact.node)
    record.order, record.grace = fact.order, fact.grace


@note.register
def _(fact: facts.NodeDraining, records: NodeRecords) -> None:
    record = _record(records, fact.node)
    record.draining_at, record.drained_at = fact.at, 0.0


@note.register
def _(fact: facts.NodeDrained, records: NodeRecords) -> None:
    _record(records, fact.node).drained_at = fact.at
