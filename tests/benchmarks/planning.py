"""(l) Planning of a great many instances, against json's decoding of the list that shows them.

No engine is asked: the list is made up as an engine writes it, of containers that all run.
"""

import gc
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from reconciler.controller.core import Core
from reconciler.controller.happenings import Hinted, Listed
from reconciler.engines.docker.containers import listed
from reconciler.engines.engine import EngineEvent
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import (
    AttemptReserved,
    AttemptStarted,
    Fact,
    ImageResolved,
    RunOpened,
    SpecSeen,
    StartRequested,
    TaskScaled,
)
from reconciler.model.identity import AttemptKey, InstanceKey
from tests.benchmarks.bench import IMAGE, Bench, computed
from tests.benchmarks.table import Figure, Item, interleaved, ratio
from tests.support.desired import make_desired, make_task
from tests.support.lab import MemoryRecord

_MILLI = 1000.0
_NODE = "local"
_NOW = 1_700_000_000.0


class Crowd:
    """Tasks of which every instance runs, and a core that has planned them once."""

    def __init__(self, tasks: list[DesiredTask]) -> None:
        self.text = json.dumps([_entry(task, i) for task in tasks for i in task.instances])
        record = MemoryRecord()
        record.facts += [fact for task in tasks for fact in _facts(task)]
        self.core = Core(make_desired(*tasks), record, lambda: _NOW)
        shown = [listed(_NODE, entry) for entry in json.loads(self.text)]
        self._containers = tuple(one for one in shown if one is not None)
        self.core.listed(Listed(_NODE, self.core.board.step, self._containers))
        self._rest()

    def decode(self) -> None:
        """Decode the list, and do nothing with it."""
        json.loads(self.text)

    def whole(self) -> None:
        """Plan everything."""
        self.core.dirty_all()
        self._rest()

    def told(self, events: int) -> None:
        """Take in so many events of as many instances, and plan what they concern."""
        for one in self._containers[:events]:
            event = EngineEvent("container", "start", one.id, one.name, _NOW)
            self.core.hinted(Hinted(_NODE, event))
        self._rest()

    def _rest(self) -> None:
        before = self.core.passes
        assert not self.core.turn(), "nothing has changed, and yet there is something to do"
        assert self.core.passes == before + 1
        assert self.core.at_rest()


def measure(bench: Bench) -> Item:
    """Measure one task of many instances, and as many tasks of one."""
    count, events = bench.sizes.planned, bench.sizes.planned // 10
    item = Item("l", f"planning of {count} running instances")
    one = Crowd([make_task("work", count)])
    many = Crowd([make_task(f"task-{number}") for number in range(count)])
    takes = {
        "json decodes the list": one.decode,
        "plan: one task": one.whole,
        f"plan: one task, {events} events waiting": lambda: one.told(events),
        f"plan: {count} tasks": many.whole,
        f"plan: one dirty of {count} tasks": lambda: many.told(1),
    }
    measured = interleaved(
        4 * bench.sizes.rounds,
        [partial(_cost, take) for take in takes.values()],
    )
    decoded, whole, burst, tasks, dirty = item.figures = [
        Figure(name, "ms", values) for name, values in zip(takes, measured, strict=True)
    ]
    item.claims += [
        ratio(whole, decoded, 5.0),
        ratio(tasks, decoded, 5.0),
        ratio(dirty, tasks, 0.01),
        ratio(burst, whole, 1.5),
    ]
    item.notes.append("a pass is a whole turn, with nothing to record; times are the processor's")
    return item


def _cost(call: Callable[[], object]) -> float:
    gc.collect()  # the collector would walk a heap of this size on anybody's account
    return computed(call) * _MILLI


def _facts(task: DesiredTask) -> Iterator[Fact]:
    yield SpecSeen(task.work.hash, task.work.text)
    yield SpecSeen(task.shape.hash, task.shape.text)
    yield TaskScaled(task.name, len(task.instances), _NOW)
    yield RunOpened(task.name, 1, task.work.hash, 0, "new", "f-1", _NOW)
    yield ImageResolved(task.name, 1, _NODE, f"{IMAGE}@sha256:{'b' * 64}", _NOW)
    for instance in task.instances:
        attempt = AttemptKey(InstanceKey(task.name, instance), 1, 1)
        count = len(task.instances)
        yield AttemptReserved(attempt, _NODE, task.shape.hash, "f-1", _NOW, count)
        yield StartRequested(attempt, _NOW)
        yield AttemptStarted(attempt, _NOW)


def _entry(task: DesiredTask, instance: int) -> dict[str, Any]:
    """Return an instance's container as the engine's list has it."""
    key = AttemptKey(InstanceKey(task.name, instance), 1, 1)
    prefix = "io.reconciler"
    network = {
        "IPAMConfig": None, "Links": None, "Aliases": None, "NetworkID": "a" * 64,
        "EndpointID": "e" * 64, "Gateway": "", "IPAddress": "", "IPPrefixLen": 0,
        "IPv6Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0,
        "MacAddress": "", "DriverOpts": None,
    }  # fmt: skip
    return {
        "Id": f"{abs(hash(key.container_name('demo'))):064x}"[-64:],
        "Names": [f"/{key.container_name('demo')}"],
        "Image": IMAGE,
        "ImageID": f"sha256:{'c' * 64}",
        "Command": "sleep 100000",
        "Created": int(_NOW),
        "Ports": [],
        "Labels": {
            f"{prefix}.project": "demo",
            f"{prefix}.task": task.name,
            f"{prefix}.run": "1",
            f"{prefix}.instance": str(instance),
            f"{prefix}.attempt": "1",
            f"{prefix}.work": task.work.hash,
            f"{prefix}.shape": task.shape.hash,
            f"{prefix}.revision": "f-1",
            f"{prefix}.cpus": "1",
            f"{prefix}.memory": "268435456",
        },
        "State": "running",
        "Status": "Up 3 hours",
        "HostConfig": {"NetworkMode": "none"},
        "NetworkSettings": {"Networks": {"none": network}},
        "Mounts": [],
    }
