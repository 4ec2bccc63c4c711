"""Two threads a node: one lists, checks health and keeps the claim, one reads the event stream.

They put what they find into the inbox and decide nothing. Subscribe first, then list: whatever
happens in between is seen twice rather than not at all. An engine that does not answer is
asked again with a growing pause; until it has been listed anew nothing of it is believed.
"""

import threading
import time
from collections.abc import Callable

from msgspec import Struct

from reconciler.controller.claim import Claimant, Standing, judge_and_take, still_ours
from reconciler.controller.happenings import (
    ClaimLost,
    Happening,
    Hinted,
    LedgerLost,
    Listed,
    NodeLost,
)
from reconciler.engines.engine import Engine, EngineError, EngineInfo, EventStream
from reconciler.model.amounts import Amounts
from reconciler.model.claim import Taken
from reconciler.model.cluster import Fabric

HEALTH_SECONDS = 10.0
_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)
# A node that was in doubt within so many seconds before, and is again, is given time.
_CALM_SECONDS = 10.0
_LONGEST_DOUBT = 2.0


class Rhythm(Struct, frozen=True):
    """How often a node is listed without being told to, in seconds, and whether events are read."""

    resync: float = 60.0
    follow: bool = True


class NodeWatch:
    """Keeps one node under observation until `close`."""

    def __init__(  # what a node's watch needs, each part named
        self,
        engine: Engine,
        claimant: Claimant,
        put: Callable[[Happening], None],
        step: Callable[[], int],
        rhythm: Rhythm,
        *,
        take_over: bool = False,
    ) -> None:
        """Watch `engine`; `step` tells how far the board is when a list begins."""
        self.engine = engine
        self._claimant = claimant
        self._put = put
        self._step = step
        self._rhythm = rhythm
        self._take_over = take_over
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._stream: EventStream | None = None
        self._claimed = False
        self._doubted = False
        self._info: EngineInfo | None = None
        self._others = Taken()
        self._doubts = 0
        self._last_doubt = float("-inf")

    def start(self) -> None:
        """Begin with the claim, the subscription and the first list."""
        name = f"watch-{self.engine.node}"
        threading.Thread(target=self._watch, name=name, daemon=True).start()

    def follow(self) -> None:
        """Read the event stream from now on, and list once after subscribing."""
        if not self._rhythm.follow:
            self._rhythm = Rhythm(self._rhythm.resync, follow=True)
            self.look()

    def look(self) -> None:
        """List the node as soon as possible. Several wishes become one list."""
        self._wanted.set()

    def doubt(self) -> None:
        """Check the engine's health before it is listed again: a list alone proves little."""
        self._doubted = True
        self.look()

    def close(self) -> None:
        """Stop watching. A call under way ends by itself."""
        self._closed.set()
        self._wanted.set()
        self._unsubscribe()

    # --- the listing thread ----------------------------------------------------------------

    def _watch(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                self._observe()
                failures = 0
            except EngineError as error:
                self._unsubscribe()
                self._doubted, self._info = True, None
                self._last_doubt = float("-inf")  # the pause is here
                self._put(NodeLost(self.engine.node, str(error)))
                self._closed.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1

    def _observe(self) -> None:
        """List again and again until something fails or the watch is closed."""
        if not self._claimed and not self._claim():
            self._closed.set()
            return
        next_list = next_health = 0.0
        while not self._closed.is_set():
            now = time.monotonic()
            if self._doubted or now >= next_health > 0:
                self._give_time()
                self._check_health()
            if now >= next_health:
                next_health = time.monotonic() + HEALTH_SECONDS
            if self._wanted.is_set() or now >= next_list:
                self._list()
                next_list = time.monotonic() + self._rhythm.resync
            pause = min(next_list, next_health) - time.monotonic()
            self._wanted.wait(max(0.0, pause))

    def _list(self) -> None:
        self._wanted.clear()
        if self._rhythm.follow and self._stream is None:
            self._subscribe()
        if self._info is None:
            self._look_around()
        info = self._info
        has, fabric = (info.amounts, info.fabric) if info else (Amounts(), Fabric())
        began = self._step()
        containers = self.engine.list(self._claimant.project)
        networks = self.engine.networks(self._claimant.project)
        era, told = self.engine.era(), (has, self._others, networks, fabric)
        self._put(Listed(self.engine.node, began, containers, era, *told))

    def _look_around(self) -> None:
        """See what the node has, and what others take of it."""
        self._info = self.engine.info()
        self._others = self.engine.others(self._claimant.project)

    def _give_time(self) -> None:
        """Wait before a node that is in doubt again and again is believed once more.

        An engine on its way out shows all it has and refuses all that is asked for because of it.
        """
        if not self._doubted:
            return
        now = time.monotonic()
        again = now - self._last_doubt < _CALM_SECONDS
        self._doubts = self._doubts + 1 if again else 0
        if self._doubts:
            self._closed.wait(min(_PAUSES[min(self._doubts, len(_PAUSES)) - 1], _LONGEST_DOUBT))
        self._last_doubt, self._doubted = time.monotonic(), False

    def _check_health(self) -> None:
        before = self._info, self._others
        self._look_around()
        if before != (self._info, self._others):
            self._wanted.set()
        if not still_ours(self.engine, self._claimant):
            node = self.engine.node
            message = f"the claim on node {node} is not ours any more: nothing is changed"
            self._put(ClaimLost(node, message))

    def _claim(self) -> bool:
        standing, found = judge_and_take(
            self.engine, self._claimant, self._tell_lost, take_over=self._take_over
        )
        self._claimed = standing is Standing.OURS
        if not self._claimed:
            refusal = self._claimant.refusal(self.engine.node, found)
            self._put(ClaimLost(self.engine.node, refusal))
        return self._claimed

    def _tell_lost(self) -> None:
        """Wait until it is on record that the ledger was lost."""
        recorded = threading.Event()
        self._put(LedgerLost(self.engine.node, recorded))
        recorded.wait()

    # --- the event thread ------------------------------------------------------------------

    def _subscribe(self) -> None:
        stream = self.engine.events(self._claimant.project)
        self._stream = stream
        # Asked for last: what an engine says before it dies may be taken for its successor's, whom
        # it says nothing about, and never the other way round.
        era = self.engine.era()
        name = f"events-{self.engine.node}"
        threading.Thread(target=self._read, args=(stream, era), name=name, daemon=True).start()

    def _read(self, stream: EventStream, era: str) -> None:
        try:
            for event in stream:
                self._put(Hinted(self.engine.node, event, era))
        except EngineError:
            pass  # a broken stream is no verdict: the list that follows is
        if self._stream is stream:
            self._stream = None
            self.look()

    def _unsubscribe(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
