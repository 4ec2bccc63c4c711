"""The controller's one step, without threads, sockets or sleep.

Happenings go in (`knowing`), actions come out. `turn` records before it returns: an action that
is handed out has its facts on disk, and where the disk refuses, nothing is handed out. Whoever
drives the core carries the actions out and reports back; results may come in any order.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from reconciler.controller import narrate
from reconciler.controller.almanac import Almanac, scheduled
from reconciler.controller.knowing import Knowing
from reconciler.controller.scribe import Record
from reconciler.model.action import Action, Hold, Plan, Verdict
from reconciler.model.desired import Desired
from reconciler.model.fact import (
    Fact,
    RevisionConverged,
)
from reconciler.model.headway import Glimpse
from reconciler.planning import plan
from reconciler.planning.numbering import as_kept
from reconciler.planning.permit import Permit, keep_to
from reconciler.planning.tally import tally


class Core(Knowing):
    """All that one controller knows, and what it makes of it."""

    def __init__(
        self,
        desired: Desired,
        ledger: Record,
        now: Callable[[], float],
        almanac: Almanac | None = None,
    ) -> None:
        """Start as `Knowing` does."""
        super().__init__(desired, ledger, now, almanac)
        self.holds: tuple[Hold, ...] = ()
        # What a person has agreed to, where that is all that may be done.
        self.permit: Permit | None = None
        # Whether all that begins is to run, whatever has completed before.
        self.afresh = False
        # What was handed out by the last turn.
        self.latest: list[Action] = []
        # What was last seen of running containers, by id, for whoever looks; nothing rests on it.
        self.glimpses: Mapping[str, Glimpse] = {}
        # How often it has planned; a turn with nothing to do plans nothing.
        self.passes = 0
        self._freed = 0

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

    # --- inside ----------------------------------------------------------------------------

    def _anything_to_do(self) -> bool:
        return self.scribe.owes or not self._agenda.empty

    def _is_known(self, node: str) -> bool:
        state = self.board.nodes.get(node)
        return state is not None and state.known

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
