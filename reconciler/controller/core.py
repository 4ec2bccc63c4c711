"""The controller's state and its one step, without threads, sockets or sleep.

Happenings go in, actions come out. `turn` records before it returns: an action that is handed
out has its facts on disk, and where the disk refuses, nothing is handed out. Whoever drives
the core carries the actions out and reports back; results may come in any order.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from reconciler.controller import narrate
from reconciler.controller.absorb import absorb
from reconciler.controller.agenda import Agenda
from reconciler.controller.almanac import Almanac, Dates, Wall, scheduled
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
from reconciler.model.action import Action, Hold, Plan, Verb, Verdict
from reconciler.model.data import Fetching
from reconciler.model.desired import Desired
from reconciler.model.fact import (
    Destroyed,
    Fact,
    NodeForgotten,
    RevisionConverged,
    RevisionSeen,
    TroubleCleared,
)
from reconciler.model.headway import Glimpse
from reconciler.model.history import History
from reconciler.model.identity import task_of
from reconciler.planning import plan
from reconciler.planning.affected import affected
from reconciler.planning.nodes import declared, found, missed, with_leaving
from reconciler.planning.numbering import as_kept
from reconciler.planning.permit import Permit, keep_to
from reconciler.planning.renaming import claims
from reconciler.planning.tally import tally


class Core:
    """All that one controller knows, and what it makes of it."""

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
        self.holds: tuple[Hold, ...] = ()
        self.underway = Errands()
        # What a person has agreed to, where that is all that may be done.
        self.permit: Permit | None = None
        # Whether all that begins is to run, whatever has completed before.
        self.afresh = False
        # What was handed out: how much of each kind in all, without what could not be taken over,
        # and what by the last turn.
        self.deeds: Counter[Verb] = Counter()
        self.latest: list[Action] = []
        # What was last seen of running containers, by id, for whoever looks; nothing rests on it.
        self.glimpses: Mapping[str, Glimpse] = {}
        # How often it has planned; a turn with nothing to do plans nothing.
        self.passes = 0
        # Epoch seconds of a clock that nobody sets: what is on record is measured by it.
        self.now = now
        self._dates = Dates(almanac or Wall(now), self.began)
        # What tasks say that they were called before, and what each is called now.
        self._claims = claims(desired.tasks.values())
        self._agenda = Agenda()
        self._freed = 0
        self._learn(list(declared(desired, self.history, self.began)))

    @property
    def history(self) -> History:
        """What is known to have happened."""
        return self.scribe.history

    # --- what goes in ----------------------------------------------------------------------

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

    # --- what comes out --------------------------------------------------------------------

    def turn(self) -> list[Action]:
        """Plan what is due, record it, and return the actions to carry out now."""
        now = self.now()
        self.latest = []
        if self._dates.moved(now):
            for task in scheduled(self.desired):
                self._soil(task.name)
            self._agenda.add(pool.task for pool in self.desired.pools.values())
        self._agenda.add(self.assessment.due(now))
        if self.board.freed != self._freed:
            self._freed = self.board.freed
            self._agenda.add(self.assessment.crowded)
        if now < self.scribe.retry_at or not self._anything_to_do():
            return []
        # What is held is judged together with whatever else changes.
        self._agenda.add(task for hold in self.holds for task in hold.tasks)
        only = self._agenda.take()
        self.desired = as_kept(self.desired, self.history, only)
        self.passes += 1
        wanted = self.effective()
        calendar = self._dates.of(wanted, only)
        queued = self.assessment.queued.copy()
        busy = replace(self.underway.underway(self.history, self.board), queued=queued)
        observed = self.board.observed()
        made = plan(wanted, observed, self.history, now, busy, only, calendar, afresh=self.afresh)
        if self.permit is not None:
            made = keep_to(made, self.permit)
        entries = narrate.said_of_plan(made, self.holds, now)
        entries += narrate.said_of_halts(self.assessment.halts, made.halts, only, now)
        if not self.scribe.record([*made.facts, *self._worked(made)], entries):
            self._agenda.put_back(only)
            return []
        if self.assessment.take(made, only, self.effective().tasks):
            self._agenda.add(self.assessment.crowded)
        self._agenda.planned(made, self.desired, everything=only is None)
        if self.assessment.queued != queued:
            self._agenda.add(pool.task for pool in self.desired.pools.values())
        self.holds = made.holds
        self.underway.hand_out(made.actions)
        self.latest = list(made.actions)
        self.deeds.update(action.verb for action in self.latest)
        self._let_go(made.facts)
        self._note_convergence()
        return self.latest

    def effective(self) -> Desired:
        """Return the revision in force, emptied where a person has destroyed it."""
        if not self.history.destroyed(self.desired.revision):
            return self.desired
        return replace(self.desired, tasks={}, pools={}, prunable=True)

    def wake_at(self) -> float | None:
        """Return when (epoch seconds) the next turn is worth while without a happening."""
        now = self.now()
        if self.scribe.retry_at > now:
            return self.scribe.retry_at
        return now if self._agenda.due else min(self.assessment.wakes.values(), default=None)

    def more_to_plan(self) -> bool:
        """Whether another turn is due at once, for what the last one has brought about."""
        return self._agenda.due and not self.scribe.error

    def at_rest(self) -> bool:
        """Whether only the instances' own progress, or a person, is awaited."""
        if self.scribe.owes_facts or not self._agenda.empty or not self.board.all_asked():
            return False
        if any(self._is_known(action.node) for action in self.underway.values()):
            return False
        return self.assessment.at_rest

    @property
    def verdicts(self) -> Mapping[str, tuple[Verdict, ...]]:
        """What is thought of the instances of each task."""
        return self.assessment.verdicts

    def all_verdicts(self) -> list[Verdict]:
        """Return what is thought of every instance."""
        return [v for name in sorted(self.verdicts) for v in self.verdicts[name]]

    def flush(self) -> bool:
        """Record what is known and plan nothing; return whether the ledger took it."""
        return self.scribe.record((), ())

    def drop(self, subjects: set[str]) -> None:
        """Forget actions that were handed out in vain: they are thought of anew."""
        for subject in subjects & self.underway.keys():
            self._soil(self.underway.pop(subject).task)

    # --- inside ----------------------------------------------------------------------------

    def _anything_to_do(self) -> bool:
        return self.scribe.owes or not self._agenda.empty

    def _is_known(self, node: str) -> bool:
        state = self.board.nodes.get(node)
        return state is not None and state.known

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

    def _worked(self, made: Plan) -> list[Fact]:
        """Return what a plan brings about for the revision in force, where that is counted."""
        if not made.facts or self.history.revision(self.desired.revision) is None:
            return []
        worked = tally(self.effective(), self.history, made.facts)
        return [worked] if worked else []

    def _note_convergence(self) -> None:
        """Put on record, once, that everything is as the revision in force asks for it."""
        known = self.history.revision(self.desired.revision)
        if known is None or known.converged_at or not self.at_rest():
            return
        if self.assessment.complete and not self.holds:
            self.scribe.record([RevisionConverged(self.desired.revision, self.now())], ())

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
