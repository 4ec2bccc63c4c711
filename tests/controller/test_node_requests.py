"""What people may ask of nodes, and what they are answered."""

from reconciler.controller.requests import Judged, judge
from reconciler.model.fact import AttemptEnded, NodeForgotten, NodeOrdered, Result
from tests.support.desired import make_task
from tests.support.many import Many


def asked(lab: Many, verb: str, **arguments: object) -> Judged:
    return judge(verb, arguments, lab.core.desired, lab.core.history, lab.now)


def test_an_order_goes_on_record() -> None:
    lab = Many("a", "b")
    judged = asked(lab, "order-node", node="a", order="drain", grace=5)
    assert judged.ok
    assert judged.message == "node a is being emptied"
    assert judged.facts == (NodeOrdered("a", "drain", lab.now, 5.0),)


def test_a_node_that_is_not_there() -> None:
    judged = asked(Many("big-1"), "order-node", node="big-2", order="cordon")
    assert not judged.ok
    assert judged.message == "there is no node big-2; did you mean big-1?"


def test_an_order_that_nobody_knows() -> None:
    assert not asked(Many("a"), "order-node", node="a", order="explode").ok


def test_what_a_manifest_asks_for_stays_so() -> None:
    lab = Many("a", "b", cordon=True)
    judged = asked(lab, "order-node", node="a", order="")
    assert judged.ok
    assert judged.message == "node a is cordoned all the same, by its manifest"


def test_a_declared_node_cannot_be_forgotten() -> None:
    judged = asked(Many("a"), "forget-node", node="a")
    assert (judged.ok, judged.message) == (False, "node a is declared: remove its manifest first")


def test_what_may_run_on_a_forgotten_node_counts_as_lost() -> None:
    lab = Many("a", "b")
    lab.apply(make_task("work", 2))
    lab.lose("a")
    lab.forget("a")
    judged = asked(lab, "forget-node", node="a")
    assert judged.ok
    assert judged.message == "node a is let go; 1 attempt counts as lost"
    lost, forgotten = judged.facts
    assert isinstance(lost, AttemptEnded)
    assert lost.result is Result.LOST
    assert forgotten == NodeForgotten("a", lab.now)
    assert not asked(lab, "forget-node", node="x").ok
