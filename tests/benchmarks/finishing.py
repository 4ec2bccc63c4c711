"""(j) Many instances of `true`, from nothing until none is left, against a bare loop and Swarm."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from docker.errors import APIError

from reconciler.controller.core import Core
from reconciler.controller.loop import Ending
from reconciler.controller.writing import gone
from reconciler.model.action import InstanceState
from tests.benchmarks.bench import Bench, timed, until
from tests.benchmarks.project import Project, project
from tests.benchmarks.rivals import finish_bare, swarm, swarm_job
from tests.benchmarks.table import Figure, Item, best, interleaved, ratio

THREADS = (2, 4, 8, 16)
_AT_ONCE = 8  # of a swarm job: more at once take it longer


def measure(bench: Bench) -> Item:
    """Measure our loop and whole process, and those of the rivals, in turns."""
    count = bench.sizes.crowd
    item = Item("j", f"{count} instances of true, each made, started, awaited and removed")
    bares = {threads: _Bare(bench, threads) for threads in THREADS}
    takes: dict[str, Callable[[], float]] = {
        "inside": lambda: _inside(bench),
        **{f"bare loop, {n} threads": bare for n, bare in bares.items()},
        "apply --wait": lambda: _apply(bench),
    }
    with _swarm_if_any(bench, item) as there:
        if there:
            takes["swarm job"] = lambda: _swarm(bench)
        measured = interleaved(bench.sizes.rounds, list(takes.values()))
    figures = {
        name: Figure(name, "s", values) for name, values in zip(takes, measured, strict=True)
    }
    item.figures += figures.values()
    wholes = [Figure(f"bare process, {n} threads", "s", tuple(b.whole)) for n, b in bares.items()]
    item.figures += wholes
    loop = best([figures[f"bare loop, {n} threads"] for n in THREADS])
    item.claims += [ratio(figures["inside"], loop, 1.15)]
    item.claims += [ratio(figures["apply --wait"], best(wholes), 1.15)]
    if "swarm job" in figures:
        item.claims.append(ratio(figures["apply --wait"], figures["swarm job"], 1.0))
    item.notes.append(
        "ours also reads how each has ended and what it printed, and puts it on record; a swarm"
        " job leaves its containers, and is over when its last task has completed"
    )
    return item


def _inside(bench: Bench) -> float:
    count = bench.sizes.crowd

    def over(core: Core) -> bool:
        ended = sum(v.state is InstanceState.SUCCEEDED for v in core.all_verdicts())
        return ended == count and gone(core)

    with _project(bench) as ours, ours.opened() as session:
        endings: list[Ending] = []
        seconds = timed(lambda: endings.append(session.loop.run(over)))
        assert endings == [Ending.DONE]
        assert not bench.containers(ours.label, everything=True)
        return seconds


def _apply(bench: Bench) -> float:
    with _project(bench) as ours:
        seconds = timed(lambda: ours.apply("--wait"))
        assert not bench.containers(ours.label, everything=True)
        return seconds


class _Bare:
    """The bare loop on some threads; beside its own clock it keeps what the whole process took."""

    def __init__(self, bench: Bench, threads: int) -> None:
        self.whole: list[float] = []
        self._bench, self._threads = bench, threads

    def __call__(self) -> float:
        with _project(self._bench) as theirs:
            loop, whole = finish_bare(theirs, self._threads)
        self.whole.append(whole)
        return loop


@contextmanager
def _project(bench: Bench) -> Iterator[Project]:
    with project(bench, bench.sizes.crowd, command="true", restart="never", ttl="0s") as made:
        yield made


@contextmanager
def _swarm_if_any(bench: Bench, item: Item) -> Iterator[bool]:
    """Have a swarm for the length of a block, if this engine can; yields whether it does."""
    try:
        with swarm(bench):
            yield True
    except APIError as error:
        item.notes.append(f"no swarm to measure against: {error.explanation}")
        yield False


def _swarm(bench: Bench) -> float:
    """Return the seconds from a job's creation until all of it has completed."""
    began = time.perf_counter()
    with swarm_job(bench, bench.sizes.crowd, _AT_ONCE) as completed:
        until(lambda: completed() == bench.sizes.crowd, "the swarm job")
        return time.perf_counter() - began
