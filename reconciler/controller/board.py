"""What is believed of each node: the last list, moved on by results and hints since.

A list tells of the moment it began. What a result or a hint has changed after that moment is
newer than the list and stands; `step` counts those changes. No clock, no engine.
"""

from collections.abc import Collection, Iterable, Mapping
from signal import SIGINT, SIGKILL, SIGQUIT, SIGTERM
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.engines.engine import EngineEvent
from reconciler.model.amounts import Amounts
from reconciler.model.claim import Taken
from reconciler.model.cluster import Fabric, Network
from reconciler.model.identity import parse_container_name
from reconciler.model.observed import Container, Containers, NodeView, Observed, Phase
from reconciler.planning.outcome import DieHint, Witnessed

# More calls than that are never on their way to one engine.
_GONE_KEPT: Final = 1024
_NOT_LISTED = "it has not been asked yet"
_OMENS: Final = {"oom", "kill"}
# What ends a program that has made no provision. Others are how people talk to one that runs on.
_ENDING_SIGNALS: Final = {SIGINT, SIGQUIT, SIGKILL, SIGTERM}


class NodeState(Struct):
    """One node's containers by id, when each was last touched, and whether all that is known.

    `asked` says whether it has been listed, or has failed to be, since it was last in doubt.
    `era` is the engine's, as told with the last list, and `has` what it said that the node has;
    `others` is what others take of that. `networks` are the project's own by name, `fabric` with
    whom it may share some. `gone` are the ids of those that were removed last: none comes back, so
    whatever shows one of them was asked for before.
    """

    name: str
    known: bool = False
    asked: bool = False
    reason: str = _NOT_LISTED
    containers: Containers = field(default_factory=Containers)
    touched: dict[str, int] = field(default_factory=dict)
    era: str = ""
    has: Amounts = Amounts()
    others: Taken = field(default_factory=Taken)
    networks: dict[str, Network] = field(default_factory=dict)
    fabric: Fabric = Fabric()
    gone: dict[str, None] = field(default_factory=dict)

    def shown(self) -> NodeView:
        """Return it as planning reads it."""
        told = (self.era, self.has, self.asked, self.others, self.networks, self.fabric)
        return NodeView(self.name, self.known, self.reason, self.containers, *told)


