"""What befalls one node of several at a time, at moments that nobody chose.

An engine is killed and brought back. Or it stands still, or the link to it is cut, until that is
over; what runs there runs on. Some of it is over before anybody notices, some lasts until the node
is given up.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Final

from tests.chaos.attending import Trouble
from tests.support.nodes import Nodes

KILLED: Final = "killed"
FROZEN: Final = "frozen"
CUT: Final = "cut off"
# How long nothing happens, an engine is away, and a node is silent: seconds at most.
_PAUSE, _AWAY, _SILENT = 4.0, 6.0, 30.0


class Hazards:
    """Befall `nodes` from `start` to `stop`.

    `peace` is held for as long as something is wrong: whoever holds it finds all nodes well.
    `alone` gives what keeps others from mending a node for the length of a block.
    """

    def __init__(
        self,
        nodes: Nodes,
        rng: random.Random,
        alone: Callable[[str], AbstractContextManager[object]],
    ) -> None:
        self.peace = threading.RLock()
        # What has befallen which node.
        self.done: list[tuple[str, Trouble]] = []
        self._nodes = nodes
        self._rng = rng
        self._alone = alone
        self._leaving = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._befall, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let it end, and tell whether a node did not come back."""
        self._leaving.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    def counts(self) -> Mapping[str, int]:
        """Return how often what has happened."""
        kinds = [trouble.what for _, trouble in self.done]
        return {kind: kinds.count(kind) for kind in (KILLED, FROZEN, CUT)}

    def _befall(self) -> None:
        try:
            while not self._leaving.wait(self._rng.uniform(0, _PAUSE)):
                node = self._rng.choice(sorted(self._nodes.engines))
                linked = not self._nodes.endpoint(node).startswith("unix:")
                what = self._rng.choice([KILLED, FROZEN, CUT] if linked else [KILLED, FROZEN])
                with self.peace, self._alone(node):
                    began = time.monotonic()
                    with self._gone(node, what):
                        self._leaving.wait(self._length(what))
                    self.done.append((node, Trouble(what, began, time.monotonic())))
        except BaseException as error:  # noqa: BLE001  # it is raised where it is seen
            self._failure = error

    def _length(self, what: str) -> float:
        return self._rng.uniform(0, _AWAY) if what == KILLED else self._rng.uniform(0.5, _SILENT)

    @contextmanager
    def _gone(self, node: str, what: str) -> Iterator[None]:
        """Let it be gone for the length of a block."""
        leave, come_back = self._ways(node)[what]
        leave()
        yield
        come_back()

    def _ways(self, node: str) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
        """Return how a node goes, and how it comes back."""
        nodes, engine = self._nodes, self._nodes.engines[node]
        return {
            KILLED: (partial(engine.go, "kill"), engine.start),
            FROZEN: (engine.freeze, engine.thaw),
            CUT: (partial(nodes.cut, node), partial(nodes.mend, node)),
        }
