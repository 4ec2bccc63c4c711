"""(q) What it costs to start instances as one: their network, and the master after all others."""

import time

from tests.benchmarks.bench import Bench, new_name
from tests.benchmarks.project import project
from tests.benchmarks.table import Claim, Figure, Item, interleaved

_SIZE = 8
_MOST = 1.25


def measure(bench: Bench) -> Item:
    """Measure a cluster, as many independent instances on a bridge, and a bare network."""
    item = Item("q", f"0 → {_SIZE} running, as a cluster and each for itself")
    takes = {
        "a cluster": lambda: _start(bench, "docker-cluster-network", "cluster"),
        "each for itself": lambda: _start(bench, "docker-network", "bridge"),
        "a network, bare": lambda: _network(bench),
    }
    measured = interleaved(bench.sizes.rounds, list(takes.values()))
    joined, apart, network = item.figures = [
        Figure(name, "ms", values) for name, values in zip(takes, measured, strict=True)
    ]
    whole = apart.median + network.median
    text = f"{joined.name} / ({apart.name} + {network.name})"
    item.claims += [Claim(text, joined.median / whole, "x", _MOST)]
    item.notes.append(
        "a whole `reconciler apply` of sleepers; the network is one call of docker-py to the engine"
    )
    return item


def _start(bench: Bench, profile: str, network: str) -> float:
    with project(bench, _SIZE, network, profile, restart="never") as ours:
        began = time.monotonic()
        ours.apply()
        bench.running(ours.label, _SIZE)
        return (time.monotonic() - began) * 1000


def _network(bench: Bench) -> float:
    began = time.monotonic()
    made = bench.client.create_network(new_name(), check_duplicate=True)["Id"]
    taken = (time.monotonic() - began) * 1000
    bench.client.remove_network(made)
    return taken
