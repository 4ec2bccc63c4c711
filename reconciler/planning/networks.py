"""The private network of a run: made before the first container that is in it, removed after them.

One node's network is its own, but for nodes of one fabric, where a manager makes what all of them
share. What a name and its labels say is enough to know what a network is for; nothing is on record.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.model.action import Action, Cause, InstanceState, Verb, Verdict
from reconciler.model.cluster import (
    Membership,
    Network,
    NetworkRequest,
    Peer,
    TooSmallError,
    network_name,
    peers_of,
)
from reconciler.model.identity import LABEL_PROJECT, LABEL_RUN, LABEL_TASK, parse_container_name
from reconciler.model.observed import Phase
from reconciler.planning import cause
from reconciler.planning.scene import Pass, Scene
from reconciler.planning.step import Step

_ENDED: Final = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}


def reaches(given: Pass) -> Mapping[str, str]:
    """Return by node what joins it with others: the same for those that one network can span."""
    views = {n: v for n, v in given.observed.nodes.items() if n in given.desired.nodes}
    led = {v.fabric.id for v in views.values() if v.known and v.fabric.manager}
    return {name: v.fabric.id if v.fabric.id in led else name for name, v in views.items()}


def network_step(scene: Scene, node: str) -> Step | None:
    """Return the step that makes the run's network where a node can be in it, None when it is."""
    if scene.task.spec.cluster is None:
        return None
    given, name = scene.given, _name(scene)
    there = _find(given, node, name)
    if there is not None:
        return _too_small(scene, there)
    home = _home(given, node)
    subject = f"network:{home}:{name}"
    waits = given.waits_until(subject)
    if waits:
        return Step(InstanceState.PENDING, waits[1], wake_at=waits[0], blocked=True)
    reason = f"its network is being made on node {home}"
    if scene.gang is None or subject in given.underway.subjects or subject in scene.gang.networks:
        return Step(InstanceState.PREPARING, reason)
    scene.gang.networks.add(subject)
    return Step(InstanceState.PREPARING, reason, (_make(scene, home, subject),))


def membership_of(scene: Scene, node: str, instance: int) -> Membership | None:
    """Return how an instance on a node is in its network, None where it has none."""
    there = _find(scene.given, node, _name(scene)) if scene.task.spec.cluster else None
    if there is None:
        return None
    return Membership(there, scene.task.instances.index(instance), _peers(scene, there))


def surplus(
    given: Pass, names: Iterable[str], verdicts: Iterable[Verdict], actions: Iterable[Action]
) -> list[Action]:
    """Return the removal of what networks the tasks' runs need no more."""
    planned = frozenset(names)
    there = [
        (node, owner, network)
        for node, view in sorted(given.observed.nodes.items())
        for network in (view.networks.values() if view.known else ())
        if (owner := _owner(given, network)) in planned
    ]
    if not there:
        return []
    wanted = {(v.key.task, v.run) for v in verdicts if v.state not in _ENDED}
    wanted |= {(action.task, action.run) for action in actions if action.verb is Verb.CREATE}
    return [
        action
        for node, owner, network in there
        if (owner, network.run) not in wanted and not _inhabited(given, owner, network)
        for action in _remove(given, node, owner, network)
    ]


def networked(given: Pass) -> set[str]:
    """Return the tasks of which there are networks."""
    return {
        _owner(given, network)
        for view in given.observed.nodes.values()
        for network in view.networks.values()
    }


def _owner(given: Pass, network: Network) -> str:
    """Return what the task of a network is called now."""
    return given.history.moved.get((network.task, network.run), network.task)


def _name(scene: Scene) -> str:
    return network_name(scene.given.desired.project, scene.task.name, scene.run.number)


def _find(given: Pass, node: str, name: str) -> Network | None:
    """Return the network in which a container on a node would be."""
    joined = reaches(given)
    for other, reach in joined.items():
        there = given.observed.nodes[other].networks.get(name)
        if there is not None and there.subnet and reach == joined.get(node):
            return there
    return None


def _home(given: Pass, node: str) -> str:
    """Return the node that makes a network for another: itself, or the first manager of all."""
    joined, views = reaches(given), given.observed.nodes
    mates = sorted(n for n, reach in joined.items() if reach == joined.get(node) and n != reach)
    return next((n for n in mates if views[n].known and views[n].fabric.manager), node)


def _peers(scene: Scene, network: Network) -> tuple[Peer, ...]:
    task = scene.task
    if task.spec.cluster is None:
        return ()
    return peers_of(task.name, task.instances, task.spec.cluster, network.subnet)


def _too_small(scene: Scene, network: Network) -> Step | None:
    try:
        _peers(scene, network)
    except TooSmallError as fault:
        return Step(InstanceState.PENDING, str(fault), blocked=True)
    return None


def _make(scene: Scene, home: str, subject: str) -> Action:
    given, task, run, spec = scene.given, scene.task, scene.run, scene.task.spec.cluster
    labels = {
        LABEL_PROJECT: given.desired.project,
        LABEL_TASK: task.name,
        LABEL_RUN: str(run.number),
    }
    request = NetworkRequest(
        name=_name(scene),
        labels=tuple(sorted(labels.items())),
        outbound=spec is None or spec.outbound,
        reaches=reaches(given).get(home) != home,
    )
    return Action(
        verb=Verb.NETWORK,
        node=home,
        subject=subject,
        task=task.name,
        run=run.number,
        cause=cause.stated(given.desired, task, f"run {run.number} has its own", "network"),
        network=request,
        priority=task.priority,
    )


def _remove(given: Pass, node: str, owner: str, network: Network) -> list[Action]:
    subject = f"network:{node}:{network.name}"
    if subject in given.underway.subjects or given.waits_until(subject):
        return []
    request = NetworkRequest(name=network.name, labels=(), outbound=True, reaches=network.reaches)
    why = Cause(f"run {network.run} needs it no more", revision=given.desired.revision)
    return [
        Action(
            verb=Verb.DISSOLVE,
            node=node,
            subject=subject,
            task=owner,
            run=network.run,
            cause=why,
            network=request,
        )
    ]


def _inhabited(given: Pass, owner: str, network: Network) -> bool:
    """Whether a container that may be in it runs, or may be started; told by names alone."""
    return any(
        parsed is not None and (parsed[1].key.task, parsed[1].run) == (network.task, network.run)
        for view in given.observed.nodes.values()
        for task in {network.task, owner}
        for container in view.containers.of(task)
        if container.phase is not Phase.EXITED
        for parsed in (parse_container_name(container.name),)
    )
