"""(g) How soon a webhook is answered, with a loop at rest and with one that never pauses."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.model.desired import Restart, Retry
from reconciler.secrets import Secret
from reconciler.server.serving import Server, Settings
from tests.benchmarks.bench import PATIENCE, Bench
from tests.benchmarks.table import Figure, Item, bound
from tests.support.desired import make_task
from tests.support.lab import Lab

ROOT = Path(__file__).parents[2]
SECRET = "as long as it is the same on both sides"
_CROWD = 1000


class Source:
    """A source that only counts."""

    name = "fleet"
    nudges = 0

    def concerns(self, ref: str, repository: str) -> bool:
        """Say yes to everything."""
        del ref, repository
        return True

    def nudge(self) -> None:
        """Count."""
        self.nudges += 1


def measure(bench: Bench) -> Item:
    """Deliver to a server beside a core at rest, then beside one at work."""
    count = bench.sizes.deliveries
    item = Item("g", f"{count} webhooks in {count / 100:g} s")
    file = bench.scratch / "secret"
    file.write_text(SECRET)
    lab = Lab(make_task("web", _CROWD, restart=Restart.ALWAYS, retry=Retry(None)))
    lab.driver.settle()
    for name, busy in (("loop at rest", False), ("loop at work", True)):
        source = Source()
        settings = Settings(hooks="0", secret=Secret(file=str(file)))
        with Server([source], settings, lambda *_: None) as server, _planning(lab, busy=busy):
            values = _deliver(server.address("hooks"), count)
        figure = Figure(name, "ms", values)
        item.figures.append(figure)
        item.claims.append(bound(figure, "p99", 50.0))
        item.notes.append(f"{name}: {source.nudges} nudges")
    return item


@contextmanager
def _planning(lab: Lab, *, busy: bool) -> Iterator[None]:
    """Plan everything again and again, for the length of a block."""
    over = threading.Event()

    def plan() -> None:
        while not over.is_set():
            lab.core.dirty_all()
            lab.core.turn()

    thread = threading.Thread(target=plan)
    if busy:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if busy:
            thread.join()


def _deliver(address: str, count: int) -> tuple[float, ...]:
    """Post from a process of its own; how long each took, in milliseconds."""
    command = [sys.executable, "-m", "tests.benchmarks.delivering", address, str(count), SECRET]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return tuple(json.loads(done.stdout))
