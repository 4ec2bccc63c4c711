"""How inputs are made present: once for all that ask for the same, and the same for each run."""

from msgspec.structs import replace

from reconciler.engines.engine import PermanentError, TransientError
from reconciler.engines.simulated.world import Faults
from reconciler.model.action import Action, InstanceState, Verb
from reconciler.model.data import Bucket, Input
from reconciler.model.desired import DesiredTask, Retry
from reconciler.model.spec import Security
from reconciler.planning import plan
from tests.support.desired import make_task
from tests.support.lab import Lab

DATA = Input(bucket="data", target="/job/in", prefix="pi/")


def fetches(actions: list[Action]) -> list[str]:
    return [action.task for action in actions if action.verb is Verb.FETCH]


def of(name: str, *inputs: Input, count: int = 1, **spec: object) -> DesiredTask:
    return make_task(name, count, spec={"inputs": inputs or (DATA,), **spec})


def lab_of(*tasks: DesiredTask) -> Lab:
    return Lab(*tasks, buckets=[Bucket(name="data", url="file:///data")])


def test_ten_instances_fetch_once() -> None:
    lab = lab_of(of("a", count=10))
    assert fetches(lab.settle()) == ["a"]
    assert len(lab.live()) == 10


def test_tasks_that_ask_for_the_same_share_a_fetch_whatever_the_target() -> None:
    lab = lab_of(of("a"), of("b", replace(DATA, target="/else", read_only=True)))
    assert fetches(lab.settle()) == ["a"]
    assert len(lab.live()) == 2


def test_each_instance_may_have_its_own() -> None:
    own = replace(DATA, prefix="pi/${INSTANCE_ID}/")
    lab = lab_of(of("a", own, count=3))
    actions = lab.settle()
    asked = [a.fetching.origins[0].prefix for a in actions if a.fetching]
    assert sorted(asked) == ["pi/0/", "pi/1/", "pi/2/"]
    assert len(lab.live()) == 3


def test_inputs_of_one_target_are_one_set_in_their_order() -> None:
    more = replace(DATA, prefix="more/")
    lab = lab_of(of("a", DATA, replace(DATA, target="/else"), more))
    sets = [a.fetching.origins for a in lab.settle() if a.fetching]
    assert [[o.prefix for o in one] for one in sets] == [["pi/", "more/"], ["pi/"]]


def test_a_retry_and_another_life_use_what_the_run_has() -> None:
    lab = lab_of(replace(of("a"), retry=Retry(per_instance=1)))
    lab.settle()
    lab.crash()
    lab.world.finish("demo.a.1.0.1", 3)
    lab.settle()
    assert fetches(lab.wait(60)) == []
    assert lab.live() == ["demo.a.1.0.2"]


def once(call: str, error: Exception) -> Faults:
    """Return a fate that refuses a call the first time."""
    left = [error]

    def fault(asked: str, _: str, when: str) -> Exception | None:
        return left.pop() if asked == call and when == "before" and left else None

    return fault


def test_what_is_refused_is_tried_again_and_later_where_somebody_has_to_mend_it() -> None:
    for error, soon in ((TransientError("away"), True), (PermanentError("denied"), False)):
        lab = lab_of(of("a"))
        lab.world.faults = once("store", error)
        lab.settle()
        (verdict,) = lab.core.all_verdicts()
        assert (verdict.state, verdict.blocked) == (InstanceState.PENDING, True)
        assert verdict.reason in {"away", "denied"}
        lab.wait(10)
        assert bool(lab.live()) == soon
        lab.wait(100)
        assert lab.live()


def test_data_that_are_gone_are_fetched_again_before_an_instance_is_made() -> None:
    for read_only in (True, False):
        lab = lab_of(of("a", replace(DATA, read_only=read_only)))
        (lab.settle(),)
        lab.world.data.clear()
        lab.world.remove_by_hand("demo.a.1.0.1")
        lab.apply(replace(of("a", replace(DATA, read_only=read_only)), rerun=1))
        lab.wait(60)
        assert lab.live() == ["demo.a.2.0.1"]


def test_data_that_vanish_after_the_making_cost_an_attempt_and_no_retry() -> None:
    lab = lab_of(of("a", replace(DATA, read_only=True)))

    def fault(call: str, _: str, when: str) -> None:
        if call == "stage" and when == "before":
            lab.world.data.clear()
            lab.world.faults = lambda *_: None

    lab.world.faults = fault
    actions = lab.settle()
    assert fetches(actions) == ["a", "a"]
    assert lab.live() == ["demo.a.1.0.2"]


def test_copies_in_a_read_only_root_go_into_a_volume() -> None:
    lab = lab_of(of("a", security=Security(read_only_root=True)))
    created = [a.request for a in lab.settle() if a.request]
    assert [request.scratch for request in created] == [("/job/in",)]
    assert len(lab.live()) == 1


def test_a_gang_has_its_inputs_before_any_of_it_is_made() -> None:
    own = replace(DATA, prefix="pi/${INSTANCE_ID}/")
    lab = lab_of(replace(of("a", own, count=3), gang=True))
    verbs = [action.verb for action in lab.settle()]
    assert verbs.index(Verb.CREATE) > max(i for i, v in enumerate(verbs) if v is Verb.FETCH)
    assert len(lab.live()) == 3


def test_what_is_told_of_uses_does_not_depend_on_the_order_of_the_record() -> None:
    own = replace(DATA, prefix="own/")
    lab = lab_of(of("a"), of("b", own))
    lab.settle()
    third = of("c", replace(DATA, prefix="third/"))
    lab.commit(of("a"), of("b", own), third)
    lab.driver.step()
    core, told = lab.core, []
    for _ in range(2):
        made = plan(lab.desired, core.board.observed(), core.history, lab.now)
        told += [action.fetching for action in made.actions if action.fetching]
        core.history.tasks = dict(reversed(core.history.tasks.items()))
    first, second = told
    assert first == second
    assert len(first.uses) == 2
