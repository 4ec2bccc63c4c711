"""`python -m tests.chaos.crashing ARGS`: the reconciler, which dies at a named point.

Where it dies is in CRASH_AT, `POINT:N`: the N-th time that this point is reached, as kill -9 would.
The points lie at each boundary between a decision, an engine call and a write to the ledger.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.cli import main
from reconciler.controller import workers
from reconciler.controller.execution import carry_out
from reconciler.engines.docker.engine import DockerEngine
from reconciler.ledger import Ledger

SIDES = ("before", "after")
WRITES = ("record", "keep_revision", "answer", "keep_anchor")
CLAIMS = ("claim", "release")
# What is aimed at, and how often a reconciler reaches it at most while it is let live.
_REACHED = {
    "record": 5, "create": 5, "start": 5, "collect": 5, "remove": 3,
    "pull": 1, "stop": 1, "kill": 1,
}  # fmt: skip
POINTS = {f"{side}-{what}": most for what, most in _REACHED.items() for side in SIDES}
# Reached only by the first one that sees what has been edited.
FIRST_POINTS = tuple(f"{side}-keep_revision" for side in SIDES)
# Reached once in a project's life, in this order.
OPENING_POINTS = tuple(f"{side}-{what}" for what in ("keep_anchor", "claim") for side in SIDES)
ANSWER_POINTS = tuple(f"{side}-answer" for side in SIDES)
CLOSING_POINTS = tuple(f"{side}-release" for side in SIDES)
VARIABLE = "CRASH_AT"


class _Fate:
    def __init__(self, aim: str) -> None:
        self._point, _, number = aim.partition(":")
        self._number = int(number or 1)
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reach(self, point: str) -> None:
        """Die here, if this is where."""
        with self._lock:
            self._seen[point] += 1
            if point == self._point and self._seen[point] == self._number:
                os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        self.reach(f"before-{what}")
        yield
        self.reach(f"after-{what}")


def install(aim: str) -> None:
    """Put the points in."""
    fate = _Fate(aim)

    def points_around(owner: type, name: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def bounded(*args: object, **fields: object) -> object:
            with fate.around(name):
                return real(*args, **fields)

        setattr(owner, name, bounded)

    def bounded_call(engine: Any, action: Any, *rest: Any, **more: Any) -> object:  # noqa: ANN401  # passed on
        with fate.around(action.verb.value):
            return carry_out(engine, action, *rest, **more)

    for name in WRITES:
        points_around(Ledger, name)
    for name in CLAIMS:
        points_around(DockerEngine, name)
    workers.carry_out = bounded_call  # type: ignore[assignment,attr-defined]


if __name__ == "__main__":
    install(os.environ[VARIABLE])
    main()
