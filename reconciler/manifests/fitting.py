"""Whether there is a node at all that each instance fits on, and ports enough.

Decides by what manifests declare of nodes and pools. Where no Node is declared, the nodes are
not known here (the local engine, or others that the operator names), so only warnings are due.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from reconciler.manifests.declared import Declared, FixedPort, Place
from reconciler.manifests.reporting import Report
from reconciler.model.amounts import Amounts
from reconciler.model.quantities import format_bytes, format_cpus


class _Wish(Struct, frozen=True):
    """What tasks ask of nodes; many ask the same."""

    pool: str
    nodes: tuple[tuple[str, str], ...]
    room: Amounts


def check_fit(index: Mapping[str, Mapping[str, Declared]], report: Report) -> None:
    """Report tasks that fit on no node or slot, and ports that are wanted too often."""
    jobs, pools = index.get("Job", {}), index.get("Pool", {})
    nodes = index.get("Node", {})
    judged: dict[_Wish, str] = {}
    wanted: dict[tuple[int, str], list[tuple[Declared, FixedPort]]] = {}
    for task in index.get("Task", {}).values():
        pool = pools.get(_pool_of(task) or _pool_of(jobs.get(task.job)))
        wish = _Wish(pool.name if pool else "", task.nodes, task.room)
        if wish not in judged:
            judged[wish] = _refusal(wish, pool, nodes)
        if judged[wish]:
            say = report.error if nodes or pool is not None else report.warn
            _tell(task, judged[wish], say)
        for port in task.ports:
            wanted.setdefault((port.number, port.protocol), []).append((task, port))
    for users in wanted.values():
        _check_port(users, max(len(nodes), 1), report)


def _pool_of(one: Declared | None) -> str:
    references = one.references if one is not None else ()
    return next((reference.name for reference in references if reference.kind == "Pool"), "")


def _refusal(wish: _Wish, pool: Declared | None, nodes: Mapping[str, Declared]) -> str:
    """Return why no node or slot takes an instance, nothing where one does."""
    if pool is not None:
        lack = _lack(wish.room, pool.room)
        if lack:
            return f"no slot of the pool {pool.name} has room for an instance: {lack}"
    labels = set(wish.nodes) | set(pool.nodes if pool is not None else ())
    if not nodes:
        asked = ", ".join(f"{key}={value}" for key, value in sorted(labels))
        return f"no node is declared that has the labels asked for: {asked}" if asked else ""
    reasons = [_against(node, labels, wish.room) for node in nodes.values()]
    if not all(reasons):
        return ""
    counted = {reason: reasons.count(reason) for reason in sorted(reasons)}
    said = ", ".join(f"{count} {reason}" for reason, count in counted.items())
    return f"an instance fits on 0 of {len(reasons)} nodes: {said}"


def _against(node: Declared, labels: set[tuple[str, str]], room: Amounts) -> str:
    missing = sorted(labels - set(node.labels))
    if missing:
        return f"lacks the label {missing[0][0]}={missing[0][1]}"
    return _lack(room, node.room)


def _lack(asked: Amounts, there: Amounts) -> str:
    """Return which of the things asked for there is too little of."""
    if asked.cpus and there.cpus is not None and asked.cpus > there.cpus:
        return f"has {format_cpus(there.cpus)} of {format_cpus(asked.cpus)} cpus"
    if asked.memory and there.memory is not None and asked.memory > there.memory:
        return f"has {format_bytes(there.memory)} of {format_bytes(asked.memory)} memory"
    if asked.gpus and there.gpus is not None and asked.gpus > there.gpus:
        return f"has {there.gpus} of {asked.gpus} gpus"
    if asked.pids and there.pids is not None and asked.pids > there.pids:
        return f"has {there.pids} of {asked.pids} pids"
    return ""


def _tell(task: Declared, message: str, say: Callable[..., None]) -> None:
    place = task.sized or Place(task.at)
    hint = "Ask for less, change placement.nodes, or declare a Node that fits."
    say("fits-nowhere", place.at, place.pointer, f"task {task.name}: {message}", hint)


def _check_port(users: list[tuple[Declared, FixedPort]], nodes: int, report: Report) -> None:
    """Report the first task with which a port is wanted more often than there are nodes."""
    number = users[0][1].number
    taken, before = 0, list[str]()
    for task, port in users:
        taken += task.together
        if taken > nodes:
            where = "one node" if nodes == 1 else f"{nodes} nodes"
            rivals = f"; {', '.join(before)} wants it, too" if before else ""
            message = f"port {number} of the node is wanted {taken} times on {where}{rivals}"
            hint = "Give host: 0 for a free port, another number, or fewer instances at once."
            report.error("port-collision", port.place.at, port.place.pointer, message, hint)
            return
        before.append(task.name)
