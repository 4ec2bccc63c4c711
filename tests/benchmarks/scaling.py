"""(a) From nothing to many running instances, against a bare loop and docker-compose."""

from collections.abc import Callable

from reconciler.controller.core import Core
from reconciler.controller.loop import Ending
from reconciler.model.action import InstanceState
from tests.benchmarks.bench import Bench, timed
from tests.benchmarks.project import project
from tests.benchmarks.rivals import Compose, compose_version, start_bare
from tests.benchmarks.table import Figure, Item, best, interleaved, ratio

THREADS = (2, 4, 8, 16)


def measure(bench: Bench) -> Item:
    """Measure on no network and on a bridge."""
    count = bench.sizes.instances
    item = Item("a", f"0 -> {count} running instances")
    for network in ("none", "bridge"):
        _measure_on(bench, network, item)
    item.notes.append(
        "apply, bare process and docker-compose are whole processes; inside is the controller's"
        " loop and bare loop the bare process's own clock, both with their imports behind them"
    )
    if not compose_version():
        item.notes.append("docker-compose 1.x is not there: not measured against")
    return item


def _measure_on(bench: Bench, network: str, item: Item) -> None:
    bares = {threads: _Bare(bench, network, threads) for threads in THREADS}
    takes: dict[str, Callable[[], float]] = {
        "inside": lambda: _inside(bench, network),
        **{f"bare loop, {n} threads": bare for n, bare in bares.items()},
        "apply": lambda: _apply(bench, network),
    }
    if compose_version():
        takes["docker-compose"] = lambda: _compose(bench, network)
    measured = interleaved(bench.sizes.rounds, list(takes.values()))
    figures = {
        name: Figure(f"{network}: {name}", "s", values)
        for name, values in zip(takes, measured, strict=True)
    }
    for threads, bare in bares.items():
        name = f"{network}: bare process, {threads} threads"
        figures[f"bare process, {threads}"] = Figure(name, "s", tuple(bare.whole))
    item.figures += figures.values()
    loop = best([figures[f"bare loop, {n} threads"] for n in THREADS])
    process = best([figures[f"bare process, {n}"] for n in THREADS])
    item.claims += [ratio(figures["inside"], loop, 1.10), ratio(figures["apply"], process, 1.10)]
    if "docker-compose" in figures:
        item.claims.append(ratio(figures["apply"], figures["docker-compose"], 0.85))


def _inside(bench: Bench, network: str) -> float:
    count = bench.sizes.instances

    def all_run(core: Core) -> bool:
        return sum(v.state is InstanceState.RUNNING for v in core.all_verdicts()) == count

    with project(bench, count, network) as ours, ours.opened() as session:
        endings: list[Ending] = []
        seconds = timed(lambda: endings.append(session.loop.run(all_run)))
        assert endings == [Ending.DONE]
        assert len(bench.containers(ours.label)) == count
        return seconds


def _apply(bench: Bench, network: str) -> float:
    count = bench.sizes.instances
    with project(bench, count, network) as ours:
        seconds = timed(ours.apply)
        assert len(bench.containers(ours.label)) == count
        return seconds


class _Bare:
    """The bare loop on some threads; beside its own clock it keeps what the whole process took."""

    def __init__(self, bench: Bench, network: str, threads: int) -> None:
        self.whole: list[float] = []
        self._bench, self._network, self._threads = bench, network, threads

    def __call__(self) -> float:
        with project(self._bench, self._bench.sizes.instances, self._network) as theirs:
            loop, whole = start_bare(theirs, self._threads)
        self.whole.append(whole)
        return loop


def _compose(bench: Bench, network: str) -> float:
    count = bench.sizes.instances
    with project(bench, count, network) as like:
        compose = Compose(bench, like.configs()[0][1], count)
    with bench.cleared(compose.label):
        seconds = timed(compose.up)
        assert len(bench.containers(compose.label)) == count
        return seconds
