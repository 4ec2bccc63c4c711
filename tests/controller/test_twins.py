"""One engine that is declared twice: it counts once."""

from msgspec.structs import replace

from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.desired import NodeSpec
from tests.support.desired import make_task
from tests.support.many import Many


class Aliased(SimulatedEngine):
    """An engine under another name: it shows the same containers as of another node."""

    def __init__(self, engine: SimulatedEngine, node: str) -> None:
        super().__init__(engine.world)
        self.node = node

    def list(self, project: str):  # type: ignore[no-untyped-def]  # noqa: ANN201  # as the engine's
        return tuple(replace(c, node=self.node) for c in super().list(project))


def declared_twice(lab: Many, alias: str) -> None:
    engine = lab.driver.engines["b"]
    assert isinstance(engine, SimulatedEngine)
    lab.driver.engines = {**lab.driver.engines, alias: Aliased(engine, alias)}
    lab.nodes[alias] = NodeSpec(alias, f"unix:///{alias}")
    lab.commit()


def test_another_name_for_an_engine_is_not_believed() -> None:
    lab = Many("a", "b")
    lab.apply(make_task("work", 4))
    declared_twice(lab, "c")
    assert lab.count() == {"a": 2, "b": 2}
    state = lab.core.board.nodes["c"]
    assert (state.known, state.reason) == (
        False,
        "node c is the same engine as node b: declare it once",
    )
    lab.apply(make_task("work", 8))
    assert lab.count() == {"a": 4, "b": 4}
    assert lab.told("node-lost") == [state.reason], "it is told once"
    assert lab.settle() == []


def test_the_name_that_comes_first_counts_whenever_it_comes() -> None:
    lab = Many("a", "b")
    lab.apply(make_task("work", 2))
    declared_twice(lab, "aa")
    assert lab.core.board.nodes["aa"].known
    assert not lab.core.board.nodes["b"].known
    assert lab.count() == {"a": 1, "b": 1}
    assert {v.state for v in lab.core.verdicts["work"]} == {"Running"}


def test_a_node_that_is_reached_in_another_way_is_let_go_under_its_old_name() -> None:
    lab = Many("a", "b")
    lab.apply(make_task("work", 2))
    del lab.nodes["b"]
    declared_twice(lab, "c")
    assert set(lab.core.board.nodes) == {"a", "c"}
    assert {v.state for v in lab.core.verdicts["work"]} == {"Running"}
    assert lab.count() == {"a": 1, "b": 1}
