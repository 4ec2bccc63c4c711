"""A project on two nodes, step by step: what is asked for, done, on its way, heard and on record.

Nothing happens here by itself: fate moves the stage, in any order. Calls that nobody waits for any
more are strays, and land one day. An engine works on one container at a time: before a call for
it, whatever was on its way to it has landed.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from reconciler.controller.almanac import Wall
from reconciler.controller.core import Core
from reconciler.controller.execution import carry_out
from reconciler.controller.happenings import Finished, Hinted, Listed, NodeLost
from reconciler.engines.engine import EngineError, UnreachableError
from reconciler.engines.simulated import SimulatedEngine
from reconciler.engines.simulated.events import SimulatedEvents
from reconciler.engines.simulated.world import When
from reconciler.ledger import LedgerUnwritable, LogEntry
from reconciler.model.action import Action, Verb
from reconciler.model.desired import DesiredJob, DesiredTask, NodeSpec
from reconciler.model.fact import Fact
from tests.laws.node import Node
from tests.laws.wishes import BUCKET
from tests.support.desired import make_desired
from tests.support.lab import MemoryRecord

NODES: Final = {"n1": NodeSpec("n1", "", (("zone", "a"),)), "n2": NodeSpec("n2", "")}
PROJECT: Final = "demo"
_REMEMBERED: Final = 30


class Record(MemoryRecord):
    """A ledger that shows each fact to a witness first, and whose disk may be full."""

    def __init__(self, witness: Callable[[Fact], None]) -> None:
        super().__init__()
        self.witness = witness
        self.full = False

    def record(self, facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        if self.full:
            raise LedgerUnwritable("no space left on the disk")
        for fact in facts:
            self.witness(fact)
        super().record(facts, events)


class Witness:
    """Who is shown what happens, while it happens."""

    def recorded(self, fact: Fact) -> None:
        """A fact is about to be on record."""

    def called(self, node: str, verb: str, subject: str) -> None:
        """A call is about to reach an engine."""

    def started(self, node: str, name: str) -> None:
        """A program has just begun to run."""


class Stage:
    """One reconciler, two engines, and everything between them."""

    def __init__(self) -> None:
        self.now = 1_000_020.0
        self.ahead = 0.0  # by how much the wall clock is ahead of elapsed time
        self.witness = Witness()
        self.ail: tuple[str, When, EngineError] | None = None
        self.nodes = {name: self._node(name) for name in NODES}
        self.engines = {name: SimulatedEngine(node) for name, node in self.nodes.items()}
        self.landing = False
        self.revision = 0
        self.desired = replace(make_desired(revision="f-0"), nodes=NODES)
        self.record = self._ledger()
        self.to_do: list[Action] = []
        self.inbox: list[Finished] = []
        self.lists: list[Listed] = []
        self.told: list[Hinted] = []
        self.strays: list[Action] = []
        # Containers of which it heard that they got a signal, in the end or before they were read.
        self.heard: set[str] = set()
        self.warned: set[str] = set()
        self.core = self._core()
        self.streams: dict[str, tuple[SimulatedEvents, str]] = {}
        for name in NODES:
            self.listen(name)

    def _node(self, name: str) -> Node:
        node = Node(name, self.wall, lambda: self.now)
        node.images = {"busybox:stable": "sha256:b0"}
        node.faults = partial(self._fault, name)
        node.on_start = lambda box: self.witness.started(name, box)
        return node

    def _ledger(self, *facts: Fact) -> Record:
        made = Record(self._record)
        made.facts += facts
        return made

    def _record(self, fact: Fact) -> None:
        self.witness.recorded(fact)

    def _core(self) -> Core:
        return Core(self.desired, self.record, lambda: self.now, Wall(self.wall))

    def wall(self) -> float:
        """Return what the clock on the wall says."""
        return self.now + self.ahead

    # --- what is asked for ---------------------------------------------------------------

    def commit(
        self, tasks: Iterable[DesiredTask], jobs: Sequence[DesiredJob], *, prunable: bool = True
    ) -> None:
        """Put another revision in force."""
        self.revision += 1
        name = f"f-{self.revision}"
        made = make_desired(*tasks, revision=name, prunable=prunable, jobs=jobs, buckets=[BUCKET])
        self.desired = replace(made, nodes=NODES)
        self.core.set_desired(self.desired)

    # --- what the reconciler does ----------------------------------------------------------

    def turn(self) -> list[Action]:
        """Have the reconciler plan; what it asks for is yet to be done."""
        actions = self.core.turn()
        self.to_do += actions
        return actions

    def do(self, position: int, *, late: bool = False) -> None:
        """Carry one action out. `late`: nobody waits long enough, and it lands one day."""
        action = self.to_do.pop(position)
        self.land([a for a in self.strays if a.subject == action.subject])
        if late:
            self.strays.append(action)
            self.inbox.append(Finished(action, UnreachableError("no answer in time")))
            return
        self.inbox.append(carry_out(self.engines[action.node], action))

    def hear(self, position: int) -> None:
        """Tell the reconciler what came of a call."""
        heard = self.inbox.pop(position)
        if heard.action.verb is Verb.COLLECT and heard.action.subject in self.heard:
            self.warned.add(heard.action.subject)
        if self.core.finished(heard):
            self.core.doubt(heard.action.node, str(heard.outcome))

    def ask(self, name: str) -> Listed | NodeLost:
        """List a node, and return what is to be heard of it."""
        began = self.core.board.step
        try:
            engine = self.engines[name]
            shown, era, has = engine.list(PROJECT), engine.era(), engine.info().amounts
            others, networks = engine.others(PROJECT), engine.networks(PROJECT)
        except EngineError as error:
            return NodeLost(name, str(error))
        return Listed(name, began, shown, era, has, others, networks)

    def look(self, *names: str) -> None:
        """Have nodes listed, all of them by default. A list that began before comes before."""
        for name in names or NODES:
            while any(late.node == name for late in self.lists):
                self.hear_list()
            seen = self.ask(name)
            if isinstance(seen, Listed):
                self.core.listed(seen)
            else:
                self.core.lost(seen)

    def hear_list(self) -> None:
        """Have the oldest list that is on its way arrive."""
        self.core.listed(self.lists.pop(0))

    def doubted(self) -> list[str]:
        """Return the nodes that are to be asked."""
        return [name for name, state in self.core.board.nodes.items() if not state.asked]

    # --- what is told ------------------------------------------------------------------------

    def listen(self, name: str) -> None:
        """Open a node's stream of events anew."""
        node = self.nodes[name]
        with node.changed:
            self.streams[name] = node.ring.subscribe(PROJECT, self.wall() - 1), node.era

    def overhear(self) -> list[Hinted]:
        """Return what nodes that can be reached have told since, and remember it for later."""
        new = [
            Hinted(name, event, era)
            for name, (stream, era) in self.streams.items()
            if not self.nodes[name].unreachable
            for event in stream.pending()
        ]
        self.told = (self.told + new)[-_REMEMBERED:]
        return new

    def hint(self, hint: Hinted) -> bool:
        """Tell the reconciler an event; return whether it wants to look at the node."""
        if hint.event.action == "kill":
            self.heard.add(hint.event.name)
        return self.core.hinted(hint)

    # --- what goes wrong -----------------------------------------------------------------------

    def crash(self) -> None:
        """Lose everything that is not on disk or in an engine; calls on their way are strays."""
        self.strays += self.to_do
        self.to_do, self.inbox, self.lists = [], [], []
        self.heard, self.warned = set(), set()
        self.core = self._core()
        for name in NODES:
            self.listen(name)

    def lose_ledger(self, *facts: Fact) -> None:
        """Begin with another ledger, in which there are these facts alone."""
        self.record = self._ledger(*facts)
        self.crash()

    def land(self, strays: Sequence[Action]) -> None:
        """Let calls of which nobody hears any more reach their engines after all.

        Of those for one container the earlier come first, for the engine takes them in turn. What
        has landed already, ahead of a later one, does not land again.
        """
        last = max((self.strays.index(a) for a in strays if a in self.strays), default=-1)
        subjects = {action.subject for action in strays}
        for action in [a for a in self.strays[: last + 1] if a.subject in subjects]:
            self.strays.remove(action)
            node, ail = self.nodes[action.node], self.ail
            away, self.ail = (node.unreachable, node.wedged), None
            node.unreachable, node.wedged, self.landing = False, False, True
            carry_out(self.engines[action.node], action)
            self.landing = False
            (node.unreachable, node.wedged), self.ail = away, ail

    def _fault(self, node: str, call: str, subject: str, when: When) -> Exception | None:
        if when == "before":
            self.witness.called(node, call, subject)
        if self.ail is None or self.ail[:2] != (call, when):
            return None
        error, self.ail = self.ail[2], None
        return error
