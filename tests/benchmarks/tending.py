"""(p) What slots of pools cost a pass that is about one task alone."""

import gc
from functools import partial

from reconciler.controller.happenings import Hinted
from reconciler.engines.engine import EngineEvent
from reconciler.model.amounts import Amounts
from reconciler.model.pool import Policy
from tests.benchmarks.bench import Bench, computed
from tests.benchmarks.table import Figure, Item, bound, excess, interleaved
from tests.support.desired import make_pool, make_task
from tests.support.many import Many

_SLOTS = 10
_IS = ".t0."
_NODES = 2.5  # to a pool
_MILLI = 1000.0


def measure(bench: Bench) -> Item:
    """Measure a pass over one dirty task, where all work is in slots and where there are none."""
    pools = bench.sizes.pools
    nodes = max(_SLOTS, round(pools * _NODES))
    title = f"{pools} pools of {_SLOTS} slots on {nodes} nodes with {pools * _SLOTS} instances"
    item = Item("p", title)
    full, plain = _crowd(pools, nodes, pooled=True), _crowd(pools, nodes, pooled=False)
    takes = {"one dirty task, in pools": full, "one dirty task, no pools": plain}
    measured = interleaved(
        4 * bench.sizes.rounds, [partial(_cost, crowd) for crowd in takes.values()]
    )
    ours, without = item.figures = [
        Figure(name, "ms", values) for name, values in zip(takes, measured, strict=True)
    ]
    item.claims += [bound(ours, "median", 10.0), excess(ours, without)]
    item.notes.append("a pass is a whole turn, with nothing to record; times are the processor's")
    return item


def _crowd(pools: int, nodes: int, *, pooled: bool) -> Many:
    """Return machines on which all that is asked for runs."""
    many = Many(*(f"n{i:04}" for i in range(nodes)), capacity=Amounts(64.0, 256 << 30, 0))
    fixed = (Policy(name="fixed", slots=_SLOTS),)
    names = [f"p{number}" for number in range(pools)] if pooled else [""] * pools
    many.open(*(make_pool(name, command=(), policies=fixed) for name in names if name))
    work = [make_task(f"t{i}", _SLOTS, spec={"pool": name}) for i, name in enumerate(names)]
    many.apply(*work)
    assert sum(many.count().values()) == pools * _SLOTS
    return many


def _cost(many: Many) -> float:
    """Return the processor's milliseconds for a pass over a task of which nothing has changed."""
    node, box = next(
        (n, b) for n, w in many.worlds.items() for b in w.boxes.values() if _IS in b.name
    )
    event = EngineEvent("container", "start", box.id, box.name, many.now)
    many.core.hinted(Hinted(node, event))
    gc.collect()
    before = many.core.passes
    spent = computed(many.core.turn) * _MILLI
    assert many.core.passes == before + 1
    return spent
