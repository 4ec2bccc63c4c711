"""Instances that work as one: a network of their run, the master last, its outcome that of all."""

from typing import Any

import pytest

from reconciler.engines.engine import EngineError, TransientError
from reconciler.engines.simulated.world import When
from reconciler.model.action import Action, InstanceState, TaskState, Verb
from reconciler.model.amounts import Amounts
from reconciler.model.cluster import Fabric, Network, TooSmallError, peers_of
from reconciler.model.desired import Backoff, DesiredTask, OnScale, Overlap, Retry, Schedule
from reconciler.model.fact import ImageResolved, Result
from reconciler.model.history import History
from reconciler.model.observed import NodeView, Observed
from reconciler.model.spec import Cluster, Health, Resources
from reconciler.planning import plan
from reconciler.planning.render import render_action
from reconciler.planning.status import task_state
from tests.planning.test_gang import results
from tests.support.desired import make_desired, make_task
from tests.support.lab import Lab

AGAIN = Retry(1, Backoff(initial=5, jitter=0))
JOINED = {"network": "cluster", "cluster": Cluster(), "master": ("lead",), "worker": ("follow",)}


def crew(count: int = 3, name: str = "pi", **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's
    spec = JOINED | fields.pop("spec", {})
    return make_task(name, count, gang=True, spec=spec, **fields)


def running(count: int = 3, **fields: Any) -> Lab:  # noqa: ANN401  # as above
    lab = Lab(crew(count, **fields))
    lab.settle()
    assert len(lab.live()) == count
    return lab


def told(actions: list[Action]) -> list[str]:
    return [render_action(action) for action in actions if action.verb is not Verb.PULL]


def nothing_is_left(lab: Lab) -> bool:
    return not lab.world.boxes and not lab.world.networks


def state(lab: Lab, name: str = "pi") -> TaskState:
    return task_state(lab.core.verdicts[name], lab.desired.tasks[name])[0]


def test_the_network_first_then_all_containers_then_the_workers_then_the_master() -> None:
    assert told(Lab(crew()).settle()) == [
        "network network:local:demo_pi_1 @local: run 1 has its own pi.yaml:1:1",
        "create  demo.pi.1.0.1 @local: new task pi.yaml:1:1",
        "create  demo.pi.1.1.1 @local: new task pi.yaml:1:1",
        "create  demo.pi.1.2.1 @local: new task pi.yaml:1:1",
        "start   demo.pi.1.1.1 @local: it has been created",
        "start   demo.pi.1.2.1 @local: it has been created",
        "start   demo.pi.1.0.1 @local: it has been created",
    ]


def test_each_has_its_part_its_name_and_an_address_that_all_others_know() -> None:
    lab = running()
    made = {name: box.request for name, box in lab.world.boxes.items()}
    commands, names, hosts, addresses = [], [], set(), []
    for request in made.values():
        assert request is not None
        assert request.membership is not None
        commands.append(request.spec.command)
        names.append(request.spec.hostname)
        hosts.add(tuple((one.name, one.address) for one in request.membership.peers))
        addresses.append(request.membership.address)
    assert commands == [("lead",), ("follow",), ("follow",)]
    assert names == ["pi-0", "pi-1", "pi-2"]
    assert hosts == {tuple(zip(names, addresses, strict=True))}
    assert len({*addresses}) == 3


def test_the_master_waits_until_all_others_are_healthy() -> None:
    lab = Lab(crew(spec={"health": Health(command=("ready",))}))
    lab.settle()
    assert lab.live() == ["demo.pi.1.1.1", "demo.pi.1.2.1"]
    lab.world.become("demo.pi.1.1.1", "healthy")
    lab.settle()
    reason = lab.verdict("pi", 0).reason
    assert reason == "waits for pi/2: the master starts when all others run"
    lab.world.become("demo.pi.1.2.1", "healthy")
    lab.settle()
    assert len(lab.live()) == 3


def test_when_the_master_has_completed_the_others_end_and_count_as_completed() -> None:
    lab = running()
    lab.world.finish("demo.pi.1.0.1", 0)
    lab.settle()
    assert nothing_is_left(lab)
    assert state(lab) is TaskState.SUCCEEDED
    assert {lab.verdict("pi", number).state for number in range(3)} == {InstanceState.SUCCEEDED}
    assert results(lab)["1.2.1"] == (Result.CANCELLED, "the master has completed")


@pytest.mark.parametrize("steps", range(1, 9))
def test_a_crash_at_any_point_of_the_end_leaves_nothing_and_the_same_outcome(steps: int) -> None:
    lab = running()
    lab.world.finish("demo.pi.1.0.1", 0)
    lab.driver.look()
    for _ in range(steps):
        lab.driver.step()
    lab.crash()
    lab.settle()
    assert nothing_is_left(lab)
    assert state(lab) is TaskState.SUCCEEDED
    assert len(lab.world.journal.starts) == 3


@pytest.mark.parametrize("steps", range(1, 8))
def test_a_crash_at_any_point_of_the_beginning_starts_each_once(steps: int) -> None:
    lab = Lab(crew())
    for _ in range(steps):
        lab.driver.step()
    lab.crash()
    lab.settle()
    assert len(lab.live()) == len(lab.world.journal.starts) == 3
    assert lab.world.journal.starts[-1] == "demo.pi.1.0.1"
    assert lab.world.journal.of("create_network") == ["demo_pi_1"]


def test_a_worker_that_ends_badly_with_the_master_does_not_undo_its_success() -> None:
    lab = running()
    lab.world.finish("demo.pi.1.2.1", 255)
    lab.world.finish("demo.pi.1.0.1", 0)
    lab.settle()
    assert state(lab) is TaskState.SUCCEEDED
    assert nothing_is_left(lab)


@pytest.mark.parametrize("member", [0, 1])
def test_one_that_fails_for_good_ends_all_and_the_task_has_failed(member: int) -> None:
    lab = running()
    lab.world.finish(f"demo.pi.1.{member}.1", 3)
    lab.settle()
    assert nothing_is_left(lab)
    assert state(lab) is TaskState.FAILED
    assert lab.verdict("pi", member).state is InstanceState.FAILED
    assert "pi/" in lab.verdict("pi", 2).reason


@pytest.mark.parametrize("member", [0, 1])
def test_one_that_fails_with_a_retry_left_has_the_whole_cluster_start_again(member: int) -> None:
    lab = running(retry=AGAIN)
    lab.world.finish(f"demo.pi.1.{member}.1", 3)
    lab.settle()
    assert lab.live() == []
    assert "demo_pi_1" in lab.world.networks
    lab.wait(6)
    assert lab.live() == ["demo.pi.1.0.2", "demo.pi.1.1.2", "demo.pi.1.2.2"]
    assert lab.world.journal.starts[-1] == "demo.pi.1.0.2"
    lab.world.finish("demo.pi.1.0.2", 0)
    lab.settle()
    assert nothing_is_left(lab)
    assert state(lab) is TaskState.SUCCEEDED


def test_a_removed_task_takes_its_network_with_it() -> None:
    lab = running()
    lab.apply()
    assert nothing_is_left(lab)


def test_another_size_is_another_cluster() -> None:
    lab = running()
    done = told(lab.apply(crew(4)))
    assert lab.live() == [f"demo.pi.1.{n}.{2 if n < 3 else 1}" for n in range(4)]
    reason = "a cluster knows its size from the start (instances: 3 → 4)"
    assert [line for line in done if line.startswith("stop")] == [
        f"stop    demo.pi.1.{n}.1 @local: {reason} pi.yaml:1:1" for n in range(3)
    ]


def test_who_has_completed_in_the_new_size_does_not_run_again_beside_the_master() -> None:
    lab = running(on_scale=OnScale.RERUN)
    lab.world.finish("demo.pi.1.0.1", 0)
    lab.settle()
    lab.apply(crew(2, on_scale=OnScale.RERUN))
    assert lab.live() == ["demo.pi.1.0.2", "demo.pi.1.1.2"]
    lab.world.finish("demo.pi.1.1.2", 0)
    lab.settle()
    assert lab.live() == ["demo.pi.1.0.2"]
    assert lab.verdict("pi", 1).state is InstanceState.SUCCEEDED
    lab.world.finish("demo.pi.1.0.2", 0)
    lab.settle()
    assert nothing_is_left(lab)
    assert state(lab) is TaskState.SUCCEEDED


def test_two_runs_side_by_side_have_a_network_each() -> None:
    every = Schedule("* * * * *", overlap=Overlap.ALLOW)
    lab = Lab(crew(2, schedule=every))
    lab.settle()
    lab.wait(60)
    lab.wait(60)
    assert sorted(lab.world.networks) == ["demo_pi_1", "demo_pi_2"]
    assert len({*lab.world.networks["demo_pi_1"].values()}) == 4
    lab.world.finish("demo.pi.1.0.1", 0)
    lab.settle()
    assert sorted(lab.world.networks) == ["demo_pi_2"]
    assert lab.live() == ["demo.pi.2.0.1", "demo.pi.2.1.1"]


def test_a_network_that_cannot_be_made_is_told_and_tried_again() -> None:
    lab = Lab(crew())

    def refuse(call: str, subject: str, when: When) -> EngineError | None:
        del subject
        return TransientError("no addresses left") if (call, when) == REFUSED else None

    lab.world.faults = refuse
    lab.settle()
    assert not lab.world.boxes
    assert lab.verdict("pi").reason == "no addresses left"
    lab.world.faults = lambda *_: None
    lab.wait(10)
    assert len(lab.live()) == 3


REFUSED = ("create_network", "before")


def test_a_network_removed_by_hand_is_made_again_before_anything_is_created() -> None:
    lab = Lab(crew())
    lab.driver.step()
    lab.driver.step()
    assert lab.world.networks
    lab.world.networks.clear()
    lab.settle()
    assert len(lab.live()) == 3
    assert lab.world.networks


def test_somebody_elses_network_of_that_name_is_left_alone() -> None:
    lab = Lab(crew())
    lab.world.networks["demo_pi_1"] = {}
    lab.settle()
    assert not lab.world.boxes
    assert "is not ours" in lab.verdict("pi").reason
    assert lab.world.networks == {"demo_pi_1": {}}


def test_a_network_of_a_task_that_nobody_knows_any_more_goes() -> None:
    lab = Lab()
    lab.world.networks["demo_old_3"] = {
        "io.reconciler.project": "demo", "io.reconciler.task": "old", "io.reconciler.run": "3",
    }  # fmt: skip
    lab.settle()
    assert not lab.world.networks


def test_a_network_that_is_too_small_is_told() -> None:
    lab = Lab(crew(30))
    lab.world.networks["demo_pi_1"] = {
        "io.reconciler.project": "demo", "io.reconciler.task": "pi", "io.reconciler.run": "1",
        "io.reconciler.subnet": "10.0.0.0/27",
    }  # fmt: skip
    lab.settle()
    reason = "the network 10.0.0.0/27 has no addresses for 30 instances"
    assert lab.verdict("pi").reason == reason
    with pytest.raises(TooSmallError):
        peers_of("pi", range(30), Cluster(), "10.0.0.0/27")


# --- over nodes ------------------------------------------------------------------------------

HALF = crew(4, spec={"resources": Resources(cpus=1.0)})


TWO = make_desired(HALF, nodes=("a", "b"))


def shown(**fabrics: Fabric) -> Observed:
    return Observed({n: NodeView(n, fabric=f, has=Amounts(2.0)) for n, f in fabrics.items()})


def test_nodes_that_share_no_network_take_a_cluster_whole_or_not_at_all() -> None:
    made = plan(TWO, shown(a=Fabric(), b=Fabric()), History(), 1.0)
    assert not made.actions
    reason = made.verdicts[0].reason
    assert "there is room for 2" in reason
    assert "1 is out of reach of its network" in reason


def test_nodes_of_one_fabric_take_it_together_on_a_network_that_the_manager_makes() -> None:
    seen = shown(a=Fabric("swarm"), b=Fabric("swarm", manager=True))
    made = plan(TWO, seen, History(), 1.0)
    assert {action.node for action in made.actions} == {"a", "b"}
    history = History()
    for fact in made.facts:
        history.apply(fact)
    for node in "ab":
        history.apply(ImageResolved("pi", 1, node, "busybox@sha256:b0", 1.0))
    made = plan(TWO, seen, history, 1.0)
    assert [(a.verb, a.node) for a in made.actions] == [(Verb.NETWORK, "b")]
    assert made.actions[0].network
    assert made.actions[0].network.reaches
    there = Network("demo_pi_1", "pi", 1, "10.0.1.0/24", reaches=True)
    view = NodeView("b", fabric=seen.nodes["b"].fabric, networks={there.name: there})
    made = plan(TWO, Observed({**seen.nodes, "b": view}), history, 1.0)
    assert {(a.verb, a.node) for a in made.actions} == {(Verb.CREATE, "a"), (Verb.CREATE, "b")}


def test_a_fabric_whose_manager_is_no_node_of_ours_joins_nothing() -> None:
    seen = shown(a=Fabric("swarm"), b=Fabric("swarm"))
    assert not plan(TWO, seen, History(), 1.0).actions


def test_why_ssh_could_not_be_is_said_where_its_image_lacks_it() -> None:
    lab = Lab(crew(spec={"cluster": Cluster(port=2022)}))
    lab.settle()
    said = b"reconciler: the image has no sshd; install openssh-server in it\n"
    lab.world.say("demo.pi.1.1.1", said)
    lab.world.finish("demo.pi.1.1.1", 115)
    lab.settle()
    told = "exit code 115: the image has no sshd; install openssh-server in it"
    assert results(lab)["1.1.1"] == (Result.FAILED, told)


def test_what_else_ends_with_such_a_code_is_not_taken_for_that() -> None:
    lab = running()
    lab.world.say("demo.pi.1.1.1", b"good bye\n")
    lab.world.finish("demo.pi.1.1.1", 115)
    lab.settle()
    assert results(lab)["1.1.1"] == (Result.FAILED, "exit code 115")
