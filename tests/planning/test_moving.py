"""Nodes that are cordoned, emptied, or not declared any more."""

import pytest

from reconciler.controller.execution import carry_out
from reconciler.model.action import InstanceState, Verb
from reconciler.model.desired import DesiredTask, Restart, Retry
from reconciler.model.fact import NodeOrdered, Result
from reconciler.planning.nodes import given_up
from tests.support.desired import make_task
from tests.support.many import Many


def service(count: int = 1) -> DesiredTask:
    return make_task("web", count, restart=Restart.ALWAYS, retry=Retry(None))


def ordered(lab: Many, node: str, order: str, grace: float | None = None) -> None:
    lab.note(NodeOrdered(node, order, lab.now, grace))  # type: ignore[arg-type]


@pytest.fixture
def lab() -> Many:
    return Many("a", "b")


class TestCordon:
    def test_nothing_new_is_placed_there(self, lab: Many) -> None:
        lab.change("a", cordon=True)
        lab.apply(make_task("work", 4))
        assert lab.count() == {"b": 4}

    def test_what_runs_goes_on(self, lab: Many) -> None:
        lab.apply(make_task("work", 4))
        lab.change("a", cordon=True)
        assert lab.count() == {"a": 2, "b": 2}
        lab.finish("a", "demo.work.1.0.1", 1)
        assert lab.settle()

    def test_a_person_may_ask_for_it(self, lab: Many) -> None:
        ordered(lab, "a", "cordon")
        lab.apply(make_task("work", 2))
        assert lab.count() == {"b": 2}
        ordered(lab, "a", "")
        lab.apply(make_task("work", 4))
        assert lab.count() == {"a": 2, "b": 2}

    def test_where_all_are_it_waits_and_says_so(self, lab: Many) -> None:
        lab.change("a", cordon=True)
        lab.change("b", drain=True)
        lab.apply(make_task("work"))
        assert lab.count() == {}
        assert lab.verdict().reason == ("fits on 0 of 2 nodes: 1 is being emptied, 1 is cordoned")

    def test_another_attempt_goes_elsewhere(self, lab: Many) -> None:
        lab.apply(make_task("work", retry=Retry(3)))
        lab.change("a", cordon=True)
        lab.finish("a", "demo.work.1.0.1", 1)
        lab.settle()
        lab.wait(60)
        assert lab.live() == {"b": ["demo.work.1.0.2"]}


class TestDrain:
    def test_batch_runs_to_its_end_and_the_node_is_said_to_be_drained(self, lab: Many) -> None:
        lab.apply(make_task("work", 2))
        lab.change("a", drain=True)
        lab.wait(100_000)
        assert lab.count() == {"a": 1, "b": 1}
        assert "runs to its end" in lab.verdict().reason
        assert lab.told("drained") == []
        lab.finish("a", "demo.work.1.0.1")
        lab.settle()
        assert lab.told("drained") == ["node a is drained"]
        assert lab.verdict().state is InstanceState.SUCCEEDED
        assert lab.settle() == []

    def test_batch_moves_when_its_grace_is_over(self, lab: Many) -> None:
        lab.apply(make_task("work", 2))
        lab.change("a", drain=True, drain_grace=60.0)
        lab.wait(59)
        assert lab.count() == {"a": 1, "b": 1}
        lab.wait(1)
        assert lab.count() == {"b": 2}
        attempts = lab.core.history.tasks["work"].runs[1].attempts_of(0)
        assert [a.result for a in attempts] == [Result.CANCELLED, None]
        assert lab.told("drained") == ["node a is drained"]

    def test_a_person_may_give_the_grace(self, lab: Many) -> None:
        lab.apply(make_task("work", 2))
        ordered(lab, "a", "drain", 0.0)
        assert lab.count() == {"b": 2}

    def test_the_grace_is_measured_over_a_crash(self, lab: Many) -> None:
        lab.apply(make_task("work", 2))
        lab.change("a", drain=True, drain_grace=60.0)
        lab.wait(30)
        lab.crash()
        lab.wait(30)
        assert lab.count() == {"b": 2}

    def test_a_service_is_ready_elsewhere_first(self, lab: Many) -> None:
        lab.apply(service(2))
        assert lab.count() == {"a": 1, "b": 1}
        lab.change("a", drain=True)
        assert lab.count() == {"a": 1, "b": 2}, "the new one is made first"
        assert "serves meanwhile" in lab.verdict("web").reason
        lab.wait(11)
        assert lab.count() == {"b": 2}
        assert lab.told("drained") == ["node a is drained"]
        assert lab.settle() == []

    def test_services_move_one_after_the_other(self, lab: Many) -> None:
        lab.change("b", cordon=True)
        lab.apply(service(3))
        assert lab.count() == {"a": 3}
        lab.change("b", cordon=False)
        lab.change("a", drain=True)
        for moved in (1, 2, 3):
            assert sum(lab.count().values()) == 4
            lab.wait(11)
            assert lab.count()["b"] >= moved
        assert lab.count() == {"b": 3}

    def test_a_service_that_has_nowhere_to_go_stays(self, lab: Many) -> None:
        lab.apply(service(2))
        lab.change("b", cordon=True)
        lab.change("a", drain=True)
        lab.wait(100)
        assert lab.count() == {"a": 1, "b": 1}
        assert lab.verdict("web").reason.startswith(
            "node a is being emptied, and there is no other"
        )
        lab.change("b", cordon=False)
        lab.wait(11)
        assert lab.count() == {"b": 2}

    def test_one_whose_successor_fails_stays(self, lab: Many) -> None:
        lab.apply(service())
        lab.change("a", drain=True)
        for attempt in (2, 3, 4):
            lab.finish("b", f"demo.web.1.0.{attempt}", 1)
            lab.settle()
            assert lab.live()["a"] == ["demo.web.1.0.1"]
            lab.wait(60)
        lab.wait(11)
        assert lab.live() == {"b": ["demo.web.1.0.5"]}

    def test_a_drain_that_is_called_off(self, lab: Many) -> None:
        lab.apply(make_task("work", 2))
        lab.change("a", drain=True)
        lab.change("a", drain=False)
        assert lab.count() == {"a": 1, "b": 1}
        assert lab.verdict().reason == "running"
        assert lab.core.history.nodes["a"].draining_at == 0.0


