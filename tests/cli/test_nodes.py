"""`nodes`: what it shows of each, in words and for machines."""

from pathlib import Path

from reconciler.cli import nodes_output, status_output
from reconciler.controller.almanac import Wall, scheduled
from reconciler.controller.reading import Report, thought
from reconciler.controller.surveying import survey
from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.amounts import Amounts
from reconciler.model.fact import NodeOrdered
from reconciler.model.spec import Resources
from tests.cli.helpers import call, check
from tests.support.desired import make_task
from tests.support.many import Many

WORK = make_task("work", 4, spec={"resources": Resources(cpus=0.5, memory=1 << 26)})


def report_of(lab: Many) -> Report:
    observed, history, desired = lab.core.board.observed(), lab.core.history, lab.core.desired
    calendar = Wall(lambda: lab.now).look(scheduled(desired), desired.pools.values())
    return Report(
        desired=desired,
        observed=observed,
        history=history,
        plan=thought(desired, observed, history, lab.now, calendar),
        engines={name: SimulatedEngine(world) for name, world in lab.worlds.items()},
        writer=None,
        folder=Path("/nowhere"),
        recorded=True,
        at=lab.now,
        calendar=calendar,
    )


def shown(lab: Many) -> dict[str, dict[str, object]]:
    report = report_of(lab)
    said = nodes_output.as_json(report, survey(report))
    check("nodes", said)
    nodes = said["nodes"]
    assert isinstance(nodes, list)
    return {node["name"]: node for node in nodes}


def states(lab: Many) -> dict[str, object]:
    return {name: node["state"] for name, node in shown(lab).items()}


def test_nodes_that_answer() -> None:
    lab = Many("a", "b", labels=(("zone", "x"),), reserve=Amounts(cpus=1.0))
    lab.apply(WORK)
    node = shown(lab)["a"]
    assert (node["state"], node["reason"], node["since"]) == ("Ready", "", None)
    assert node["labels"] == {"zone": "x"}
    assert node["instances"] == 2
    assert node["reserved"] == {"cpus": 1.0, "memory": 1 << 27, "gpus": 0}
    assert node["reserve"] == {"cpus": 1.0, "memory": None, "gpus": None}
    assert node["engine"]
    assert node["latencySeconds"] is not None


def test_a_capacity_that_is_declared_counts() -> None:
    lab = Many("a", capacity=Amounts(cpus=64.0))
    capacity = shown(lab)["a"]["capacity"]
    assert isinstance(capacity, dict)
    assert capacity["cpus"] == 64.0
    assert capacity["memory"], "what is not declared is what the engine says"


def test_one_that_does_not_answer() -> None:
    lab = Many("a", "b")
    lab.apply(WORK)
    lab.lose("a")
    node = shown(lab)["a"]
    assert node["state"] == "Unknown"
    assert node["since"] == "1970-01-12T13:46:40.000Z"
    assert node["reason"]
    assert (node["engine"], node["latencySeconds"]) == (None, None)
    assert node["instances"] == 2, "what is believed to be there"


def test_one_whose_list_answers_and_nothing_else() -> None:
    lab = Many("a", "b")
    lab.worlds["a"].wedged = True
    assert states(lab) == {"a": "Unknown", "b": "Ready"}


def test_what_is_wanted_of_them() -> None:
    lab = Many("a", "b", "c")
    lab.apply(WORK)
    lab.change("a", cordon=True)
    lab.note(NodeOrdered("b", "drain", lab.now))
    assert states(lab) == {"a": "Cordoned", "b": "Draining", "c": "Ready"}
    assert shown(lab)["a"]["reason"] == "it is cordoned"
    assert shown(lab)["b"]["reason"] == "it is being emptied, by request"
    for instance in range(4):
        for world in lab.worlds.values():
            if (name := f"demo.work.1.{instance}.1") in world.boxes:
                world.finish(name)
    lab.settle()
    assert states(lab)["b"] == "Drained"


def test_one_that_is_not_declared_any_more() -> None:
    lab = Many("a", "b")
    lab.apply(WORK)
    lab.forget("a")
    node = shown(lab)["a"]
    assert (node["state"], node["declared"]) == ("Draining", False)
    assert node["reason"] == "it is not declared any more"


def test_words_for_people() -> None:
    lab = Many("a", "b")
    lab.apply(WORK)
    lab.lose("b")
    lab.wait(90)
    report = report_of(lab)
    text = "\n".join(nodes_output.as_text(report, survey(report)))
    assert "1 of 8" in text
    assert "no Docker Engine answers on b, for 1m30s" in text


def test_orders_need_a_ledger(tmp_path: Path) -> None:
    for words in (("cordon", "a"), ("drain", "a", "--grace", "5m"), ("uncordon", "a")):
        done = call("nodes", *words, "-s", tmp_path, "--state", tmp_path / "state")
        assert done.exit_code == 1
        assert "nothing has been applied from here yet" in done.output


def test_wrong_usage() -> None:
    assert call("nodes", "drain").exit_code == 64
    assert call("nodes", "explode", "a").exit_code == 64
    assert call("nodes", "drain", "a", "--grace", "soon").exit_code == 64


def test_status_has_every_node_with_its_state() -> None:
    lab = Many("a", "b", "c")
    lab.apply(WORK)
    lab.note(NodeOrdered("b", "cordon", lab.now))
    lab.forget("c")
    lab.lose("a")
    report = report_of(lab)
    said = status_output.as_json(report)
    check("status", said)
    nodes = said["nodes"]
    assert isinstance(nodes, list)
    found = [(n["name"], n["state"], n["known"], n["declared"], n["instances"]) for n in nodes]
    assert found == [
        ("a", "Unknown", False, True, 2),
        ("b", "Cordoned", True, True, 1),
        ("c", "Draining", True, False, 1),
    ]
    assert nodes[0]["since"] is not None
    text = "\n".join(status_output.as_text(report))
    assert "node b: it is cordoned, by request" in text
    assert "node c: it is not declared any more" in text
    assert text.count("node a: ") == 1
