"""Pools on simulated machines: slots are opened, prepared, used and closed."""

from typing import Any

from reconciler.model.action import Verb
from reconciler.model.amounts import Amounts
from reconciler.model.desired import Backoff, DesiredTask, Retry
from reconciler.model.policy import Maximum
from reconciler.model.pool import Policy
from reconciler.model.spec import Resources
from tests.support.desired import make_pool, make_task
from tests.support.many import Many

FIXED = (Policy(name="fixed", slots=2),)
QUEUE = (Policy(name="queue", most=4, idle_for=60.0),)


def prepare_all(many: Many, code: int = 0) -> None:
    """Let all preparations that run end."""
    for node, live in many.live().items():
        for name in live:
            if ".pool_" in name:
                many.finish(node, name, code)
    many.settle()


def finish_all(many: Many) -> None:
    """Let all work that runs end well."""
    for node, live in many.live().items():
        for name in live:
            if ".pool_" not in name:
                many.finish(node, name)
    many.settle()


def work(count: int = 1, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own fields
    return make_task("work", count, spec={"pool": "pool"}, **fields)


def test_slots_are_prepared_once_each_and_then_take_one_instance_after_another() -> None:
    many = Many("a", "b")
    many.open(make_pool(policies=FIXED))
    assert many.slots() == {0: "Preparing a", 1: "Preparing b"}
    many.apply(work(5))
    assert many.verdict().reason == "fits in 0 of 2 slots of pool pool: 2 are being prepared"
    prepare_all(many)
    assert many.slots() == {0: "Busy a", 1: "Busy b"}
    done = 0
    while any(".pool_" not in name for live in many.live().values() for name in live):
        done += sum(len(live) for live in many.live().values())
        assert all(len(live) == 1 for live in many.live().values())
        finish_all(many)
    assert done == 5
    assert many.slots() == {0: "Idle a", 1: "Idle b"}
    assert [name for name in many.worlds["a"].boxes if "pool_" in name]


def test_an_instance_in_a_slot_gets_what_the_slot_has_and_its_label() -> None:
    many = Many("a")
    many.open(make_pool(policies=FIXED, room=Amounts(2.0, 1 << 20)))
    many.apply(work(1))
    prepare_all(many)
    (box,) = [b for b in many.worlds["a"].boxes.values() if ".work." in b.name]
    assert box.labels["io.reconciler.pool"] == "pool"
    assert box.labels["io.reconciler.slot"] == "0"
    assert box.labels["io.reconciler.cpus"] == "2"
    assert box.labels["io.reconciler.memory"] == str(1 << 20)


def test_a_pool_without_a_command_has_its_image_made_present_and_runs_nothing() -> None:
    many = Many("a")
    done = many.open(make_pool(command=(), policies=FIXED, per_node=2))
    assert [action.verb for action in done] == [Verb.PULL]
    assert many.slots() == {0: "Ready a", 1: "Ready a"}
    assert many.worlds["a"].boxes == {}
    done = many.apply(work(2))
    assert [a.verb for a in done if a.task == "work"].count(Verb.CREATE) == 2


def test_a_queue_driven_pool_grows_with_what_waits_and_shrinks_when_idle_long_enough() -> None:
    many = Many("a", "b")
    many.open(make_pool(policies=QUEUE, per_node=2))
    assert many.slots() == {}
    many.apply(work(6))
    assert len(many.slots()) == 4
    prepare_all(many)
    assert set(many.slots().values()) == {"Busy a", "Busy b"}
    finish_all(many)
    assert (
        sorted(state.split()[0] for state in many.slots().values()) == ["Busy"] * 2 + ["Idle"] * 2
    )
    many.wait(30)
    finish_all(many)
    assert len(many.slots()) == 4
    many.wait(31)
    assert len(many.slots()) == 2  # those that have been idle for a minute
    many.wait(28)
    assert len(many.slots()) == 2
    many.wait(2)
    assert many.slots() == {}
    assert many.core.wake_at() is None


def test_what_begins_when_a_slot_is_closed_for_being_idle_goes_to_another_one() -> None:
    many = Many("a")
    many.open(make_pool(policies=QUEUE))
    pause = Backoff(initial=60.0, factor=1.0, jitter=0.0)
    many.apply(work(1, retry=Retry(per_instance=1, backoff=pause)))
    prepare_all(many)
    many.finish("a", "demo.work.1.0.1", 1)
    many.settle()
    assert many.slots() == {0: "Idle a"}
    many.wait(60)  # the pause is over in the moment in which the slot is to go
    assert many.slots() == {1: "Preparing a"}
    prepare_all(many)
    assert many.slots() == {1: "Busy a"}


def test_numbers_of_slots_are_never_given_again() -> None:
    many = Many("a")
    many.open(make_pool(policies=QUEUE))
    many.apply(work(1))
    prepare_all(many)
    finish_all(many)
    many.wait(60)
    assert many.slots() == {}
    many.crash()
    many.apply(make_task("more", 1, spec={"pool": "pool"}))
    assert many.slots() == {1: "Preparing a"}


def test_idle_slots_are_kept_for_what_comes() -> None:
    many = Many("a")
    many.open(make_pool(policies=(Policy(name="warm", most=3, idle=1),), per_node=3))
    prepare_all(many)
    assert many.slots() == {0: "Ready a"}
    many.apply(work(1))
    assert many.slots() == {0: "Busy a", 1: "Preparing a"}


def test_a_step_is_a_share_of_what_is_missing_and_the_next_one_comes_after_it() -> None:
    many = Many("a")
    many.open(make_pool(policies=(Policy(name="slow", least=5, step=0.4),), per_node=5))
    sizes = []
    while len(many.slots()) < 5:
        sizes.append(len(many.slots()))
        prepare_all(many)
    assert [*sizes, len(many.slots())] == [2, 4, 5]


def test_shrinking_goes_by_steps_too() -> None:
    many = Many("a")
    steps = (Policy(name="slow", most=4, idle_for=60, step=0.5),)
    many.open(make_pool(policies=steps, per_node=4))
    many.apply(work(4))
    while len(many.slots()) < 4:
        prepare_all(many)
    prepare_all(many)
    finish_all(many)
    sizes = []
    for _ in range(5):
        many.wait(60)
        sizes.append(len(many.slots()))
    assert sizes == [2, 1, 0, 0, 0]


def test_a_fixed_pool_that_shrinks_closes_idle_slots_only() -> None:
    many = Many("a")
    many.open(make_pool(policies=(Policy(name="four", slots=4),), per_node=4))
    prepare_all(many)
    many.apply(work(3))
    many.open(make_pool(policies=(Policy(name="one", slots=1),), per_node=4))
    assert sorted(many.slots().values()) == ["Busy a"] * 3
    assert many.count()["a"] == 3
    finish_all(many)
    assert list(many.slots().values()) == ["Idle a"]


def test_a_pool_that_is_gone_ends_when_its_work_does() -> None:
    many = Many("a")
    many.open(make_pool(policies=FIXED, per_node=2))
    prepare_all(many)
    many.apply(work(1))
    moved = make_task("work", 1, spec={"pool": "pool"}, blocked="")
    many.pools = ()
    many.apply(moved)
    assert list(many.slots().values()) == ["Closing a"]
    assert many.count()["a"] == 1
    finish_all(many)
    assert many.slots() == {}
    assert not [name for name in many.worlds["a"].boxes if "pool_" in name]


def test_a_pool_that_changes_prepares_new_slots_and_lets_work_end_in_the_old_ones() -> None:
    many = Many("a")
    many.open(make_pool(policies=FIXED, per_node=2))
    prepare_all(many)
    many.apply(work(1))
    many.open(make_pool(command=("other",), policies=FIXED, per_node=2))
    assert sorted(many.slots().values()) == ["Closing a", "Preparing a"]
    finish_all(many)
    prepare_all(many)
    prepare_all(many)
    assert sorted(many.slots().values()) == ["Ready a", "Ready a"]
    assert sorted(many.slots()) == [2, 3]


def test_a_failed_preparation_is_repeated_then_told_and_another_slot_tried_later() -> None:
    many = Many("a")
    many.open(make_pool(policies=(Policy(name="one", slots=1),)))
    many.apply(work(1))
    for _ in range(4):
        assert many.slots() == {0: "Preparing a"}
        prepare_all(many, code=3)
        many.wait(60)
    assert many.slots() == {0: "Failed a"}
    view = many.core.assessment.pools["pool"]
    assert "exit code 3" in view.slots[0].reason
    assert many.verdict().reason == "fits in 0 of 1 slot of pool pool: 1 could not be prepared"
    many.wait(300)
    assert many.slots() == {1: "Preparing a"}
    prepare_all(many)
    assert many.slots() == {1: "Busy a"}
    assert many.told("slot")[-3].startswith("slot pool/0 is closed: its preparation has failed")


def test_what_a_slot_has_set_aside_is_not_given_to_others() -> None:
    many = Many("a", capacity=Amounts(3.0))
    many.open(make_pool(policies=FIXED, per_node=2, room=Amounts(1.0)))
    prepare_all(many)
    many.apply(make_task("other", 3, spec={"resources": Resources(cpus=1.0)}))
    assert many.count()["a"] == 1
    assert "1 has 0 of 1 cpus left" in many.verdict("other", 1).reason


def test_a_pool_waits_for_room_and_says_so() -> None:
    many = Many("a", capacity=Amounts(2.0))
    many.apply(make_task("other", 1, spec={"resources": Resources(cpus=1.5)}))
    many.open(make_pool(policies=(Policy(name="two", slots=2),), per_node=2, room=Amounts(1.0)))
    view = many.core.assessment.pools["pool"]
    assert (view.slots, view.reason) == ((), "fits on 0 of 1 node: 1 has 500m of 1 cpus left")
    finish_all(many)
    assert len(many.slots()) == 2


def test_higher_priority_goes_first_then_who_has_waited_for_longest() -> None:
    many = Many("a")
    many.open(make_pool(policies=(Policy(name="one", slots=1),)))
    prepare_all(many)

    def task(name: str, priority: int = 0) -> DesiredTask:
        return make_task(name, 1, spec={"pool": "pool"}, priority=priority)

    first = task("zz")
    many.apply(first)
    many.now += 1
    late = task("mm")
    many.apply(first, late)
    many.now += 1
    tasks = (first, late, task("aa"), task("urgent", priority=5))
    many.apply(*tasks)
    order = []
    for _ in tasks:
        (name,) = (name for name in many.live()["a"] if ".pool_" not in name)
        order.append(name.split(".")[1])
        finish_all(many)
    assert order == ["zz", "urgent", "mm", "aa"]


def test_a_node_that_is_emptied_or_lost_has_its_slots_opened_elsewhere() -> None:
    many = Many("a", "b", timeout=60.0)
    many.open(make_pool(policies=FIXED, per_node=2))
    prepare_all(many)
    many.apply(work(2))
    many.change("a", drain=True)
    assert sorted(many.slots().values()) == ["Busy b", "Closing a", "Preparing b"]
    finish_all(many)
    prepare_all(many)
    assert sorted(many.slots().values()) == ["Idle b", "Ready b"]
    many.change("a", drain=False)
    many.lose("b")
    assert sorted(many.slots().values()) == ["Idle b", "Ready b"]
    many.wait(61)
    assert sorted(many.slots().values()) == ["Preparing a", "Preparing a"]


def test_a_cordoned_node_keeps_its_slots_and_they_take_nothing() -> None:
    many = Many("a")
    many.open(make_pool(policies=FIXED, per_node=2))
    prepare_all(many)
    many.change("a", cordon=True)
    many.apply(work(1))
    assert many.verdict().reason == "fits in 0 of 2 slots of pool pool: 2 are cordoned"
    assert set(many.slots().values()) == {"Ready a"}


def test_a_gang_takes_all_of_its_slots_or_none() -> None:
    many = Many("a")
    many.open(make_pool(policies=FIXED, per_node=2))
    prepare_all(many)
    many.apply(work(3, gang=True))
    assert many.count()["a"] == 0
    many.apply(work(2, gang=True))
    assert many.count()["a"] == 2


def test_a_gang_makes_a_pool_grow_to_its_size() -> None:
    many = Many("a", "b")
    many.open(make_pool(policies=QUEUE, per_node=2))
    many.apply(work(4, gang=True))
    assert len(many.slots()) == 4
    prepare_all(many)
    assert set(many.slots().values()) == {"Busy a", "Busy b"}


def test_a_crash_at_any_point_leaves_slots_as_they_are() -> None:
    many = Many("a")
    many.open(make_pool(policies=FIXED, per_node=2))
    many.crash()
    many.settle()
    assert many.slots() == {0: "Preparing a", 1: "Preparing a"}
    prepare_all(many)
    many.apply(work(3))
    many.crash()
    many.settle()
    assert many.slots() == {0: "Busy a", 1: "Busy a"}
    assert many.count()["a"] == 2


def test_a_quota_of_the_project_bounds_slots_and_what_is_in_them() -> None:
    many = Many("a")
    many.quota = Maximum(cpus=2.0, instances=1)
    many.open(make_pool(policies=(Policy(name="three", slots=3),), per_node=3, room=Amounts(1.0)))
    assert len(many.slots()) == 2
    assert many.core.assessment.pools["pool"].reason.startswith("waits for the project's quota")


def test_a_task_of_a_pool_that_does_not_exist_waits_and_says_so() -> None:
    many = Many("a")
    many.apply(work(1))
    assert many.verdict().reason == "pool pool has no slot now"


def test_slots_that_come_and_go_for_ever_leave_little_behind() -> None:
    many = Many("a")
    many.open(make_pool(policies=QUEUE))
    for round_ in range(1, 40):
        many.apply(make_task("work", 1, spec={"pool": "pool"}, rerun=round_))
        prepare_all(many)
        finish_all(many)
        many.wait(60)
        assert many.slots() == {}
    run = many.core.history.tasks["pool_pool"].runs[1]
    assert len(run.attempts) <= 21
    assert run.forgotten == {}
    assert not [name for name in many.worlds["a"].boxes if "pool_" in name]