class Board:
    """The controller's picture of all nodes."""

    def __init__(self, project: str, nodes: list[str]) -> None:
        """Start with nothing known of any node."""
        self.project = project
        self.nodes = {name: NodeState(name) for name in nodes}
        self.step = 0
        # How often a node may have got more room than it had.
        self.freed = 0
        # Keyed accounts of what secrets of services are now, by task.
        self.secrets: Mapping[str, str] = {}
        # By container name: what was seen of ends that are not on record yet.
        self.hints: dict[str, DieHint] = {}
        # What may have brought such an end about: memory ran out, or the program got a signal that
        # ends programs, first at a time of its engine's clock.
        self._ran_out: set[str] = set()
        self._told: dict[str, float] = {}
        # Names of containers that ran when their node was lost, and had ended when it came back.
        self._hidden: set[str] = set()

    def add(self, node: str) -> None:
        """Know of another node, and nothing about it yet."""
        self.nodes[node] = NodeState(node)

    def remove(self, node: str) -> None:
        """Know a node no more; what ran there is unknown from now on."""
        del self.nodes[node]

    def observed(self) -> Observed:
        """Return the picture as planning reads it; it is not to be kept over a change."""
        shown = {name: state.shown() for name, state in self.nodes.items()}
        return Observed(shown, self.secrets)

    def list_containers(
        self, node: str, began: int, shown: tuple[Container, ...], era: str = ""
    ) -> set[str]:
        """Take a list in; return the tasks of which it says something new."""
        state = self.nodes[node]
        self._enter(state, era)
        fresh = {c.id: c for c in shown if c.id not in state.gone}
        kept = {i for i, when in state.touched.items() if when > began}
        merged = {i: c for i, c in fresh.items() if i not in kept}
        merged |= {i: c for i, c in state.containers.items() if i in kept}
        before, state.containers = state.containers, Containers(merged.values())
        state.asked = True
        state.touched = {i: when for i, when in state.touched.items() if i in kept}
        self.freed += before.taken != state.containers.taken
        dirty = {c.key.task for i, c in merged.items() if before.get(i) != c}
        dirty |= {c.key.task for i, c in before.items() if i not in merged}
        if not state.known:
            dirty |= {c.key.task for c in merged.values()}
            ended = (c for c in merged.values() if c.phase is Phase.EXITED)
            self._hidden |= {c.name for c in ended if (old := before.get(c.id)) and old.live}
            state.known, state.reason = True, ""
        return dirty

    def learn(self, node: str, has: Amounts, others: Taken) -> None:
        """Know what a node has, and what others take of it."""
        state = self.nodes[node]
        self.freed += (state.has, state.others) != (has, others)
        state.has, state.others = has, others

    def list_networks(
        self, node: str, began: int, shown: Iterable[Network], fabric: Fabric
    ) -> set[str]:
        """Take a list of networks in; return the tasks of which there is one more, or one less."""
        state = self.nodes[node]
        fresh = {one.name: one for one in shown}
        before, state.fabric = state.networks, fabric
        recent = {n for n in {*fresh, *before} if state.touched.get(_network(n), 0) > began}
        state.networks = {n: one for n, one in fresh.items() if n not in recent}
        state.networks |= {n: one for n, one in before.items() if n in recent}
        changed = {*before.items()} ^ {*state.networks.items()}
        return {one.task for _, one in changed}

    def put_network(self, node: str, network: Network) -> None:
        """Believe a network to have been made."""
        state = self.nodes[node]
        state.networks = {**state.networks, network.name: network}
        self._touch(state, _network(network.name))

    def drop_network(self, node: str, name: str) -> None:
        """Believe a network to be gone."""
        state = self.nodes[node]
        state.networks = {n: one for n, one in state.networks.items() if n != name}
        self._touch(state, _network(name))

    def lose(self, node: str, reason: str, *, doubt: bool = False) -> bool:
        """Know nothing of a node from now on; return whether that is new.

        `doubt`: one call got no answer; whether the node is lost will be known when it is asked.
        """
        state = self.nodes[node]
        new = state.known or state.reason != reason
        state.known, state.asked, state.reason = False, not doubt, reason
        return new

    def clear(self, node: str) -> None:
        """Believe nothing to be on a node: what was shown there is shown by another one."""
        self.nodes[node].containers = Containers()

    def all_asked(self, but: Collection[str] = ()) -> bool:
        """Whether of every node, `but` for some, it is known that it answers, or that it does not.

        Where all are left out, one of them is enough.
        """
        asked = [state.asked for name, state in self.nodes.items() if name not in but]
        if asked or not self.nodes:
            return all(asked)
        return any(state.asked for state in self.nodes.values())

    def shows(self, node: str, name: str) -> bool:
        """Whether a node's container is known by its name."""
        return node in self.nodes and self.nodes[node].containers.named(name) is not None

    def put(self, container: Container) -> None:
        """Believe a container to be as a call's result shows it, unless it is gone since."""
        state = self.nodes[container.node]
        if container.id in state.gone:
            return
        before = state.containers.get(container.id)
        self.freed += before is not None and before.occupies and not container.occupies
        state.containers.put(container)
        self._touch(state, container.id)

    def drop(self, node: str, container: str) -> None:
        """Believe a container, by id or name, to be gone."""
        state = self.nodes[node]
        known = state.containers.named(container) or state.containers.get(container)
        self.freed += known is not None and known.occupies
        gone = known.id if known else container
        state.containers.drop(gone)
        state.gone[gone] = None
        if len(state.gone) > _GONE_KEPT:
            del state.gone[next(iter(state.gone))]
        self._touch(state, gone)

    def started(self, node: str, container: str) -> None:
        """Believe a created container to run; one that has ended meanwhile stays ended."""
        known = self.nodes[node].containers.get(container)
        if known is not None and known.phase is Phase.CREATED:
            self.put(replace(known, phase=Phase.RUNNING))

    def witnessed(self, node: str, name: str) -> Witnessed:
        """Return what was seen of a container's end, apart from the container itself."""
        return Witnessed(
            self.hints.get(name),
            self.nodes[node].era,
            told=self._told.get(name, 0.0),
            oom=name in self._ran_out,
            hidden=name in self._hidden,
        )

    def forget(self, name: str) -> None:
        """Drop what was seen of an end, for it is on record."""
        self.hints.pop(name, None)
        self._ran_out.discard(name)
        self._told.pop(name, None)
        self._hidden.discard(name)

    def hint(self, node: str, event: EngineEvent, era: str = "") -> tuple[str | None, bool]:
        """Take an event in; return the task it concerns, and whether only a list can tell.

        `era` is that of the engine that tells it.
        """
        named = parse_container_name(event.name)
        if named is None or named[0] != self.project:
            return None, False
        task = named[1].key.task
        known = self.nodes[node].containers.get(event.id)
        if event.action == "destroy":
            self.drop(node, event.id)
            return task, False
        if event.action in _OMENS:
            self._take_omen(event)
            return None, False
        if known is None:
            return task, event.action in {"create", "start", "die", "rename"}
        return task, not self._move(known, event, era)

    def _take_omen(self, event: EngineEvent) -> None:
        """Remember what may be the reason of an end that follows."""
        if event.action == "oom":
            self._ran_out.add(event.name)
        elif event.signal in _ENDING_SIGNALS:
            self._told[event.name] = min(event.at, self._told.get(event.name, event.at))

    def _enter(self, state: NodeState, era: str) -> None:
        """Know an engine's era; what had been seen to end in the last one did so by itself."""
        if state.era and era != state.era:
            for known in state.containers.values():
                if known.phase is Phase.EXITED:
                    hint = DieHint(known.exit_code, 0.0, state.era)
                    self.hints.setdefault(known.name, hint)
        state.era = era

    def _move(self, known: Container, event: EngineEvent, era: str) -> bool:
        """Move a known container on; return whether the event said all there is to know."""
        if event.action == "die" and known.phase is not Phase.EXITED:
            self.hints[event.name] = DieHint(event.exit_code, event.at, era)
            if not self.nodes[known.node].known:
                self._hidden.add(event.name)
            self.put(replace(known, phase=Phase.EXITED, exit_code=event.exit_code))
        elif event.action == "start":
            self.started(known.node, known.id)
        elif event.action.startswith("health_status"):
            health = event.action.partition(":")[2].strip()
            if health in {"healthy", "unhealthy"} and known.live:
                self.put(replace(known, health=health))
        return event.action != "rename"

    def _touch(self, state: NodeState, container: str) -> None:
        self.step += 1
        state.touched[container] = self.step


def _network(name: str) -> str:
    """Return what is touched where a network is, apart from the ids of containers."""
    return f"network:{name}"
