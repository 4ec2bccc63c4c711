"""`nodes cordon|drain|uncordon|forget`: what a person wants of a node, whatever the manifests say.

What a manifest asks for cannot be taken back here: the stricter of both holds.
"""

from typing import Final, get_args

from reconciler.controller.requests.judged import Arguments, Judged, granted, refused
from reconciler.controller.requests.naming import meant
from reconciler.model.desired import Desired
from reconciler.model.fact import NodeOrdered, Order
from reconciler.model.history import History
from reconciler.planning.nodes import given_up, why_shut

_GRANTED: Final[dict[str, str]] = {
    "cordon": "takes nothing new; what runs there goes on",
    "drain": "is being emptied",
    "": "takes instances again",
}


def order(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Have a node take nothing new, be emptied, or neither."""
    node, wish = str(arguments.get("node", "")), str(arguments.get("order", ""))
    if node not in desired.nodes:
        return refused(_unknown(node, desired, history))
    if wish not in get_args(Order):
        return refused(f"this reconciler does not know the order {wish!r} for nodes")
    grace = arguments.get("grace")
    limit = float(str(grace)) if grace is not None else None
    fact = NodeOrdered(node, wish, now, limit)  # type: ignore[arg-type]  # judged above
    still = why_shut(desired.nodes[node], None)
    if not wish and still:
        return granted(f"node {node} {still} all the same, by its manifest", fact)
    return granted(f"node {node} {_GRANTED[wish]}", fact)


def forget(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Let a node go that no manifest mentions any more, with whatever may run there."""
    node = str(arguments.get("node", ""))
    spec = desired.nodes.get(node)
    if spec is not None and not spec.leaving:
        return refused(f"node {node} is declared: remove its manifest first")
    if spec is None and node not in history.nodes:
        return refused(_unknown(node, desired, history))
    facts = given_up(history, node, f"node {node} was given up by request", now)
    count = len(facts) - 1
    rest = f"; {count} {'attempt counts' if count == 1 else 'attempts count'} as lost"
    return granted(f"node {node} is let go{rest if count else ''}", *facts)


def _unknown(node: str, desired: Desired, history: History) -> str:
    return f"there is no node {node}{meant(node, {*desired.nodes, *history.nodes})}"
