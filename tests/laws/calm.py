"""Fate rests: laws 5, 6, 7, 12 and 17, once faults stop.

Whatever was lost, doubled or late before: after one resync everything is as it is wanted or says
what it waits for, a reconciler that begins anew finds nothing to do, and nothing is left behind.
"""

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from reconciler.controller.almanac import Wall
from reconciler.model.action import InstanceState, Verdict
from reconciler.model.desired import DesiredTask
from reconciler.model.identity import LABEL_RUN, LABEL_TASK, InstanceKey
from reconciler.model.observed import Phase
from reconciler.planning.concluding import Ended
from tests.laws.of_record import MET
from tests.laws.steps import Steps
from tests.laws.wishes import BATCH

_DONE = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}
_ROUNDS = 6
_MOST_ROUNDS = 60


class Calm(Steps):
    """What holds when nothing goes wrong any more."""

    @precondition(lambda self: self.since_calm > 12)
    @rule(code=st.sampled_from([None, 0, 1]))
    def all_is_calm(self, code: int | None) -> None:
        """Nothing goes wrong any more. Programs run on, or all end, well in the end."""
        self.since_calm = 0
        self.nothing_is_wrong()
        for _ in range(_ROUNDS):
            self.a_round(code)
        for _ in range(_MOST_ROUNDS if code is not None else 0):
            if not any(map(self.is_under_way, self.stage.core.all_verdicts())):
                break
            self.a_round(0)
        self.law_7_fixpoint()
        self.law_12_bounds()
        for task in self.stage.core.desired.tasks.values():
            if task.schedule and self.is_free(task):
                self.law_14_no_firing_waits(task)
            elif self.is_free(task):
                self.law_16_all_or_none(task)
                self.nothing_is_ended_in_vain(task)
        for verdict in self.stage.core.all_verdicts():
            self.law_17_liveness(verdict, drained=code is not None)
        self.nothing_is_left_behind()
        self.checked["laws 5, 6, 7, 17"] += 1

    def nothing_is_wrong(self) -> None:
        stage = self.stage
        stage.ail, stage.record.full = None, False
        for node in stage.nodes.values():
            node.wedged = node.unreachable = False
            node.autoexit = lambda _: None
        stage.land(list(stage.strays))
        self.do_all()
        stage.lists.clear()
        stage.told.clear()
        self.request("approve")
        stage.look()
        self.request("relearn")

    def a_round(self, code: int | None) -> None:
        """Two minutes in which programs end, or do not, and checks find health."""
        for name, box in self.running():
            node = self.stage.nodes[name]
            if node.boxes[box].health:
                node.become(box, "healthy")
            elif code is not None and self.laws.engines.attempt(box).key.task in BATCH:
                node.finish(box, code)
        self.stage.now += 120
        self.settle()

    def is_under_way(self, verdict: Verdict) -> bool:
        """Whether an instance of batch, left to itself, is yet to come to its end."""
        task = self.stage.core.desired.tasks.get(verdict.key.task)
        if task is None or task.schedule or task.service or not self.is_free(task):
            return False
        over = verdict.state in _DONE or verdict.blocked or verdict.after
        return not (over or verdict.protected)

    # --- what is judged ------------------------------------------------------------------------

    def law_7_fixpoint(self) -> None:
        """The plan is empty, bit by bit and as a whole, and whatever the order of what is known."""
        assert not self.settle(), "law 7: there is always something to do"
        thought = self.thought()
        self.stage.crash()
        assert not self.settle(), "law 7: a restart finds something to do"
        assert self.thought() == thought, "law 6: planned bit by bit, it is another plan"

    def thought(self) -> dict[tuple[InstanceKey, int], tuple[object, ...]]:
        verdicts = self.stage.core.all_verdicts()
        return {
            (v.key, v.run): (v.state, v.settled, v.ready, v.blocked, v.suspended) for v in verdicts
        }

    def law_12_bounds(self) -> None:
        """Also what was lowered while more ran."""
        for task in self.stage.core.desired.tasks.values():
            first = self.wishes.firsts[task.name]
            names = [
                n
                for n in self.laws.engines.live()
                if self.laws.engines.attempt(n).key.task == first
            ]
            runs = Counter(self.laws.engines.attempt(name).run for name in names)
            live = (
                max(runs.values(), default=0) if self.laws.engines.overlaps(first) else len(names)
            )
            if task.parallelism is not None and self.is_free(task):
                assert live <= task.parallelism, f"law 12: {names} run"

    def law_14_no_firing_waits(self, task: DesiredTask) -> None:
        """Each firing has its run, or it is on record that it has none."""
        known = self.laws.record.known.task(task.name)
        last = Wall(self.stage.wall).look([task], ()).of(task.name).last
        dealt = known.fired >= last or known.schedule_since >= last
        assert dealt, f"law 14: nothing came of {task.name}'s firing at {last}"

    def law_16_all_or_none(self, task: DesiredTask) -> None:
        """Of a gang all run that have not completed, or none does."""
        run = self.laws.record.known.task(task.name).run_for(task)
        if not task.gang or run is None:
            return
        owners = [self.laws.engines.owner(name) for _, name in self.running()]
        live = {o.key.instance for o in owners if o.key.task == task.name}
        rest = {i for i in task.instances if not (run.succeeded(i) or run.cancel_of(i))}
        assert live in (set(), rest), f"law 16: of {rest} only {live} run"

    def nothing_is_ended_in_vain(self, task: DesiredTask) -> None:
        """What other tasks have ended goes on once there is no cause for it any more."""
        run = self.laws.record.known.task(task.name).run_for(task)
        cancel = run.cancels.get(None) if run else None
        if cancel is None or not cancel.passing:
            return
        tasks, conclusion = self.stage.core.desired.tasks, self.laws.record.conclusion
        unmet = any(conclusion(tasks[d.task]) not in MET[d.condition] for d in task.depends_on)
        mates = [t for t in tasks.values() if task.job and t.job == task.job]
        broken = any(conclusion(mate) is Ended.FAILED for mate in mates)
        job = self.stage.desired.jobs.get(task.job)
        assert unmet or (broken and job and job.cancel), f"{task.name} is ended in vain: {cancel}"

    def is_free(self, task: DesiredTask) -> bool:
        """Whether nothing but its own manifest says how a task is to go on."""
        known = self.laws.record.known
        destroyed = known.destroyed(self.stage.desired.revision)
        return not (task.suspend or task.blocked or known.suspensions or destroyed)

    def law_17_liveness(self, verdict: Verdict, *, drained: bool) -> None:
        """Each instance runs, is over, or is kept from it by what its sentence says."""
        assert verdict.reason, f"law 17: {verdict}"
        task = self.stage.core.desired.tasks.get(verdict.key.task)
        assert not (drained and self.is_under_way(verdict)), f"law 17: {verdict} finds no end"
        if verdict.settled or verdict.blocked or verdict.suspended or verdict.protected:
            return
        assert task is not None, f"law 17: {verdict}"
        assert verdict.state is InstanceState.PENDING, f"law 17: {verdict}"
        said = ("waits for", "the next attempt is due")
        waits = verdict.after or any(words in verdict.reason for words in said)
        assert waits, f"law 17: {verdict}"

    def nothing_is_left_behind(self) -> None:
        """What is there is asked for, protected, or kept on purpose; and none has two outcomes."""
        tasks = self.stage.core.desired.tasks
        known = self.laws.record.known
        for _, name in self.ours():
            attempt = self.laws.engines.owner(name)
            task = tasks.get(attempt.key.task)
            if task is None:
                history = known.tasks.get(attempt.key.task)
                kept = not self.stage.desired.prunable or (
                    history is not None and history.protected
                )
                assert kept, f"{name} is left behind"
            else:
                assert attempt.key.instance in task.instances, f"{name} is left behind"
            record = known.attempt(attempt)
            assert record is not None
        self.no_network_is_left_behind()

    def no_network_is_left_behind(self) -> None:
        """Each network is of a run that goes on, or has containers that may be started."""
        known, verdicts = self.laws.record.known, self.stage.core.all_verdicts()
        wanted = {(v.key.task, v.run) for v in verdicts if v.state not in _DONE}
        there = {(known.moved.get(run, run[0]), run[1]) for run in self.networked()}
        occupied = {
            (owner.key.task, owner.run)
            for node, name in self.ours()
            if self.stage.nodes[node].boxes[name].phase is not Phase.EXITED
            for owner in (self.laws.engines.owner(name),)
        }
        self.checked["networks"] += len(there)
        assert there <= wanted | occupied, (
            f"networks of {there - wanted - occupied} are left behind"
        )

    def networked(self) -> list[tuple[str, int]]:
        """Return the runs of which nodes have networks, as they were called then."""
        labels = (one for node in self.stage.nodes.values() for one in node.networks.values())
        return [(one[LABEL_TASK], int(one[LABEL_RUN])) for one in labels]
