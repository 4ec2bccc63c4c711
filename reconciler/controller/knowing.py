"""What one controller knows, and how happenings change it: what goes into the core.

Whatever may mean something for a task marks it as one to be planned. Nothing is planned here, and
nothing handed out.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from reconciler.controller import narrate
from reconciler.controller.absorb import absorb
from reconciler.controller.agenda import Agenda
from reconciler.controller.almanac import Almanac, Dates, Wall
from reconciler.controller.assessment import Assessment
from reconciler.controller.board import Board
from reconciler.controller.errands import Errands, as_owned
from reconciler.controller.happenings import (
    Done,
    Finished,
    Hinted,
    Listed,
    NodeLost,
    SecretsRead,
)
from reconciler.controller.relearning import unknown_containers
from reconciler.controller.scribe import Record, Scribe
from reconciler.controller.twins import twins_of
from reconciler.engines.engine import BuildFailedError, UnreachableError
from reconciler.ledger import LogEntry
from reconciler.model.action import Verb
from reconciler.model.data import Fetching
from reconciler.model.desired import Desired
from reconciler.model.fact import (
    Destroyed,
    Fact,
    NodeForgotten,
    RevisionSeen,
    TroubleCleared,
)
from reconciler.model.history import History
from reconciler.model.identity import task_of
from reconciler.planning.affected import affected
from reconciler.planning.nodes import declared, found, missed, with_leaving
from reconciler.planning.numbering import as_kept
from reconciler.planning.renaming import claims


class Knowing:
    """The revision in force, the past, the nodes, what is on its way, and what is to be planned."""

    def __init__(
        self,
        desired: Desired,
        ledger: Record,
        now: Callable[[], float],
        almanac: Almanac | None = None,
    ) -> None:
        """Start from a revision and the ledger's history; every node is still unknown.

        `now` measures lengths of time; dates are the almanac's, by default of the same clock.
        """
        self.scribe = Scribe(ledger, now)
        desired = with_leaving(desired, self.history)
        self.desired = as_kept(desired, self.history)
        self.began = now()
        self.board = Board(desired.project, list(desired.nodes))
        self.assessment = Assessment()
        self.underway = Errands()
        # What was handed out in all, how much of each kind, without what could not be taken over.
        self.deeds: Counter[Verb] = Counter()
        # Epoch seconds of a clock that nobody sets: what is on record is measured by it.
        self.now = now
        self._dates = Dates(almanac or Wall(now), self.began)
        # What tasks say that they were called before, and what each is called now.
        self._claims = claims(desired.tasks.values())
        self._agenda = Agenda()
        self._learn(list(declared(desired, self.history, self.began)))

    @property
    def history(self) -> History:
        """What is known to have happened."""
        return self.scribe.history

    def set_desired(self, desired: Desired) -> None:
        """Put another revision in force; what differs in it is planned again.

        A new revision may be the cure: what an engine refused is tried again at once.
        """
        before = self.effective()
        desired = with_leaving(desired, self.history)
        self._learn(list(declared(desired, self.history, self.now())))
        for name in desired.nodes.keys() - self.board.nodes.keys():
            self.board.add(name)
        for name in self.board.nodes.keys() - desired.nodes.keys():
            self.board.remove(name)
        if desired.revision != self.desired.revision:
            self.try_again()
        self.desired = desired
        differing = affected(before, self.effective())
        self.desired = as_kept(desired, self.history, differing)
        if differing is None:
            self._claims = claims(desired.tasks.values())
            self.dirty_all()
            return
        self._claims |= claims(desired.tasks[n] for n in differing if n in desired.tasks)
        for task in differing:
            self._soil(task)

    def effective(self) -> Desired:
        """Return the revision in force, emptied where a person has destroyed it."""
        if not self.history.destroyed(self.desired.revision):
            return self.desired
        return replace(self.desired, tasks={}, pools={}, prunable=True)

    def try_again(self) -> None:
        """Forget every refusal, so that what waits for another try gets it in the next turn."""
        now = self.now()
        subjects = list(self.history.troubles)
        self._learn([TroubleCleared(subject, now) for subject in subjects])
        # Whoever waits for what is not its own, such as an image, has a time to wake.
        for task in (*self.assessment.wakes, *map(task_of, subjects)) if subjects else ():
            self._soil(task)

    def dirty_all(self) -> None:
        """Plan every task in the next turn."""
        self._agenda.everything()

    def note(self, facts: Sequence[Fact]) -> None:
        """Take facts in that are to be recorded with the next turn, and plan everything.

        That a revision was seen is nothing that planning goes by.
        """
        self._learn(facts)
        self._let_go(facts)
        if not all(isinstance(fact, RevisionSeen) for fact in facts):
            self.dirty_all()

    def say(self, kind: str, message: str, *, level: str = "info", node: str = "") -> None:
        """Add a line to the event log and tell the listeners."""
        entry = LogEntry(at=self.now(), kind=kind, message=message, level=level, node=node)
        self.scribe.tell(entry)

    def finished(self, done: Finished) -> bool:
        """Take an action's result in; return whether its node has to be listed again."""
        action = as_owned(done.action, self.history)
        done = replace(done, action=action)
        self.underway.back(done)
        if action.node not in self.board.nodes:  # let go meanwhile
            self._soil(action.task)
            return False
        self._learn(absorb(self.board, self.history, done, self.now(), self._dates).facts)
        if action.verb is Verb.START and isinstance(done.outcome, Done):
            self.scribe.tell(narrate.said_of_start(action, self.now()))
        if isinstance(done.outcome, BuildFailedError):
            self.scribe.tell(narrate.said_of_build(action, done.outcome.output, self.now()))
        if action.verb is Verb.PULL:
            for task in self._using(action.image):
                self._soil(task)
        if action.fetching is not None:
            for task in self._fed_from(action.fetching):
                self._soil(task)
        came_about = isinstance(done.outcome, Done) and not done.outcome.gone
        if action.verb is Verb.REUSE and not came_about:
            self.deeds[Verb.REUSE] -= 1
        if action.verb is Verb.CREATE and not isinstance(done.outcome, Done):
            self.board.freed += 1
        self._soil(action.task)
        return isinstance(done.outcome, UnreachableError)

    def listed(self, seen: Listed) -> None:
        """Take a node's list in, and what it shows that the ledger has never heard of."""
        if seen.node not in self.board.nodes:
            return
        if self._is_twin(seen):
            return
        was_known = self.board.nodes[seen.node].known
        self.board.learn(seen.node, seen.has, seen.others)
        for task in self.board.list_containers(seen.node, seen.began, seen.containers, seen.era):
            self._soil(task)
        for task in self.board.list_networks(seen.node, seen.began, seen.networks, seen.fabric):
            self._soil(task)
        containers = self.board.nodes[seen.node].containers.values()
        self._learn(unknown_containers(self.history, containers, self.now(), seen.era))
        if not was_known:
            self._learn(found(self.history, seen.node, self.now()))
            self.dirty_all()

    def hinted(self, hint: Hinted) -> bool:
        """Take an event in; return whether only a list can tell what it means."""
        if hint.node not in self.board.nodes or self.underway.told_of(hint):
            return False
        task, look = self.board.hint(hint.node, hint.event, hint.era)
        if task is not None:
            self._soil(task)
        return look

    def secrets_read(self, read: SecretsRead) -> None:
        """Take in what secrets are now; whom a changed one may concern is planned again."""
        before, self.board.secrets = self.board.secrets, read.accounts
        for task, account in read.accounts.items():
            if before.get(task) != account:
                self._soil(task)

    def doubt(self, node: str, reason: str) -> None:
        """Take in that a call got no answer: nothing of its node is believed until it is asked."""
        if node in self.board.nodes and self.board.lose(node, reason, doubt=True):
            self.dirty_all()

    def lost(self, gone: NodeLost) -> None:
        """Take in that a node does not answer."""
        if gone.node in self.board.nodes and self.board.lose(gone.node, gone.reason):
            self._learn(missed(self.history, gone.node, gone.reason, self.now()))
            self.dirty_all()

    def drop(self, subjects: set[str]) -> None:
        """Forget actions that were handed out in vain: they are thought of anew."""
        for subject in subjects & self.underway.keys():
            self._soil(self.underway.pop(subject).task)

    # --- inside ----------------------------------------------------------------------------

    def _soil(self, task: str) -> None:
        """Have a task planned in the next turn, by all names that it has or has had."""
        moved = {now for (name, _), now in self.history.moved.items() if name == task}
        wanted = self.desired.tasks.get(task)
        former = wanted.renamed_from if wanted else ""
        self._agenda.add({task, self._claims.get(task, ""), former, *moved} - {""})

    def _using(self, image: str) -> list[str]:
        """Return the tasks that wait for an image, if not for anything else."""
        return [task.name for task in self.desired.tasks.values() if task.spec.image == image]

    def _fed_from(self, fetching: Fetching) -> list[str]:
        """Return the tasks that may wait for the same inputs."""
        buckets = {origin.bucket.name for origin in fetching.origins}
        tasks = self.desired.tasks.values()
        return [task.name for task in tasks if any(i.bucket in buckets for i in task.spec.inputs)]

    def _learn(self, facts: Sequence[Fact]) -> None:
        self.scribe.learn(facts)
        if any(isinstance(fact, Destroyed) for fact in facts):
            self.dirty_all()

    def _let_go(self, facts: Sequence[Fact]) -> None:
        """Know those nodes no more that nobody asks for, and on which nothing is left."""
        gone = {fact.node for fact in facts if isinstance(fact, NodeForgotten)}
        if gone := gone & self.board.nodes.keys():
            nodes = {n: spec for n, spec in self.desired.nodes.items() if n not in gone}
            self.desired = replace(self.desired, nodes=nodes)
            for name in gone:
                self.board.remove(name)

    def _is_twin(self, seen: Listed) -> bool:
        """Whether a node is only another name for one that counts; one that is, is not believed."""
        twins = twins_of(self.board, self.desired.nodes, seen.node, seen.era)
        if twins is None:
            return False
        if self.desired.nodes[twins.other].leaving:
            self.note([NodeForgotten(twins.other, self.now())])
        else:
            why = f"node {twins.other} is the same engine as node {twins.kept}: declare it once"
            self.lost(NodeLost(twins.other, why))
            self.board.clear(twins.other)
        return seen.node == twins.other
