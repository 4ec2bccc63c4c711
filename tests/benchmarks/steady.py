"""(b) A pass over a crowd of running instances where nothing has changed."""

import resource
import time
from collections.abc import Callable, Sequence

from reconciler.controller.core import Core
from reconciler.controller.happenings import Listed
from reconciler.controller.writing import reconciled
from reconciler.engines.docker import open_engine
from reconciler.engines.engine import Engine
from reconciler.ledger import Ledger, LogEntry
from reconciler.model.fact import Fact
from reconciler.model.history import History
from tests.benchmarks.bench import Bench, timed
from tests.benchmarks.project import Project, project
from tests.benchmarks.rivals import Compose, compose_version
from tests.benchmarks.table import Figure, Item, bound, interleaved, ratio

_MILLI = 1000.0
_BREATH = 0.2


def measure(bench: Bench) -> Item:
    """Measure passes inside the controller, then whole processes."""
    crowd = bench.sizes.crowd
    item = Item("b", f"nothing to do at {crowd} running instances")
    with project(bench, crowd) as ours:
        ours.apply()
        _passes(bench, ours, item)
        apply, processor = _whole(bench, "apply", ours.apply)
    item.figures += [apply, processor]
    item.claims.append(bound(apply, "median", 300.0))
    if compose_version():
        _against_compose(bench, apply, item)
    else:
        item.notes.append("docker-compose 1.x is not there: not measured against")
    return item


class CountingRecord:
    """A ledger that counts what is written to it."""

    def __init__(self, ledger: Ledger) -> None:
        self.writes = 0
        self._ledger = ledger

    def load(self) -> History:
        """Return what is on record."""
        return self._ledger.load()

    def record(self, facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        """Count and pass on."""
        self.writes += bool(facts or events)
        self._ledger.record(facts, events)


def _passes(bench: Bench, ours: Project, item: Item) -> None:
    with ours.opened() as session:
        session.loop.run(reconciled)
        engine, core = open_engine("local", ""), session.core
        record = core.scribe.ledger = CountingRecord(session.ledger)
        takes = [
            lambda: timed(lambda: _one_pass(engine, core, plan_all=True)) * _MILLI,
            lambda: timed(lambda: _one_pass(engine, core, plan_all=False)) * _MILLI,
            lambda: timed(lambda: _raw(bench, ours)) * _MILLI,
        ]
        interleaved(3, takes)  # the first ones open connections
        values = interleaved(bench.sizes.passes, takes)
        engine.close()
    names = ("list, absorb, plan all", "list, absorb (a resync)", "raw list")
    planned, resync, raw = (
        Figure(name, "ms", measured) for name, measured in zip(names, values, strict=True)
    )
    item.figures += [planned, resync, raw]
    item.claims += [ratio(planned, raw, 1.3), ratio(resync, raw, 1.3)]
    item.notes.append(f"{2 * bench.sizes.passes} passes wrote to the ledger {record.writes} times")


def _one_pass(engine: Engine, core: Core, *, plan_all: bool) -> None:
    began = core.board.step
    core.listed(Listed(engine.node, began, engine.list(core.desired.project)))
    if plan_all:
        core.dirty_all()
    assert not core.turn(), "nothing has changed, and yet there is something to do"


def _raw(bench: Bench, ours: Project) -> None:
    assert len(bench.containers(ours.label, everything=True)) == bench.sizes.crowd


def _whole(bench: Bench, name: str, call: Callable[[], object]) -> tuple[Figure, Figure]:
    """Return what whole processes take, by the clock and by the processor."""
    call()
    clock, processor = [], []
    for _ in range(2 * bench.sizes.rounds):
        time.sleep(_BREATH)
        before = _processor_seconds()
        clock.append(timed(call) * _MILLI)
        processor.append((_processor_seconds() - before) * _MILLI)
    return Figure(name, "ms", tuple(clock)), Figure(f"{name}, cpu", "ms", tuple(processor))


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _against_compose(bench: Bench, apply: Figure, item: Item) -> None:
    with project(bench, 1) as like:
        compose = Compose(bench, like.configs()[0][1], bench.sizes.crowd)
    with bench.cleared(compose.label):
        compose.up()
        up, processor = _whole(bench, "docker-compose up -d", compose.up)
    item.figures += [up, processor]
    item.claims.append(ratio(apply, up))
    item.notes.append("apply and docker-compose follow each other: both crowds are not up at once")
