"""Who makes the calls: a few threads a node, as many as the engine takes with profit.

Starts are dear and an engine's throughput soon stops growing with more of them in parallel,
while each one gets slower. So the limit climbs only while the throughput of the last round
was better than that of the round before, and steps back where it was not.
"""

import heapq
import threading
import time
from collections.abc import Callable
from itertools import count

from reconciler.controller.execution import carry_out
from reconciler.controller.happenings import Finished
from reconciler.controller.materials import Supply, nothing
from reconciler.controller.preparing import Prepare, as_planned
from reconciler.engines.engine import Engine, TransientError, UnreachableError
from reconciler.model.action import Action, Verb

# What ends goes first, then what begins, the higher priority before the lower, whatever the kind.
_URGENCY = {verb: (group, rank) for group, verbs in enumerate(
    ((Verb.KILL, Verb.STOP, Verb.COLLECT), (Verb.START, Verb.PULL, Verb.NETWORK, Verb.CREATE),
     (Verb.REMOVE, Verb.DISSOLVE))
) for rank, verb in enumerate(verbs)}  # fmt: skip


class Limit:
    """How many calls may be under way at once, found by climbing."""

    LOWEST, HIGHEST, FIRST = 2, 16, 6
    ROUND = 12
    WORTH = 1.05

    def __init__(self) -> None:
        """Start at what two cores can use."""
        self.now = self.FIRST
        self._direction = 1
        self._rate = 0.0
        self._began = 0.0
        self._done = 0

    def finished(self, at: float, *, busy: bool, failed: bool) -> None:
        """Count a call that ended at monotonic time `at`; `busy` where others were waiting."""
        if failed:
            self._set(self.now // 2)
            self._restart(at, 0.0)
        elif not busy:
            self._restart(at, 0.0)
        else:
            self._done += 1
            if self._done >= self.ROUND:
                self._climb(at)

    def _climb(self, at: float) -> None:
        rate = self._done / max(at - self._began, 1e-6)
        if self._rate and rate < self._rate * self.WORTH:
            self._direction = -1 if rate < self._rate else 0
        elif self._rate:
            self._direction = 1
        self._set(self.now + 2 * self._direction)
        self._restart(at, rate)

    def _restart(self, at: float, rate: float) -> None:
        self._began, self._done, self._rate = at, 0, rate

    def _set(self, limit: int) -> None:
        self.now = min(self.HIGHEST, max(self.LOWEST, limit))


class Workers:
    """A pool of threads for one node. Threads come as they are needed and end with `close`."""

    def __init__(
        self,
        engine: Engine,
        report: Callable[[Finished], None],
        prepare: Prepare = as_planned,
        supply: Supply = nothing,
    ) -> None:
        """Carry out on `engine` what `prepare` makes of it; tell `report`.

        `supply` has what images are made of.

        Any thread may call either.
        """
        self._engine = engine
        self._report = report
        self._prepare = prepare
        self._supply = supply
        self._limit = Limit()
        self._queue: list[tuple[tuple[int, int, int], int, Action]] = []
        self._order = count()
        self._active: set[str] = set()
        self._idle = 0
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._closed = False

    def submit(self, action: Action) -> None:
        """Queue an action; the urgent go first, those that are alike in order of submission."""
        with self._changed:
            heapq.heappush(self._queue, (_urgency(action), next(self._order), action))
            # A thread that was woken for an earlier action still counts as idle until it runs.
            if len(self._queue) > self._idle and len(self._threads) < self._limit.HIGHEST:
                self._spawn()
            self._changed.notify()

    def close(self) -> set[str]:
        """Begin nothing more; calls under way are left to end by themselves.

        Return the subjects of the actions that will not be carried out.
        """
        dropped = self.empty()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        return dropped

    def empty(self) -> set[str]:
        """Carry out nothing of what has not begun; return its subjects."""
        with self._changed:
            dropped = {action.subject for _, _, action in self._queue}
            self._queue.clear()
        return dropped

    def saturated(self) -> bool:
        """Whether an action handed in now would have to wait for another one's end."""
        with self._changed:
            return len(self._queue) + len(self._active) >= self._limit.now

    def begun(self) -> set[str]:
        """Return the subjects of the calls under way."""
        with self._changed:
            return set(self._active)

    def _spawn(self) -> None:
        name = f"worker-{self._engine.node}-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (action := self._next()) is not None:
            finished = self._carry_out(action)
            self._report(finished)
            self._ended(finished)

    def _carry_out(self, action: Action) -> Finished:
        """Return what came of an action, also where that is a bug: nobody waits for it for ever."""
        try:
            return carry_out(self._engine, action, self._prepare, supply=self._supply)
        except Exception as bug:  # noqa: BLE001  # it is shown, and told as a refusal
            threading.excepthook(
                threading.ExceptHookArgs([type(bug), bug, bug.__traceback__, None])
            )
            refusal = TransientError(f"{action.verb} of {action.subject} broke off: {bug!r}")
            return Finished(action, refusal)

    def _next(self) -> Action | None:
        with self._changed:
            self._idle += 1
            while not self._closed and (not self._queue or len(self._active) >= self._limit.now):
                self._changed.wait()
            self._idle -= 1
            if self._closed:
                return None
            action = heapq.heappop(self._queue)[2]
            self._active.add(action.subject)
            return action

    def _ended(self, finished: Finished) -> None:
        with self._changed:
            self._active.discard(finished.action.subject)
            if finished.action.verb is Verb.START:
                failed = isinstance(finished.outcome, UnreachableError)
                self._limit.finished(time.monotonic(), busy=bool(self._queue), failed=failed)
            self._changed.notify()


def _urgency(action: Action) -> tuple[int, int, int]:
    group, rank = _URGENCY[action.verb]
    return group, -action.priority, rank
