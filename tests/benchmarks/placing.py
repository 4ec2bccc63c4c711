"""(o) Placement of a great many instances on a great many nodes, and how its cost grows.

No engine is asked. Each pass is made in a process of its own, so that its memory is its own.
"""

import gc
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from reconciler.model.action import Action, Verb
from reconciler.model.amounts import Amounts
from reconciler.model.desired import Desired, NodeSpec
from reconciler.model.fact import ImageResolved
from reconciler.model.history import History
from reconciler.model.observed import NodeView, Observed
from reconciler.model.spec import Resources
from reconciler.planning import plan
from tests.benchmarks.bench import PATIENCE, Bench, computed
from tests.benchmarks.table import Figure, Item, bound, interleaved, ratio
from tests.support.desired import make_desired, make_task

_ON_EACH: Final = 20
_MORE: Final = 10
_MIB: Final = 1 << 20
_ENOUGH: Final = 3  # rounds: the large ones take long, and each is a process of its own
Cost = dict[str, float]


def measure(bench: Bench) -> Item:
    """Measure one task of all instances, tasks of a hundred, and tasks of one."""
    count = bench.sizes.planned
    sizes = (count, _MORE * count)
    nodes = [str(size // _ON_EACH) for size in sizes]
    title = f"placement: {sizes[0]} instances on {nodes[0]} nodes, {sizes[1]} on {nodes[1]}"
    item = Item("o", title)
    for name, instances in (("one task", 0), ("100 a task", 100), ("1 a task", 1)):
        _measure_shape(bench, item, name, [(size, instances or size) for size in sizes])
    item.notes.append(
        "place: nothing is there, each instance is given a node, each node is asked for the image;"
        " make: the images are there, and each instance is placed again and made; both by the"
        " processor's time; memory: by how much the process grew, the record of it all included"
    )
    return item


def _measure_shape(bench: Bench, item: Item, name: str, sizes: list[tuple[int, int]]) -> None:
    costs: list[list[Cost]] = [[] for _ in sizes]

    def take(index: int) -> float:
        costs[index].append(_apart(*sizes[index]))
        return costs[index][-1]["place"]

    rounds = min(_ENOUGH, bench.sizes.rounds)
    interleaved(rounds, [lambda i=i: take(i) for i in range(len(sizes))])  # type: ignore[misc]
    for what, unit, target in (("place", "s", 2.0), ("make", "s", None), ("memory", "MiB", None)):
        few, many = (
            Figure(f"{name}: {what}, {size}", unit, tuple(cost[what] for cost in taken))
            for (size, _), taken in zip(sizes, costs, strict=True)
        )
        item.figures += [few, many]
        item.claims += [bound(few, "median", target)] if target else []
        item.claims.append(ratio(many, few, 1.2 * _MORE))


def _apart(count: int, instances: int) -> Cost:
    """Return what placement takes in a new process: seconds and MiB."""
    command = [sys.executable, "-m", "tests.benchmarks.placing", str(count), str(instances)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, check=True, timeout=PATIENCE)
    found: Cost = json.loads(done.stdout)
    return found


def main() -> None:
    """Place so many instances in tasks of so many; print what it takes."""
    count, instances = map(int, sys.argv[1:3])
    desired, observed = _world(count, instances)
    history = History()
    gc.collect()
    before = _resident()
    plans = []
    place = computed(lambda: plans.append(plan(desired, observed, history, 1.0)))
    for fact in plans[0].facts:
        history.apply(fact)
    for action in plans.pop().actions:
        _present(action, history)
    gc.collect()
    make = computed(lambda: plans.append(plan(desired, observed, history, 2.0)))
    assert len(plans[0].actions) == count, "each instance is made"
    assert all(action.verb is Verb.CREATE for action in plans[0].actions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"place": place, "make": make, "memory": (peak - before) / _MIB}))


def _world(count: int, instances: int) -> tuple[Desired, Observed]:
    names = [f"node-{number:05}" for number in range(count // _ON_EACH)]
    nodes = {
        name: NodeSpec(name, "", labels=(("zone", "abc"[i % 3]),), capacity=_has())
        for i, name in enumerate(names)
    }
    spec = {"resources": Resources(cpus=1.0, memory=1 << 30)}
    tasks = [make_task(f"t-{i}", instances, spec=spec) for i in range(count // instances)]
    made = replace(make_desired(*tasks), nodes=nodes)
    return made, Observed({name: NodeView(name) for name in names})


def _has() -> Amounts:
    return Amounts(64.0, 256 << 30, 0)


def _present(pull: Action, history: History) -> None:
    """Have an image on a node, for all who have asked for it there."""
    assert pull.verb is Verb.PULL
    for task, run in ((pull.task, pull.run), *pull.sharers):
        history.apply(ImageResolved(task, run, pull.node, f"{pull.image}@sha256:{'b' * 64}", 1.0))


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
