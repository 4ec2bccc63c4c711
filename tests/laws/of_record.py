"""The laws that are seen on the record: each fact is judged just before it is durable.

By what was on record before, what is asked for now, and the truth on the nodes. Counts anew what
the planner counts: nothing here asks it, other than how a whole run has ended.
"""

from collections.abc import Iterator
from functools import singledispatchmethod

from msgspec import Struct, field

from reconciler.model import fact as facts
from reconciler.model.desired import Condition, DesiredTask, OnScale, Restart
from reconciler.model.fact import Fact, Result
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey
from reconciler.model.run import Attempt, Run
from reconciler.model.suspension import target_of
from reconciler.planning.concluding import Ended, conclusion_of
from reconciler.planning.numbering import as_kept
from tests.laws.node import Node
from tests.laws.of_engines import SURGE, EngineLaws
from tests.laws.stage import PROJECT, Stage
from tests.laws.wishes import SERVICE, Wishes

MET = {
    Condition.SUCCESS: {Ended.SUCCEEDED},
    Condition.FAILURE: {Ended.FAILED},
    Condition.CANCELLED: {Ended.CANCELLED},
    Condition.ANY: set(Ended),
}
_SILENT = {Result.CANCELLED, Result.BURNT}
Attempts = tuple[Attempt, ...]
Beginning = facts.AttemptReserved | facts.ResultTakenOver


