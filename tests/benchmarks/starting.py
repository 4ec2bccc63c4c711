"""(e) What starting up costs over a Python that does nothing."""

import sys

from tests.benchmarks.bench import Bench, timed
from tests.benchmarks.project import run
from tests.benchmarks.table import Figure, Item, excess, interleaved


def measure(bench: Bench) -> Item:
    """Start both in turns, after one of each to warm the caches."""
    commands = {
        "reconciler --version": [bench.command, "--version"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    takes = [lambda c=c: timed(lambda: run(c)) * 1000 for c in commands.values()]
    interleaved(1, takes)
    measured = interleaved(bench.sizes.launches, takes)
    ours, bare = (Figure(n, "ms", v) for n, v in zip(commands, measured, strict=True))
    return Item("e", "start-up", [ours, bare], [excess(ours, bare, 100.0)])
