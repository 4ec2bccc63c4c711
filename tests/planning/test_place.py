"""Which node an instance goes to, why it goes to none, and that bounds hold whatever happens."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.engines.engine import EngineInfo
from reconciler.model.action import Underway, Verb
from reconciler.model.amounts import Amounts
from reconciler.model.claim import claim_of
from reconciler.model.desired import EVENLY, FILLED, DesiredTask, NodeSpec, Retry
from reconciler.model.fact import AttemptReserved, ImageResolved, RunOpened
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey
from reconciler.model.observed import NodeView, Observed
from reconciler.model.pool import Policy
from reconciler.model.spec import Port, Resources
from reconciler.planning import line, plan
from reconciler.planning.filters import stands_open
from reconciler.planning.fleet import Stand
from reconciler.planning.wish import Wish
from tests.support.desired import make_desired, make_pool, make_task
from tests.support.many import Many

GIB = 2**30


def asking(
    name: str = "work", count: int = 1, *, ports: tuple[Port, ...] = (), cpus: float = 0,
    memory: int = 0, gpus: int = 0, nodes: tuple[tuple[str, str], ...] = (), **fields: object,
) -> DesiredTask:  # fmt: skip
    limits = Resources(cpus=cpus, memory=memory, gpus=gpus)
    spec = {"resources": limits, "ports": ports, "nodes": nodes, "network": "bridge"}
    return make_task(name, count, spec=spec, **fields)


def node(name: str, cpus: float | None = 2.0, **fields: object) -> dict[str, object]:
    amounts = {k: fields.pop(k) for k in ("memory", "gpus", "pids") if k in fields}
    return {"name": name, "capacity": Amounts(cpus, **amounts), **fields}  # type: ignore[arg-type]  # as said


def machines(*specs: Mapping[str, object]) -> Many:
    lab = Many(*(str(spec["name"]) for spec in specs))
    for spec in specs:
        lab.nodes[str(spec["name"])] = NodeSpec(endpoint="", **spec)  # type: ignore[arg-type]  # as said
    lab.commit()
    return lab


def test_each_filter_says_how_many_nodes_it_removed() -> None:
    lab = machines(
        node("n1"), node("n2", labels=(("zone", "a"),), drain=True),
        node("n3", labels=(("zone", "a"),), cpus=2.0), node("n4"),
    )  # fmt: skip
    zone = (("zone", "a"),)
    lab.apply(asking("first", cpus=1.5, nodes=zone), asking("work", cpus=2, nodes=zone))
    assert lab.live() == {"n3": ["demo.first.1.0.1"]}
    assert lab.verdict("work").reason == (
        "fits on 0 of 4 nodes: 2 lack label zone=a, 1 is being emptied, 1 has 500m of 2 cpus left"
    )


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (asking(cpus=3), "3 have 2 of 3 cpus left"),
        (asking(memory=2 * GIB), "3 have at most 1Gi of 2Gi memory left"),
        (asking(gpus=2), "3 have at most 1 of 2 gpus left"),
        (asking(cpus=3, nodes=(("zone", "a"),)), "2 lack label zone=a, 1 has 2 of 3 cpus left"),
    ],
)
def test_what_is_lacking_is_told_as_it_is(task: DesiredTask, said: str) -> None:
    lab = machines(
        node("n1", memory=GIB, gpus=1), node("n2", memory=GIB // 2, labels=(("zone", "a"),)),
        node("n3", memory=0, gpus=0),
    )  # fmt: skip
    lab.apply(task)
    assert lab.verdict().reason == f"fits on 0 of 3 nodes: {said}"
    assert lab.live() == {}


def test_what_is_reserved_is_nobodys() -> None:
    lab = machines(node("n1", 4.0, reserve=Amounts(1.0)))
    lab.apply(asking(count=4, cpus=1))
    assert lab.count() == {"n1": 3}
    assert lab.verdict("work", 3).reason == "fits on 0 of 1 node: 1 has 0 of 1 cpus left"


def test_who_waits_for_room_begins_when_there_is_some() -> None:
    lab = machines(node("n1", 1.0))
    lab.apply(asking("first", cpus=1), asking("work", cpus=1))
    assert lab.live() == {"n1": ["demo.first.1.0.1"]}
    lab.finish("n1", "demo.first.1.0.1")
    lab.settle()
    assert lab.live() == {"n1": ["demo.work.1.0.1"]}


def test_a_port_of_the_node_is_given_once() -> None:
    lab = machines(node("n1"), node("n2"))
    lab.apply(asking(count=3, ports=(Port(container=80, host=8080),)))
    assert lab.count() == {"n1": 1, "n2": 1}
    said = lab.verdict("work", 2).reason
    assert said == "fits on 0 of 2 nodes: 2 have port 8080/tcp taken"


def test_instances_are_spread_over_nodes_of_a_task_first() -> None:
    lab = machines(node("n1", 8.0), node("n2", 8.0), node("n3", 8.0))
    lab.apply(asking("first", cpus=4, nodes=(("none", "such"),)), asking("work", 6, cpus=1))
    assert lab.count() == {"n1": 2, "n2": 2, "n3": 2}


def test_instances_are_spread_over_a_label() -> None:
    lab = machines(*(node(f"n{i}", 9.0, labels=(("zone", "a" if i else "b"),)) for i in range(4)))
    lab.apply(asking("work", 6, cpus=1, spread="zone"))
    assert lab.count() == {"n0": 3, "n1": 1, "n2": 1, "n3": 1}


def test_nodes_are_filled_one_after_the_other() -> None:
    lab = machines(node("n1", 2.0), node("n2", 2.0), node("n3", 2.0))
    lab.apply(asking("work", 3, cpus=1, spread=FILLED))
    assert lab.count() == {"n1": 2, "n2": 1}
    lab.apply(asking("more", 1, cpus=1, spread=FILLED), asking("work", 3, cpus=1, spread=FILLED))
    assert lab.count() == {"n1": 2, "n2": 2}


def test_the_least_loaded_by_share_takes_a_single_instance() -> None:
    lab = machines(node("big", 8.0), node("small", 2.0))
    lab.apply(*(asking(f"t{i}", cpus=1) for i in range(5)))
    assert lab.count() == {"big": 4, "small": 1}


def test_a_gang_takes_all_its_room_or_none() -> None:
    lab = machines(node("n1", 2.0), node("n2", 1.0))
    gang = asking("gang", 4, cpus=1, gang=True)
    lab.apply(gang)
    assert lab.live() == {}
    assert lab.verdict("gang").reason == (
        "a gang of 4 starts together, and there is room for 3:"
        " fits on 0 of 2 nodes: 2 have 0 of 1 cpus left"
    )
    lab.apply(gang, asking("other", 3, cpus=1))
    assert lab.count() == {"n1": 2, "n2": 1}
    lab.apply(asking("gang", 3, cpus=1, gang=True))
    assert {name for names in lab.live().values() for name in names} == {
        f"demo.gang.1.{i}.1" for i in range(3)
    }


def test_no_member_of_a_gang_is_made_before_the_image_is_on_all_its_nodes() -> None:
    lab = machines(node("n1", 1.0), node("n2", 1.0))
    lab.worlds["n2"].images.clear()
    lab.worlds["n2"].in_registry = lambda _: False
    lab.apply(asking("gang", 2, cpus=1, gang=True))
    assert not lab.worlds["n1"].boxes
    assert "there is no such image" in lab.verdict("gang", 0).reason
    lab.worlds["n2"].in_registry = lambda _: True
    lab.wait(600)
    assert lab.count() == {"n1": 1, "n2": 1}


def test_a_retry_goes_where_it_was() -> None:
    lab = machines(node("n1", labels=(("here", "yes"),)), node("n2"))
    lab.apply(asking(count=1, retry=Retry(1)))
    lab.apply(asking(count=1, retry=Retry(1)), asking("more", nodes=(("here", "yes"),)))
    lab.finish("n1", "demo.work.1.0.1", 1)
    lab.settle()
    lab.wait(600)
    assert lab.live() == {"n1": ["demo.more.1.0.1", "demo.work.1.0.2"]}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_nothing_exceeds_what_a_node_has(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4), label="nodes")
    lab = machines(*(node(f"n{i}", float(size)) for i, size in enumerate(sizes)))
    counts = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.5, 1.0, 2.0])), max_size=3)
    for _ in range(data.draw(st.integers(1, 4), label="commits")):
        tasks = [
            asking(f"t{i}", count, cpus=cpus, spread=data.draw(st.sampled_from(["node", FILLED])))
            for i, (count, cpus) in enumerate(data.draw(counts, label="tasks"))
        ]
        lab.apply(*tasks)
        for name in list(lab.live()):
            for container in lab.live().get(name, []):
                if data.draw(st.booleans(), label="ends"):
                    lab.finish(name, container)
        lab.settle()
        for i, size in enumerate(sizes):
            assert taken(lab, f"n{i}") <= size
        waiting = [v for vs in lab.core.verdicts.values() for v in vs if "cpus left" in v.reason]
        for one in waiting:
            cpus = lab.core.desired.tasks[one.key.task].spec.resources.cpus
            assert all(size - taken(lab, f"n{i}") < cpus for i, size in enumerate(sizes))
    assert lab.settle() == []


def taken(lab: Many, name: str) -> float:
    boxes = lab.worlds[name].boxes.values()
    there = (box for box in boxes if box.shown(name).occupies and box.request is not None)
    return sum(claim_of(box.request.spec).cpus for box in there if box.request)


def test_placement_is_the_same_for_the_same() -> None:
    nodes = {f"n{i}": NodeSpec(f"n{i}", "", capacity=Amounts(4.0)) for i in range(9)}
    tasks = [asking(f"t{i}", 3, cpus=1) for i in range(9)]
    ahead = make_desired(*tasks)
    back = make_desired(*reversed(tasks))
    found = [
        Counter((a.node, a.subject) for a in plan(desired, shown, History(), 1.0).actions)
        for one, order in ((ahead, nodes), (back, dict(reversed(nodes.items()))))
        for desired in [type(one)(project="demo", revision="f", tasks=one.tasks, nodes=order)]
        for shown in [Observed({n: NodeView(n) for n in order})]
    ]
    assert found[0] == found[1]


def test_where_nothing_is_declared_the_engine_tells_what_there_is() -> None:
    lab = Many("n1")
    lab.worlds["n1"].info = EngineInfo("simulated", cpus=2, memory=GIB)
    lab.crash()
    lab.apply(asking(count=3, cpus=1))
    assert lab.count() == {"n1": 2}
    lab.worlds["n1"].info = EngineInfo("simulated", cpus=3, memory=GIB)
    lab.settle()
    assert lab.count() == {"n1": 3}


def test_what_is_being_made_counts_where_it_is_made() -> None:
    nodes = {n: NodeSpec(n, "", capacity=Amounts(1.0)) for n in ("a", "b")}
    task = asking(count=2, cpus=1)
    one, desired = task.keys()[0], replace(make_desired(task), nodes=nodes)
    history = History()
    for fact in (RunOpened("work", 1, task.work.hash, 0, "", "f-1", 1.0),
                 AttemptReserved(AttemptKey(one, 1, 1), "a", task.shape.hash, "f-1", 1.0),
                 *(ImageResolved("work", 1, name, "i", 1.0) for name in nodes)):  # fmt: skip
        history.apply(fact)
    making = Underway(frozenset({one}), frozenset({one}), coming={"a": [claim_of(task.spec)]})
    shown = Observed({n: NodeView(n) for n in nodes})
    assert [a.node for a in plan(desired, shown, history, 2.0, making).actions] == ["b"]
    free = {n: NodeSpec(n, "") for n in nodes}
    alike = Underway(frozenset({one}), frozenset({one}))
    found = plan(replace(desired, nodes=free), shown, history, 2.0, alike)
    assert [a.node for a in found.actions] == ["b"]


def test_processes_are_bounded_where_the_node_says_how_many() -> None:
    lab = machines(node("n1", pids=1100), node("n2", pids=600, reserve=Amounts(pids=200)))
    lab.apply(asking(count=4))  # 512 each, where nothing is said
    assert lab.count() == {"n1": 2}
    assert lab.verdict("work", 2).reason == (
        "fits on 0 of 2 nodes: 2 have at most 400 of 512 pids left"
    )


def test_a_slot_has_no_processes_of_its_own() -> None:
    lab = machines(node("n1", pids=600))
    lab.open(make_pool(command=(), policies=(Policy(name="two", slots=2),), per_node=2))
    lab.apply(make_task(count=2, spec={"pool": "pool"}))
    assert lab.count() == {"n1": 1}
    assert lab.verdict("work", 1).reason == (
        "fits in 0 of 2 slots of pool pool: 1 is busy, 1 has 88 of 512 pids left"
    )


def test_of_two_nodes_alike_the_one_that_has_the_image_comes_first() -> None:
    lab = machines(node("n1"), node("n2"))
    lab.change("n1", cordon=True)
    lab.apply(asking())
    lab.finish("n2", "demo.work.1.0.1")
    lab.change("n1", cordon=False)
    pulls = [a for a in lab.apply(asking(rerun=1)) if a.verb is Verb.PULL]
    assert lab.count() == {"n2": 1}
    assert [a.node for a in pulls] == ["n2"]


def test_tasks_whose_images_are_elsewhere_share_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: Counter[str] = Counter()

    def look(stand: Stand, wish: Wish) -> bool:
        looks[stand.name] += 1
        return stands_open(stand, wish)

    monkeypatch.setattr(line, "stands_open", look)
    names = [f"n{number:02}" for number in range(20)]
    tasks = [asking(f"t{number:02}", cpus=1) for number in range(20)]
    nodes = {name: NodeSpec(name, "", capacity=Amounts(2.0)) for name in names}
    history = History()
    for task, name in zip(tasks, reversed(names), strict=True):
        history.apply(RunOpened(task.name, 1, task.work.hash, 0, "", "f-1", 1.0))
        history.apply(ImageResolved(task.name, 1, name, "i", 1.0))
    desired = replace(make_desired(*tasks), nodes=nodes)
    made = plan(desired, Observed({n: NodeView(n) for n in nodes}), history, 2.0).actions
    where = {action.task: action.node for action in made}
    assert where == dict(zip((t.name for t in tasks), reversed(names), strict=True))
    assert set(looks.values()) == {2}, "once for all, and once for whoever has the image there"


@pytest.mark.parametrize("spread", [EVENLY, FILLED, "zone"])
def test_where_the_image_is_comes_before_its_equals_alone(spread: str) -> None:
    labels = (("zone", "a"),)
    nodes = {n: NodeSpec(n, "", labels=labels, capacity=Amounts(2.0)) for n in ("n1", "n2", "n3")}
    task, history = asking(count=5, cpus=1, spread=spread), History()
    history.apply(RunOpened("work", 1, task.work.hash, 0, "", "f-1", 1.0))
    history.apply(ImageResolved("work", 1, "n2", "i", 1.0))
    desired = replace(make_desired(task), nodes=nodes)
    made = plan(desired, Observed({n: NodeView(n) for n in nodes}), history, 2.0)
    first = next(a for a in made.actions if a.attempt and a.attempt.key.instance == 0)
    assert first.node == "n2"
    there = Counter(a.node for a in made.actions if a.verb is Verb.CREATE)
    assert there["n2"] == 2, "it has room for as many"
