"""(d) From a saved file to the first call that it leads to, by `reconciler run`."""

import random
import time

from tests.benchmarks.bench import Bench
from tests.benchmarks.events import NANO, Events, events_of
from tests.benchmarks.project import Project, project
from tests.benchmarks.table import Figure, Item, bound


def measure(bench: Bench) -> Item:
    """Raise the count of instances by one, again and again."""
    item = Item("d", "file saved -> first engine call")
    with project(bench, 1) as ours, events_of(ours.label) as events, ours.kept():
        bench.running(ours.label, 1)
        values = tuple(_edit(ours, events, n + 2) for n in range(bench.sizes.edits))
    figure = Figure("saved -> created", "ms", values)
    item.figures.append(figure)
    item.claims += [bound(figure, "median"), bound(figure, "p95", 300.0)]
    item.notes.append(
        "from before the write to the engine's create event: it includes the write, the watcher's"
        " wait for quiet (50 ms), reading and checking all manifests, planning, the ledger's"
        " commits, and the engine's own time for the create"
    )
    return item


def _edit(ours: Project, events: Events, instances: int) -> float:
    # Never in step with the watcher's or the loop's own rhythm.
    time.sleep(random.uniform(0.5, 1.5))
    began = time.time_ns()
    ours.save(instances)
    created = events.first("create", began)
    events.first("start", created.at)
    return (created.at - began) / NANO * 1000
