"""What is wanted of single nodes: whether one takes instances, is to be emptied, or is let go.

Decides by the manifests and by what people have asked for. A node that no manifest mentions any
more, and on which something may still run, is kept and emptied.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reconciler.model.action import Action
from reconciler.model.desired import Desired, NodeSpec
from reconciler.model.fact import (
    AttemptEnded,
    Fact,
    NodeDeclared,
    NodeDrained,
    NodeDraining,
    NodeForgotten,
    NodeFound,
    NodeLost,
    Result,
)
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.node import NodeRecord, spec_of, spec_text
from reconciler.model.observed import NodeView

if TYPE_CHECKING:
    from reconciler.planning.scene import Pass

_NOTHING = NodeRecord()


def why_shut(spec: NodeSpec, record: NodeRecord | None) -> str:
    """Return why a node takes nothing new, as the end of a sentence; empty where it does."""
    order = record.order if record else ""
    if spec.leaving:
        return "is not declared any more"
    if spec.drain or order == "drain":
        return "is being emptied"
    return "is cordoned" if spec.cordon or order == "cordon" else ""


def is_emptied(spec: NodeSpec, record: NodeRecord | None) -> bool:
    """Whether a node is to be emptied."""
    return spec.drain or spec.leaving or (record is not None and record.order == "drain")


class Condition(StrEnum):
    """How it stands with a node."""

    READY = "Ready"
    UNKNOWN = "Unknown"
    CORDONED = "Cordoned"
    DRAINING = "Draining"
    DRAINED = "Drained"


def condition_of(
    spec: NodeSpec, record: NodeRecord | None, view: NodeView
) -> tuple[Condition, str, float]:
    """Return how it stands with a node, why, and since when: epoch seconds, 0.0 for not known."""
    known = record or _NOTHING
    if not view.known:
        return Condition.UNKNOWN, view.reason, known.lost_at
    closed = why_shut(spec, record)
    by = "" if spec.drain or spec.leaving or spec.cordon or not closed else ", by request"
    reason = f"it {closed}{by}" if closed else ""
    if not is_emptied(spec, record):
        return (Condition.CORDONED if closed else Condition.READY), reason, 0.0
    if known.drained_at:
        return Condition.DRAINED, reason, known.drained_at
    return Condition.DRAINING, reason, known.draining_at


def shut(given: "Pass", node: str) -> str:
    """Return why a node of the pass takes nothing new, empty where it does."""
    return why_shut(given.desired.nodes[node], given.history.nodes.get(node))


def drains(given: "Pass", node: str) -> bool:
    """Whether a node of the pass is declared and to be emptied."""
    spec = given.desired.nodes.get(node)
    return spec is not None and is_emptied(spec, given.history.nodes.get(node))


def grace_of(given: "Pass", node: str) -> tuple[float, float | None]:
    """Return since when a node is being emptied, and for how long batch instances may run on."""
    record, spec = given.history.nodes.get(node, _NOTHING), given.desired.nodes.get(node)
    declared_one = spec.drain_grace if spec else None
    ordered = record.order == "drain" and record.grace is not None
    return record.draining_at or given.now, record.grace if ordered else declared_one


def drain_facts(given: "Pass") -> Iterator[Fact]:
    """Yield what is to go on record of nodes that are to be emptied, or are empty.

    One that is to be let go is not done with by then: see `let_go`.
    """
    for name, spec in given.desired.nodes.items():
        record = given.history.nodes.get(name, _NOTHING)
        if not is_emptied(spec, record):
            if record.draining_at:
                yield NodeDraining(name, 0.0)
            continue
        if not record.draining_at:
            yield NodeDraining(name, given.now)
        if not spec.leaving and not record.drained_at and _is_empty(given, name):
            yield NodeDrained(name, given.now)


def let_go(given: "Pass", actions: Iterable[Action]) -> Iterator[Fact]:
    """Yield which nodes are empty that nobody asks for, and have nothing done on them any more.

    `actions` are those of the pass: whoever lets a node go carries out nothing there.
    """
    leaving = [name for name, spec in given.desired.nodes.items() if spec.leaving]
    busy = {action.node for action in actions} if leaving else set()
    for name in leaving:
        if name not in busy and _is_empty(given, name) and not _is_worked_on(given, name):
            yield NodeForgotten(name, given.now)


def _is_worked_on(given: "Pass", name: str) -> bool:
    """Whether a call is on its way for a container there, such as the one that removes it."""
    containers = given.observed.nodes[name].containers.values()
    return any(c.name in given.underway.subjects for c in containers)


def _is_empty(given: "Pass", name: str) -> bool:
    """Whether a node is known to have nothing that runs or is to, with every end on record."""
    view = given.observed.nodes.get(name)
    if view is None or not view.known or given.underway.coming.get(name):
        return False
    if any(c.occupies for c in view.containers.values()):
        return False
    return all((r := given.record(c)) is not None and r.ended for c in view.containers.values())


def declared(desired: Desired, history: History, now: float) -> Iterator[Fact]:
    """Yield what is to go on record of the nodes that a revision asks for."""
    for name, spec in desired.nodes.items():
        text = spec_text(spec)
        record = history.nodes.get(name)
        if not spec.leaving and (record is None or record.spec != text):
            yield NodeDeclared(name, text, now)


def missed(history: History, node: str, reason: str, now: float) -> list[Fact]:
    """Return what goes on record of a node that does not answer; nothing where that is known."""
    record = history.nodes.get(node, _NOTHING)
    if record.lost_at and record.reason == reason:
        return []
    return [NodeLost(node, reason, record.lost_at or now)]


def found(history: History, node: str, now: float) -> list[Fact]:
    """Return what goes on record of a node that answers; nothing where it was not lost."""
    return [NodeFound(node, now)] if history.nodes.get(node, _NOTHING).lost_at else []


def lost_nodes(history: History) -> set[str]:
    """Return the nodes that did not answer when they were last asked."""
    return {name for name, record in history.nodes.items() if record.lost_at}


def with_leaving(desired: Desired, history: History) -> Desired:
    """Return a revision with the nodes that it does not mention, and that are not empty yet."""
    former = {
        name: spec
        for name, record in history.nodes.items()
        if name not in desired.nodes and (spec := spec_of(record.spec)) is not None
    }
    kept = {n: s for n, s in former.items() if not _is_renamed(s, desired.nodes)}
    busy = {node for node, _ in open_attempts(history)} if kept else set()
    leaving = {n: replace(s, leaving=True) for n, s in kept.items() if n in busy}
    return replace(desired, nodes={**desired.nodes, **leaving}) if leaving else desired


def _is_renamed(spec: NodeSpec, nodes: Mapping[str, NodeSpec]) -> bool:
    """Whether the same engine is asked for by another name."""
    return any(spec.same_way(other) for other in nodes.values())


def given_up(history: History, node: str, reason: str, now: float) -> list[Fact]:
    """Return what goes on record when a node is let go with whatever may run there."""
    lost = [
        AttemptEnded(key, node, Result.LOST, now, reason=reason)
        for where, key in open_attempts(history)
        if where == node
    ]
    return [*lost, NodeForgotten(node, now)]


def open_attempts(history: History) -> Iterator[tuple[str, AttemptKey]]:
    """Yield node and key of the attempts whose end is not on record."""
    for name, task in history.tasks.items():
        for run in task.runs.values():
            for instance, attempts in run.attempts.items():
                for attempt in attempts:
                    if not attempt.ended:
                        key = AttemptKey(InstanceKey(name, instance), run.number, attempt.number)
                        yield attempt.node, key
