"""(m) Many instances on four engines side by side, against bare loops on the same four."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from docker import APIClient

from reconciler.controller.core import Core
from reconciler.controller.loop import Ending
from reconciler.model.action import InstanceState
from tests.benchmarks.bench import API_VERSION, Bench, new_name, timed
from tests.benchmarks.project import Project, project
from tests.benchmarks.rivals import start_bare
from tests.benchmarks.table import Figure, Item, best, interleaved, ratio
from tests.support.nodes import NAMES, POSSIBLE, Nodes, four_nodes

THREADS = (2, 4, 8, 16)


def measure(bench: Bench) -> Item:
    """Measure our loop and whole process, and the bare loops, in turns."""
    count = bench.sizes.spread
    item = Item("m", f"0 -> {count} running instances on four engines side by side")
    if not POSSIBLE:
        item.notes.append("not measured: it needs root, dockerd, ip, nsenter, openssl, ssh, sshd")
        return item
    with _farm(bench) as farm:
        _measure_on(farm, item)
    item.notes.append(
        "all ask the engines at their sockets, but for the last figure: there two are asked over"
        " TLS and one over ssh; threads of the bare loop are those for all engines together"
    )
    return item


class _Farm:
    """Four engines, each with a bench of its own that cleans up there."""

    def __init__(self, bench: Bench, nodes: Nodes, benches: dict[str, Bench]) -> None:
        self.bench, self.nodes, self.benches = bench, nodes, benches

    @contextmanager
    def project(self, *, declared: bool = False) -> Iterator[Project]:
        """Make a project on the four, at their sockets or as `declared`; remove it afterwards."""
        with project(self.bench, self.bench.sizes.spread) as made:
            for name in NAMES:
                made.write(f"{name}.yaml", self._manifest(name, declared=declared))
            try:
                yield made
            finally:
                with ThreadPoolExecutor() as pool:
                    list(pool.map(lambda one: one.remove(made.label), self.benches.values()))

    def count(self, label: str) -> int:
        """Return how many containers run, and see to it that they are spread evenly."""
        running = [len(one.containers(label)) for one in self.benches.values()]
        assert max(running) - min(running) <= 1, running
        return sum(running)

    def _manifest(self, name: str, *, declared: bool) -> dict[str, object]:
        if declared:
            return self.nodes.manifest(name)
        spec = {"endpoint": self.nodes.engines[name].url}
        return {"kind": "Node", "metadata": {"name": name}, "spec": spec}


@contextmanager
def _farm(bench: Bench) -> Iterator[_Farm]:
    folder = bench.scratch / new_name()
    with four_nodes(folder) as nodes, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECONCILER_SSH_CONFIG", str(nodes.config))
        clients = {n: APIClient(e.url, API_VERSION, 60) for n, e in nodes.engines.items()}
        try:
            benches = {name: replace(bench, client=client) for name, client in clients.items()}
            yield _Farm(bench, nodes, benches)
        finally:
            for client in clients.values():
                client.close()
    shutil.rmtree(folder, ignore_errors=True)


def _measure_on(farm: _Farm, item: Item) -> None:
    bares = {threads: _Bare(farm, threads) for threads in THREADS}
    takes: dict[str, Callable[[], float]] = {
        "inside": lambda: _inside(farm),
        **{f"bare loop, {n} threads": bare for n, bare in bares.items()},
        "apply": lambda: _apply(farm),
        "apply, over TLS and ssh": lambda: _apply(farm, declared=True),
    }
    measured = interleaved(farm.bench.sizes.rounds, list(takes.values()))
    figures = {
        name: Figure(name, "s", values) for name, values in zip(takes, measured, strict=True)
    }
    wholes = [Figure(f"bare process, {n} threads", "s", tuple(b.whole)) for n, b in bares.items()]
    item.figures += [*figures.values(), *wholes]
    loop = best([figures[f"bare loop, {n} threads"] for n in THREADS])
    item.claims += [
        ratio(figures["inside"], loop, 1.10),
        ratio(figures["apply"], best(wholes), 1.10),
        ratio(figures["apply, over TLS and ssh"], best(wholes)),
    ]


def _inside(farm: _Farm) -> float:
    count = farm.bench.sizes.spread

    def all_run(core: Core) -> bool:
        return sum(v.state is InstanceState.RUNNING for v in core.all_verdicts()) == count

    with farm.project() as ours, ours.opened() as session:
        endings: list[Ending] = []
        seconds = timed(lambda: endings.append(session.loop.run(all_run)))
        assert endings == [Ending.DONE]
        assert farm.count(ours.label) == count
        return seconds


def _apply(farm: _Farm, *, declared: bool = False) -> float:
    with farm.project(declared=declared) as ours:
        seconds = timed(ours.apply)
        assert farm.count(ours.label) == farm.bench.sizes.spread
        return seconds


class _Bare:
    """The bare loop on some threads; beside its own clock it keeps what the whole process took."""

    def __init__(self, farm: _Farm, threads: int) -> None:
        self.whole: list[float] = []
        self._farm, self._threads = farm, threads

    def __call__(self) -> float:
        with self._farm.project() as theirs:
            loop, whole = start_bare(theirs, self._threads)
            assert self._farm.count(theirs.label) == self._farm.bench.sizes.spread
        self.whole.append(whole)
        return loop
