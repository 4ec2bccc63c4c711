import threading
import time
from collections.abc import Iterator

import pytest

from reconciler.controller.side_by_side import ask_all
from reconciler.engines.engine import Engine, EngineError, TransientError, UnreachableError
from tests.support.engines import simulated_engine


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


def engines(*names: str) -> dict[str, Engine]:
    return {name: simulated_engine(name) for name in names}


def test_answers_and_refusals_in_the_order_asked() -> None:
    def ask(engine: Engine) -> str:
        if engine.node == "b":
            raise TransientError("busy")
        return engine.node.upper()

    found = ask_all(engines("c", "b", "a"), ask)
    assert list(found) == ["c", "b", "a"]
    assert (found["c"], found["a"]) == ("C", "A")
    assert isinstance(found["b"], TransientError)


def test_nobody_waits_for_one_that_hangs(gate: threading.Event) -> None:
    def ask(engine: Engine) -> str:
        if engine.node == "b":
            gate.wait(60)
        return engine.node

    found = ask_all(engines("a", "b", "c"), ask, patience=0.2, little=0.1)
    assert (found["a"], found["c"]) == ("a", "c")
    assert isinstance(found["b"], UnreachableError)


def test_one_that_was_lost_gets_little_time(gate: threading.Event) -> None:
    def ask(engine: Engine) -> str:
        if engine.node == "b":
            gate.wait(60)
        return engine.node

    began = time.monotonic()
    found = ask_all(engines("a", "b"), ask, lost={"b"}, patience=50, little=0.1)
    assert found["a"] == "a"
    assert isinstance(found["b"], EngineError)
    assert time.monotonic() - began < 40, "it is not waited for"


def test_one_that_is_late_but_not_lost_is_waited_for(gate: threading.Event) -> None:
    def ask(engine: Engine) -> str:
        if engine.node == "b":
            gate.wait(0.3)
        return engine.node

    found = ask_all(engines("a", "b"), ask, patience=50, little=0.01)
    assert found == {"a": "a", "b": "b"}


def test_a_single_one_has_all_its_time(gate: threading.Event) -> None:
    def ask(engine: Engine) -> str:
        gate.wait(0.3)
        return engine.node

    assert ask_all(engines("a"), ask, patience=0.01, little=0.01) == {"a": "a"}


def test_none_at_all() -> None:
    assert ask_all({}, lambda engine: engine.node) == {}
