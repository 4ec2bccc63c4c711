"""How facts change what is known.

`History.apply` is the one place where a fact changes what is known. It is a plain fold, told
nothing that is not in the fact. One writer owns a History; everyone else gets snapshots.
"""

from functools import singledispatchmethod

from msgspec.structs import replace

from reconciler.model import fact as facts
from reconciler.model import node, pool
from reconciler.model.attempting import moved_on
from reconciler.model.data import Resolved
from reconciler.model.identity import AttemptKey
from reconciler.model.images import digest_in
from reconciler.model.known import Known
from reconciler.model.revision import converge, see, work
from reconciler.model.run import Attempt, Cancel, Forgotten, Kept, Run, Trouble
from reconciler.model.suspension import Suspension, target_of


class History(Known):
    """All that is known to have happened in one project, fact by fact."""

    @singledispatchmethod
    def apply(self, fact: object) -> None:
        """Take a fact in.

        Raises:
            TypeError: when it is no fact.
        """
        message = f"not a fact: {fact!r}"
        raise TypeError(message)

    @apply.register
    def _(self, fact: facts.SpecSeen) -> None:
        self.specs[fact.hash] = fact.text

    @apply.register
    def _(self, fact: facts.RunOpened) -> None:
        if fact.run in self.task(fact.task).runs:
            self._look_anew()
        run = Run(
            number=fact.run,
            work=fact.work,
            rerun=fact.rerun,
            reason=fact.reason,
            revision=fact.revision,
            opened_at=fact.at,
            nominal=fact.nominal,
            matrix=fact.matrix,
            afresh=fact.afresh,
        )
        self.task(fact.task).open(run)
        self._fired(fact.task, fact.nominal)

    @apply.register
    def _(self, fact: facts.RunFinished) -> None:
        self.task(fact.task).finish(fact.run, fact.at)

    @apply.register
    def _(self, fact: facts.TaskScaled) -> None:
        self.task(fact.task).instances = fact.instances

    @apply.register
    def _(self, fact: facts.RunCancelled) -> None:
        run = self.task(fact.task).runs[fact.run]
        cancel = Cancel(fact.reason, fact.result, fact.at, fact.asked, fact.passing)
        run.cancels[fact.instance] = cancel

    @apply.register
    def _(self, fact: facts.RetryGranted) -> None:
        task = self.task(fact.task)
        task.finish(fact.run, 0.0)
        run = task.runs[fact.run]
        run.cancels.pop(fact.instance, None)
        if fact.instance is None:
            run.resumed_at = fact.at
        else:
            run.granted[fact.instance] = fact.attempt
            run.forgotten.pop(fact.instance, None)

    @apply.register
    def _(self, fact: facts.RoomAwaited) -> None:
        awaiting = self.task(fact.task).awaiting
        if fact.at:
            awaiting[fact.run, fact.instance] = fact.at
        else:
            awaiting.pop((fact.run, fact.instance), None)

    @apply.register
    def _(self, fact: facts.CombinationNumbered) -> None:
        self.task(fact.task).combinations[fact.values] = fact.instance

    @apply.register
    def _(self, fact: facts.ScheduleSeen) -> None:
        task = self.task(fact.task)
        task.schedule, task.schedule_since = fact.schedule, fact.at
        task.schedule_rerun = fact.rerun

    @apply.register
    def _(self, fact: facts.FiringPassed) -> None:
        self._fired(fact.task, fact.nominal)

    @apply.register
    def _(self, fact: facts.RunsClosed) -> None:
        for run in self.task(fact.task).runs.values():
            run.closed = True

    @apply.register
    def _(self, fact: facts.RunsForgotten) -> None:
        task = self.task(fact.task)
        for number in fact.runs:
            if number in task.runs:
                self.equals.forget_run(fact.task, task.runs[number])
        task.forget(fact.runs)
        task.fired_before = fact.fired

    @apply.register
    def _(self, fact: facts.ImageResolved) -> None:
        run = self.task(fact.task).runs[fact.run]
        if fact.reference:
            run.images[fact.node] = fact.reference
            run.digest = run.digest or digest_in(fact.reference)
        else:
            run.images.pop(fact.node, None)

    @apply.register
    def _(self, fact: facts.InputsResolved) -> None:
        run = self.task(fact.task).runs[fact.run]
        there = dict(run.inputs.pop(fact.node, {}))
        there.pop(fact.description, None)
        if fact.key:
            there[fact.description] = Kept(Resolved(fact.key, fact.size, fact.files), fact.at)
        if there:
            run.inputs[fact.node] = there

    @apply.register
    def _(self, fact: facts.AttemptFact) -> None:
        known = self.attempt(fact.attempt) or Attempt(number=fact.attempt.attempt, node="")
        self._put(fact.attempt, moved_on(fact, known))

    @apply.register
    def _(self, fact: facts.ResultsGone) -> None:
        known = self.attempt(fact.attempt)
        if known is not None:
            self._put(fact.attempt, replace(known, equal=""))

    @apply.register
    def _(self, fact: facts.AttemptsForgotten) -> None:
        run = self.task(fact.task).runs[fact.run]
        self.equals.forget(fact.task, run, fact.instance, fact.attempts)
        run.forget(fact.instance, fact.attempts)
        counts = Forgotten(fact.failures, fact.row, fact.last)
        if counts == Forgotten():
            run.forgotten.pop(fact.instance, None)
        else:
            run.forgotten[fact.instance] = counts

    @apply.register
    def _(self, fact: facts.TroubleSeen) -> None:
        before = self.troubles.get(fact.subject)
        since = before.since if before else fact.at
        self.troubles[fact.subject] = Trouble(fact.message, fact.count, fact.retry_at, since)

    @apply.register
    def _(self, fact: facts.TroubleCleared) -> None:
        self.troubles.pop(fact.subject, None)

    @apply.register
    def _(self, fact: facts.Approved) -> None:
        self.approved_revision = fact.revision

    @apply.register
    def _(self, fact: facts.Destroyed) -> None:
        self.destroyed_revision = fact.revision

    @apply.register
    def _(self, fact: facts.Relearned) -> None:
        self.lost = not fact.confirmed

    @apply.register
    def _(self, fact: facts.TaskRenamed) -> None:
        self._look_anew()
        before = self.tasks.pop(fact.old)
        self.tasks[fact.task] = before.renamed(fact.task)
        self.moved = {key: fact.task if t == fact.old else t for key, t in self.moved.items()}
        self.moved |= {(fact.old, number): fact.task for number in before.runs}
        prefix = f"{fact.old}/"
        for subject in [s for s in self.troubles if s.startswith(prefix)]:
            moved = f"{fact.task}/{subject.removeprefix(prefix)}"
            self.troubles[moved] = self.troubles.pop(subject)
        suspension = self.suspensions.pop(target_of(task=fact.old), None)
        if suspension is not None:
            self.suspensions[target_of(task=fact.task)] = suspension

    @apply.register
    def _(self, fact: facts.TaskProtected) -> None:
        self.task(fact.task).protected = fact.protected

    @apply.register
    def _(self, fact: facts.RevisionSeen) -> None:
        see(self.revisions, fact)

    @apply.register
    def _(self, fact: facts.RevisionWorked) -> None:
        work(self.revisions, fact)

    @apply.register
    def _(self, fact: facts.RevisionConverged) -> None:
        converge(self.revisions, fact)

    @apply.register
    def _(self, fact: facts.Pinned) -> None:
        self.pinned_revision = fact.revision

    @apply.register
    def _(self, fact: facts.Suspended) -> None:
        self.suspensions[fact.target] = Suspension(fact.at, fact.until, fact.reason, fact.stop)

    @apply.register
    def _(self, fact: facts.Resumed) -> None:
        self.suspensions.pop(fact.target, None)

    @apply.register
    def _(self, fact: facts.NodeFact) -> None:
        node.note(fact, self.nodes)

    @apply.register
    def _(self, fact: facts.PoolFact) -> None:
        pool.note(fact, self.pools)

    def _fired(self, name: str, nominal: float) -> None:
        task = self.task(name)
        task.fired = nominal or task.fired

    def _put(self, key: AttemptKey, attempt: Attempt) -> None:
        """Store an attempt in number order, in the run it belongs to."""
        task = self.task(key.key.task)
        if key.run not in task.runs:
            task.open(Run(key.run, work=""))
        run = task.runs[key.run]
        known = run.attempts_of(key.key.instance)
        for before in (a for a in known if a.number == key.attempt and a.equal):
            self.equals.drop(key, before)
        others = [a for a in known if a.number != key.attempt]
        kept = sorted([*others, attempt], key=lambda a: a.number)
        run.attempts[key.key.instance] = tuple(kept)
        if attempt.equal:
            self.equals.add(key, attempt)

    def _look_anew(self) -> None:
        """Have it found again which attempts have completed equal work."""
        self.__dict__.pop("equals", None)