class RecordLaws(Struct):
    """What was put on record so far. `asked` are the runs that a person has asked for."""

    stage: Stage
    wishes: Wishes
    known: History
    engines: EngineLaws
    fired: set[tuple[str, float]] = field(default_factory=set)
    asked: set[tuple[str, int]] = field(default_factory=set)

    def recorded(self, fact: Fact) -> None:
        """Judge a fact, and know it from now on."""
        self.judge(fact)
        self.known.apply(fact)

    @singledispatchmethod
    def judge(self, fact: object) -> None:
        """Fail where a fact is against a law. Most say nothing that could be."""

    # --- runs ----------------------------------------------------------------------------------

    @judge.register
    def _(self, fact: facts.RunOpened) -> None:
        """Law 2: the same work has one run; law 14: a nominal time fires once."""
        if fact.nominal:
            firing = self.wishes.firsts[fact.task], fact.nominal
            assert firing not in self.fired, f"law 14: {firing} fires again"
            assert fact.nominal <= self.stage.wall(), f"law 14: {firing} is yet to come"
            self.fired.add(firing)
        task = self.wanted(fact.task)
        if (fact.task, fact.run) in self.asked or fact.reason.startswith("learned again"):
            return
        assert fact.run > self.known.last_run_of(fact.task), f"{fact} was there before"
        assert task is not None, f"{fact} is of a task that nobody asks for"
        if task.schedule is None:
            same = [r for r in self._runs(fact.task) if r.serves(task) and not r.closed]
            assert not same, f"law 2: {fact} is of the work that {same[0].number} did"

    # --- attempts ------------------------------------------------------------------------------

    @judge.register
    def _(self, fact: facts.AttemptReserved) -> None:
        """Laws 1, 2, 12, 15: whether another attempt may be begun now."""
        attempt = fact.attempt
        before = self.known.attempt(attempt)
        if not fact.count:
            return  # learned from its container, which knows nothing of the others
        assert before is None or not (before.ended or before.start_requested_at), f"{fact}: used"
        run, task = self._run(attempt), self.wanted(attempt.key.task)
        assert task is not None, f"{fact}: nobody asks for it"
        assert attempt.key.instance in task.instances, f"{fact}: nobody asks for it"
        assert not run.outdated(task), f"{fact}: it is of other work than is asked for"
        assert fact.revision == self.stage.desired.revision, fact
        assert not self.known.lost or task.service, f"{fact}: begun before `relearn`"
        assert not self._suspended(task), f"{fact}: it is suspended"
        earlier = run.attempts_of(attempt.key.instance)
        assert all(a.number <= attempt.attempt for a in earlier), f"{fact}: numbers go back"
        self._nobody_else_lives(fact)
        if not task.service:
            self._law_2(fact, task, earlier)
            self._law_12(fact, task, run)
        if not run.attempts:
            self._in_order(fact, task)

    @judge.register
    def _(self, fact: facts.ResultTakenOver) -> None:
        """Laws 2, 3 and 15: only what has really completed, and where nothing was begun."""
        attempt, origin = fact.attempt, self.known.attempt(self.known.owner(fact.origin))
        assert self.known.attempt(attempt) is None, f"law 3: {fact}: used"
        run, task = self._run(attempt), self.wanted(attempt.key.task)
        assert not run.afresh, f"{fact}: it was to run"
        earlier = run.attempts_of(attempt.key.instance)
        assert all(a.ended and a.number < attempt.attempt for a in earlier), f"law 3: {fact}"
        if task is not None:
            self._law_2(fact, task, earlier)
        if origin is not None:
            assert origin.result is Result.SUCCEEDED, f"law 15: {fact}: {origin}"
            assert origin.origin is None, f"law 15: {fact}: {origin} did not run"
            assert fact.equal == origin.equal, f"{fact}: other work than {origin}"

    def _law_2(self, fact: Beginning, task: DesiredTask, earlier: Attempts) -> None:
        told = {a.count for a in earlier if a.result is Result.SUCCEEDED}
        again = task.on_scale is OnScale.RERUN and not {0, fact.count} & told
        assert not told or again, f"law 2: {fact.attempt} has completed"

    def _law_12(self, fact: facts.AttemptReserved, task: DesiredTask, run: Run) -> None:
        """Neither an instance's retries nor those of all together are more than may be."""
        instance, retry = fact.attempt.key.instance, task.retry
        failures = list(counted(run, instance))
        last = stands_failed(run, instance)
        if last is None:
            return
        limit = retry.per_instance
        assert limit is None or len(failures) <= limit, f"law 12: {fact} is beyond {limit} retries"
        told = last.stop_requested_at
        assert told or last.exit_code not in retry.never, f"law 12: no attempt follows {last}"
        if limit is None and retry.again and task.restart is Restart.NEVER:
            named = not told and last.exit_code in retry.again
            assert named, f"law 12: {last} is not for retry"
        used = sum(followed(run, i) for i in run.attempts) + 1
        assert retry.total is None or used <= retry.total, f"law 12: {fact} is beyond the total"
        pause = min(2.0 ** (len(failures) - 1), 300.0)
        assert self.stage.now >= last.ended_at + pause - 0.001, f"{fact}: too early, by {pause}"

    def _suspended(self, task: DesiredTask) -> bool:
        """Whether a person or a manifest wants nothing new of a task now."""
        targets = {"", target_of(task=task.name), target_of(job=task.job)}
        asked = (s for target, s in self.known.suspensions.items() if target in targets)
        return bool(task.suspend) or any(not s.until or s.until > self.stage.now for s in asked)

    def _nobody_else_lives(self, fact: facts.AttemptReserved) -> None:
        """Laws 1 and 15: what cannot be seen is not for that reason gone."""
        first = self.wishes.first(fact.attempt.key)
        live = [n for n in self.engines.live() if self.engines.attempt(n).key == first]
        live = [n for n in live if n not in self.engines.given_up]
        if self.engines.overlaps(first.task):
            live = [n for n in live if self.engines.attempt(n).run == fact.attempt.run]
        most = SURGE if first.task == SERVICE else 0
        assert len(live) <= most, f"law 1: {fact} is begun while {live} lives"

    def _in_order(self, fact: facts.AttemptReserved, task: DesiredTask) -> None:
        for one in task.depends_on:
            other = self.wanted(one.task)
            found = {self.conclusion(other), self._before_this_firing(other)} if other else {None}
            assert found & {*MET[one.condition]}, f"{fact} does not wait for {one}, {found}"

    def _before_this_firing(self, task: DesiredTask) -> Ended | None:
        """Return how a scheduled task stood before its schedule fired at this very moment."""
        history = self.known.tasks.get(task.name)
        newest = history.latest() if history else None
        if history is None or newest is None or newest.opened_at != self.stage.now:
            return None
        earlier = history.runs.get(max((n for n in history.runs if n < newest.number), default=0))
        found = conclusion_of(task, earlier) if earlier and task.schedule else None
        return found.ended if found else None

    def conclusion(self, task: DesiredTask) -> Ended | None:
        """Return how the run of a task's present work has ended, None while it goes on."""
        if not task.instances:
            return Ended.SUCCEEDED
        history = self.known.tasks.get(task.name)
        run = history.present(task) if history else None
        found = conclusion_of(task, run) if run else None
        return found.ended if found else None

    @judge.register
    def _(self, fact: facts.AttemptForsaken) -> None:
        """Law 15: only a service begins elsewhere while its node cannot be asked."""
        assert self.wishes.firsts[fact.attempt.key.task] == SERVICE, f"law 15: {fact}"
        self.engines.gives_up(self.known.container_name(fact.attempt, PROJECT))

    @judge.register
    def _(self, fact: facts.AttemptEnded) -> None:
        """Laws 3 and 15: each attempt ends once, and as it really did."""
        record = self.known.attempt(fact.attempt)
        assert record is None or not record.ended, f"law 3: {fact} ends again"
        name = self.known.container_name(fact.attempt, PROJECT)
        assert name not in self.engines.live(), f"law 15: {fact} has not ended"
        node = self.stage.nodes[fact.node]
        self._law_15(fact, node, name, record)
        if fact.result is Result.SUCCEEDED and record is not None and record.outputs:
            moved = self.wishes.firsts[fact.attempt.key.task] in self.wishes.redirected
            assert moved or record.results, f"law 8: {fact}, and its results are not stored"
        self.engines.ends(fact.attempt, fact.result)

    def _law_15(
        self, fact: facts.AttemptEnded, node: Node, name: str, record: Attempt | None
    ) -> None:
        end = node.ends.get(name)
        stopped = record.stop_requested_at if record else 0.0
        good = name in node.journal.done and end is not None
        if fact.result is Result.SUCCEEDED:
            unseen = name in self.engines.told_to_end and name not in self.stage.warned
            assert good or unseen, f"law 15: {fact} did not complete"
            assert not stopped or (end and end.at < stopped), f"{fact} ended after it was told to"
        asked_in = record.era if record else ""
        same_life = end is not None and asked_in == end.era == node.era
        discarded = record is not None and bool(record.discarded_at)
        undisturbed = not (stopped or discarded or name in self.stage.heard)
        if good and same_life and undisturbed and name in node.boxes:
            assert fact.result is Result.SUCCEEDED, f"law 2: {fact} did complete"
        if fact.exit_code is not None and end is not None:
            assert fact.exit_code == end.code, f"law 15: {fact} ended with {end}"
        if fact.result is Result.FAILED and end is not None and not stopped:
            assert (node.node, name) not in self.engines.killed_with_engine, f"law 15: {fact}"

    @judge.register
    def _(self, fact: facts.StopRequested) -> None:
        """Nothing is ended that is wanted as it is."""
        task = self.wanted(fact.attempt.key.task)
        if task is None:
            history = self.known.task(fact.attempt.key.task)
            destroyed = self.known.destroyed(self.stage.desired.revision)
            assert self.stage.desired.prunable or destroyed, f"law 19: {fact}"
            assert not history.protected or destroyed, f"{fact}: it is protected"
            return
        run = self._run(fact.attempt)
        record = self.known.attempt(fact.attempt)
        wanted = fact.attempt.key.instance in task.instances and not run.outdated(task)
        as_is = record is not None and record.shape == task.shape.hash
        newest = run.number == max(r.number for r in self._runs(task.name))
        forsaken = any(a.forsaken_at for a in run.attempts_of(fact.attempt.key.instance))
        alone = newest and not forsaken  # else one survives of what ran on when its node was lost
        if wanted and as_is and alone and task.parallelism is None and not task.gang:
            assert self._has_cause(fact, task, run), f"{fact}: nothing asks for that"

    def _has_cause(self, fact: facts.StopRequested, task: DesiredTask, run: Run) -> bool:
        """Whether something other than the manifest's work, shape and number asks for an end."""
        late = fact.result is Result.FAILED
        cancelled = run.cancel_of(fact.attempt.key.instance) is not None
        destroyed = self.known.destroyed(self.stage.desired.revision)
        beside = run.attempts_of(fact.attempt.key.instance)[-1].number != fact.attempt.attempt
        rerun = run.rerun != task.rerun or run.closed
        parked = any(s.stop for s in self.known.suspensions.values())
        return late or cancelled or destroyed or beside or rerun or parked

    # --- what is asked -------------------------------------------------------------------------

    def wanted(self, name: str) -> DesiredTask | None:
        """Return a task as it is asked for now, with the ids that its combinations keep."""
        return as_kept(self.stage.desired, self.known, [name]).tasks.get(name)

    def _runs(self, task: str) -> list[Run]:
        return list(self.known.task(task).runs.values())

    def _run(self, attempt: AttemptKey) -> Run:
        return self.known.task(attempt.key.task).runs[attempt.run]


def counted(run: Run, instance: int) -> Iterator[Attempt]:
    """Yield an instance's failures since it was last allowed to go on."""
    granted = run.granted.get(instance, 0)
    for attempt in run.attempts_of(instance):
        if attempt.number > granted and attempt.result in {Result.FAILED, Result.LOST}:
            yield attempt


def stands_failed(run: Run, instance: int) -> Attempt | None:
    """Return the failure that is an instance's last word, if that is one."""
    said = [a for a in run.attempts_of(instance) if a.result not in _SILENT]
    return said[-1] if said and said[-1] in counted(run, instance) else None


def followed(run: Run, instance: int) -> int:
    """Count an instance's failures that an attempt has followed."""
    count = len(list(counted(run, instance)))
    return count - (stands_failed(run, instance) is not None)
