"""(c) From the kill of a service's container to the start of its replacement."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from docker.errors import APIError

from tests.benchmarks.bench import Bench
from tests.benchmarks.events import NANO, Events, events_of
from tests.benchmarks.project import project
from tests.benchmarks.rivals import bare_healer, start_bare, swarm, swarm_service
from tests.benchmarks.table import Figure, Item, interleaved, ratio

# Services that end sooner are started again with a growing pause, on purpose, in seconds.
_STEADY = 11.0
_BREATH = 0.5
Kill = Callable[[], float]


def measure(bench: Bench) -> Item:
    """Kill each instance of each rival's service once, in turns."""
    count = bench.sizes.kills
    item = Item("c", "a service's container killed -> its replacement started")
    with ExitStack() as stack:
        victims = {
            "reconciler run": stack.enter_context(_ours(bench, count)),
            "bare event loop": stack.enter_context(_bare(bench, count)),
        }
        try:
            victims["swarm"] = stack.enter_context(_swarm(bench, count))
        except APIError as error:
            item.notes.append(f"no swarm to measure against: {error.explanation}")
        time.sleep(_STEADY)
        measured = interleaved(count, list(victims.values()))
    figures = [Figure(n, "ms", v) for n, v in zip(victims, measured, strict=True)]
    item.figures += figures
    item.claims.append(ratio(figures[0], figures[1], 1.2))
    item.claims += [ratio(figures[0], rival) for rival in figures[2:]]
    item.notes.append(
        "each container has run for 10 s and is killed once; from before the kill call to the"
        " engine's start event; swarm waits 5 s by default"
    )
    return item


@contextmanager
def _ours(bench: Bench, count: int) -> Iterator[Kill]:
    with (
        project(bench, count, "bridge", "docker-service") as ours,
        events_of(ours.label) as events,
        ours.kept(),
    ):
        bench.running(ours.label, count)
        yield _killer(bench, ours.label, events)


@contextmanager
def _bare(bench: Bench, count: int) -> Iterator[Kill]:
    with (
        project(bench, count, "bridge", "docker-service") as theirs,
        events_of(theirs.label) as events,
    ):
        start_bare(theirs, 4)
        with bare_healer(theirs):
            yield _killer(bench, theirs.label, events)


@contextmanager
def _swarm(bench: Bench, count: int) -> Iterator[Kill]:
    with swarm(bench), swarm_service(bench, count) as label, events_of(label) as events:
        bench.running(label, count)
        yield _killer(bench, label, events)


def _killer(bench: Bench, label: str, events: Events) -> Kill:
    """Return what kills the next of the containers that run now; it returns milliseconds."""
    victims = [entry["Id"] for entry in bench.containers(label)]

    def kill() -> float:
        time.sleep(_BREATH)
        began = time.time_ns()
        bench.client.kill(victims.pop())
        return (events.first("start", began).at - began) / NANO * 1000

    return kill
