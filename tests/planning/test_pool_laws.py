"""What holds of pools that share nodes, whatever happens: fate ends work, nodes and revisions."""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reconciler.engines.simulated.box import Box
from reconciler.model.action import InstanceState
from reconciler.model.amounts import Amounts
from reconciler.model.claim import claim_in
from reconciler.model.desired import DesiredTask, Retry
from reconciler.model.observed import Phase
from reconciler.model.pool import DesiredPool, Policy, SlotState
from reconciler.model.spec import Resources
from tests.support.desired import make_pool, make_task
from tests.support.many import Many

NODES = ("a", "b")
CPUS = 4.0
PER_NODE = 2
ROOM = {"day": 1.0, "night": 1.5}
RETRY = Retry(per_instance=20)
TASKS = (
    make_task("early", 5, spec={"pool": "day"}, retry=RETRY),
    make_task("late", 4, spec={"pool": "night"}, retry=RETRY, priority=1),
    make_task("gang", 2, spec={"pool": "day"}, retry=RETRY, gang=True),
    make_task("free", 4, spec={"resources": Resources(cpus=1.0)}, retry=RETRY),
)
_nodes = st.sampled_from(NODES)
_pools = st.sampled_from(sorted(ROOM))
_policies = st.builds(
    Policy,
    name=st.sampled_from(["one", "two"]),
    slots=st.none() | st.integers(0, 4),
    most=st.integers(2, 4),
    idle=st.integers(0, 1),
    idle_for=st.sampled_from([10.0, 60.0]),
    step=st.sampled_from([0.3, 1.0]),
)
GROWING = Policy(name="growing", most=4, idle_for=10.0)


class Fate(RuleBasedStateMachine):
    """Two nodes, two pools that share them, and work in both and outside."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = Many(*NODES, capacity=Amounts(CPUS), timeout=60.0)
        self.asked: dict[str, tuple[str, Policy]] = dict.fromkeys(ROOM, ("prepare", GROWING))
        # Nodes of which a new process knew nothing for a while.
        self.unseen: set[str] = set()
        self.declare()
        self.lab.apply(*TASKS)

    def declare(self) -> None:
        self.lab.open(*(self.made(name) for name in sorted(self.asked)))

    def made(self, name: str) -> tuple[DesiredPool, DesiredTask]:
        command, policy = self.asked[name]
        room = Amounts(ROOM[name])
        return make_pool(name, (command,), policies=(policy,), per_node=PER_NODE, room=room)

    # --- what happens --------------------------------------------------------------------------

    @rule(pool=_pools, command=st.sampled_from(["prepare", "other"]), policy=_policies)
    def change(self, pool: str, command: str, policy: Policy) -> None:
        self.asked[pool] = command, policy
        self.declare()

    @rule(data=st.data(), code=st.sampled_from([0, 0, 1]))
    def finish(self, data: st.DataObject, code: int) -> None:
        live = [(node, name) for node, names in self.lab.live().items() for name in names]
        if live:
            node, name = data.draw(st.sampled_from(sorted(live)))
            self.lab.finish(node, name, code)
            self.lab.settle()

    @rule(seconds=st.sampled_from([1.0, 12.0, 61.0, 301.0]))
    def wait(self, seconds: float) -> None:
        self.lab.wait(seconds)

    @rule(node=_nodes)
    def lose(self, node: str) -> None:
        self.lab.lose(node)

    @rule(node=_nodes)
    def heal(self, node: str) -> None:
        self.lab.heal(node)

    @rule(node=_nodes, drain=st.booleans(), cordon=st.booleans())
    def shut(self, node: str, *, drain: bool, cordon: bool) -> None:
        self.lab.change(node, drain=drain, cordon=cordon)

    @rule(node=_nodes)
    def restart_engine(self, node: str) -> None:
        self.lab.worlds[node].restart()
        self.lab.settle()

    @rule()
    def crash(self) -> None:
        self.unseen |= {name for name, world in self.lab.worlds.items() if world.unreachable}
        self.lab.crash()
        self.lab.settle()

    # --- what holds ----------------------------------------------------------------------------

    def alive(self, node: str) -> list[Box]:
        boxes = self.lab.worlds[node].boxes.values()
        return [box for box in boxes if box.phase in {Phase.RUNNING, Phase.CREATED}]

    @invariant()
    def no_node_has_more_than_it_can_bear(self) -> None:
        for node in NODES:
            shares = {
                f"{pool}/{number}": slot.room.cpus or 0.0
                for pool, record in self.lab.core.history.pools.items()
                for number, slot in record.slots.items()
                if slot.node == node
            }
            beside = [
                claim
                for box in self.alive(node)
                if (claim := claim_in(box.labels)).slot not in shares
            ]
            assert sum(shares.values()) + sum(claim.cpus for claim in beside) <= CPUS

    @invariant()
    def a_slot_holds_one_at_most(self) -> None:
        for node in NODES:
            held = Counter(claim_in(box.labels).slot for box in self.alive(node))
            held.pop("", None)
            assert all(count == 1 for count in held.values()), held

    @invariant()
    def no_slot_is_closed_with_something_in_it(self) -> None:
        pools = self.lab.core.history.pools
        for node in {*NODES} - self.unseen:
            for box in self.alive(node):
                pool, _, number = claim_in(box.labels).slot.partition("/")
                if pool and ".pool_" not in box.name:
                    assert pools[pool].slots[int(number)].node == node

    @invariant()
    def what_is_in_a_pool_runs_in_its_slots_alone(self) -> None:
        pools = {task.name: task.spec.pool for task in TASKS}
        for node in NODES:
            for box in self.alive(node):
                name = box.name.split(".")[1]
                slot = claim_in(box.labels).slot
                assert slot.partition("/")[0] == pools.get(name, name.removeprefix("pool_"))

    @invariant()
    def no_node_has_more_slots_of_a_pool_than_it_may(self) -> None:
        for record in self.lab.core.history.pools.values():
            held = Counter(slot.node for slot in record.slots.values())
            assert all(count <= PER_NODE for count in held.values()), held

    @invariant()
    def no_pool_has_more_than_its_policy_allows_but_for_busy_ones(self) -> None:
        for name, (_, policy) in self.asked.items():
            view = self.lab.core.assessment.pools[name]
            there = [slot for slot in view.slots if slot.state is not SlotState.CLOSING]
            busy = sum(slot.state is SlotState.BUSY for slot in there)
            most = policy.slots if policy.slots is not None else policy.most
            assert most is not None
            if policy.slots is not None:
                assert len(there) <= max(most, busy)

    def teardown(self) -> None:
        """Once faults stop, all work is done, and what nobody needs is closed."""
        self.asked = dict.fromkeys(ROOM, ("prepare", GROWING))
        for node in NODES:
            self.lab.change(node, drain=False, cordon=False)
            self.lab.heal(node)
        self.declare()
        for _ in range(60):
            for node, names in self.lab.live().items():
                for name in names:
                    self.lab.finish(node, name)
            self.lab.wait(301.0)
        states = {v.key: v for v in self.lab.core.all_verdicts()}
        left = [v for v in states.values() if v.state is not InstanceState.SUCCEEDED]
        assert not left, left
        assert not any(self.lab.slots(name) for name in ROOM)
        assert not self.lab.live()


Fate.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestFate = Fate.TestCase
