"""What holds whatever happens to nodes: fate loses, heals, cordons, empties and forgets them."""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reconciler.model.action import InstanceState
from reconciler.model.desired import Restart, Retry
from reconciler.model.fact import NodeOrdered
from reconciler.model.observed import Phase
from tests.support.desired import make_task
from tests.support.many import Many

NAMES = ("a", "b", "c")
SURGE = 1
BATCH = make_task("work", 3, retry=Retry(2), replaced=True)
PATIENT = make_task("calm", 2, retry=Retry(1))
WEB = make_task("web", 2, restart=Restart.ALWAYS, retry=Retry(None))
_nodes = st.sampled_from(NAMES)


class Fate(RuleBasedStateMachine):
    """Three nodes, two batch tasks and a service."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = Many(*NAMES)
        self.specs = dict(self.lab.nodes)
        self.done: set[tuple[str, int]] = set()
        self.lab.apply(BATCH, PATIENT, WEB)

    # --- what happens --------------------------------------------------------------------------

    @rule(node=_nodes)
    def lose(self, node: str) -> None:
        self.lab.lose(node)

    @rule(node=_nodes)
    def heal(self, node: str) -> None:
        self.lab.heal(node)

    @rule(seconds=st.sampled_from([1.0, 15.0, 121.0]))
    def wait(self, seconds: float) -> None:
        self.lab.wait(seconds)

    @rule(
        node=_nodes,
        order=st.sampled_from(["", "cordon", "drain"]),
        grace=st.sampled_from([None, 5.0]),
    )
    def order(self, node: str, order: str, grace: float | None) -> None:
        if node in self.lab.core.desired.nodes:
            self.lab.note(NodeOrdered(node, order, self.lab.now, grace))  # type: ignore[arg-type]

    @rule(node=_nodes)
    @precondition(lambda self: len(self.lab.nodes) > 1)
    def undeclare(self, node: str) -> None:
        self.lab.forget(node)

    @rule(node=_nodes)
    def declare(self, node: str) -> None:
        self.lab.nodes[node] = self.specs[node]
        self.lab.commit()

    @rule(data=st.data(), code=st.sampled_from([0, 1]))
    def finish(self, data: st.DataObject, code: int) -> None:
        """Let some program end, on a node that is seen or not."""
        live = [(node, name) for node, names in self.lab.live().items() for name in names]
        if live:
            node, name = data.draw(st.sampled_from(sorted(live)))
            self.lab.finish(node, name, code)
            self.lab.settle()

    @rule(node=_nodes)
    def restart_engine(self, node: str) -> None:
        self.lab.worlds[node].restart()
        self.lab.settle()

    @rule()
    def crash(self) -> None:
        self.lab.crash()
        self.lab.settle()

    # --- what holds ----------------------------------------------------------------------------

    @invariant()
    def one_of_each_on_nodes_that_are_seen(self) -> None:
        seen = [name for name, view in self.lab.core.board.nodes.items() if view.known]
        live = Counter[str]()
        for node in seen:
            for box in self.lab.worlds[node].boxes.values():
                if box.phase is Phase.RUNNING:
                    _, task, _, instance, _ = box.name.split(".")
                    live[f"{task}/{instance}"] += 1
        assert not live.keys() & {f"{task}/{i}" for task, i in self.done}, "it had completed"
        for key, count in live.items():
            assert count <= 1 + (SURGE if key.startswith("web") else 0), (key, count)

    @invariant()
    def completion_is_final(self) -> None:
        for task in (BATCH, PATIENT):
            run = self.lab.core.history.tasks[task.name].runs[1]
            now = {(task.name, i) for i in task.instances if run.succeeded(i)}
            before = {key for key in self.done if key[0] == task.name}
            assert before <= now
            self.done |= now

    @invariant()
    def starts_are_accounted_for(self) -> None:
        """Not more attempts than one, the retries, and those that we ended or never began."""
        for task in (BATCH, PATIENT):
            run = self.lab.core.history.tasks[task.name].runs[1]
            for instance in task.instances:
                counted = [a for a in run.attempts_of(instance) if a.counts_as_failure]
                assert task.retry.per_instance is not None
                assert len(counted) <= task.retry.per_instance + 1

    @invariant()
    def planning_comes_to_rest(self) -> None:
        assert self.lab.settle() == []

    def teardown(self) -> None:
        """Once all are back, everything is running, terminal, or says what it waits for."""
        for node in NAMES:
            self.lab.nodes[node] = self.specs[node]
        self.lab.commit()
        for node in NAMES:
            self.lab.heal(node)
            self.lab.note(NodeOrdered(node, "", self.lab.now))
        for _ in range(12):
            self.lab.wait(60)
        for task in (BATCH, PATIENT, WEB):
            for verdict in self.lab.core.verdicts[task.name]:
                settled = {InstanceState.RUNNING, InstanceState.SUCCEEDED, InstanceState.FAILED}
                assert verdict.state in settled, verdict
        self.one_of_each_on_nodes_that_are_seen()
        self.completion_is_final()


TestFate = Fate.TestCase
TestFate.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