class TestWhatIsNotDeclaredAnyMore:
    def test_it_is_emptied_and_then_let_go(self, lab: Many) -> None:
        lab.apply(make_task("work", 2), service(2))
        lab.forget("a")
        assert "a" in lab.core.desired.nodes
        lab.wait(11)
        assert lab.live()["a"] == ["demo.work.1.0.1"]
        lab.crash()
        lab.settle()
        assert lab.live()["a"] == ["demo.work.1.0.1"], "it is still reached after a crash"
        lab.finish("a", "demo.work.1.0.1")
        lab.settle()
        assert lab.verdict().state is InstanceState.SUCCEEDED
        assert "a" not in lab.core.desired.nodes
        assert "a" not in lab.core.board.nodes
        assert lab.settle() == []
        assert lab.count() == {"b": 3}

    def test_what_is_to_be_removed_there_is_removed_first(self, lab: Many) -> None:
        lab.apply(service(2))
        lab.forget("a")
        lab.now += 11
        lab.driver.look()
        verbs = []
        while actions := lab.core.turn():
            there = [action for action in actions if action.node == "a"]
            assert not there or "a" in lab.core.board.nodes, there
            verbs += [action.verb for action in there]
            for action in actions:
                lab.core.finished(carry_out(lab.driver.engines[action.node], action))
            lab.driver.look()
        assert verbs[-1] is Verb.REMOVE
        assert lab.worlds["a"].boxes == {}
        assert "a" not in lab.core.board.nodes

    def test_one_on_which_nothing_is_goes_at_once(self, lab: Many) -> None:
        lab.apply(make_task("work"))
        lab.forget("b")
        assert "b" not in lab.core.board.nodes

    def test_one_that_does_not_answer_is_waited_for(self, lab: Many) -> None:
        lab.apply(make_task("work", 2))
        lab.lose("a")
        lab.forget("a")
        lab.wait(100_000)
        assert lab.verdict().state is InstanceState.UNKNOWN
        lab.heal("a")
        lab.finish("a", "demo.work.1.0.1")
        lab.settle()
        assert lab.verdict().state is InstanceState.SUCCEEDED

    def test_it_can_be_given_up(self, lab: Many) -> None:
        lab.apply(make_task("work", 2, retry=Retry(1)))
        lab.lose("a")
        lab.forget("a")
        lab.note(*given_up(lab.core.history, "a", "node a was given up by request", lab.now))
        lab.wait(60)
        assert "a" not in lab.core.board.nodes
        assert lab.count() == {"a": 1, "b": 2}
        assert lab.verdict().node == "b"

    def test_one_that_is_declared_again_is_as_before(self, lab: Many) -> None:
        lab.apply(make_task("work", 2))
        spec = lab.nodes["a"]
        lab.forget("a")
        lab.nodes["a"] = spec
        lab.commit()
        assert lab.verdict().reason == "running"
        lab.apply(make_task("work", 6))
        assert lab.count() == {"a": 3, "b": 3}

    def test_another_name_for_the_same_engine_is_no_other_engine(self, lab: Many) -> None:
        lab.apply(make_task("work", 2))
        lab.rename("a", "c")
        assert "a" not in lab.core.board.nodes
        assert lab.count() == {"b": 1, "c": 1}
        assert lab.verdict().state is InstanceState.RUNNING
        assert lab.settle() == []
