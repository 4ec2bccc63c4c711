"""Who makes the calls: a few threads a node, as many as the engine takes with profit.

Calls that carry data may take an hour each. They have threads of their own, so that nothing else
waits for them.

Starts are dear and an engine's throughput soon stops growing with more of them in parallel,
while each one gets slower. So the limit climbs only while the throughput of the last round
was better than that of the round before, and steps back where it was not.
"""

import threading
import time
from collections.abc import Callable

from reconciler.controller.execution import Carry, as_if, carry_out
from reconciler.controller.happenings import Finished
from reconciler.controller.lane import Bound, Lane, Urgency
from reconciler.controller.obtaining import IN_MEMORY, Means
from reconciler.controller.preparing import Prepare, as_planned
from reconciler.engines.engine import Engine, TransientError, UnreachableError
from reconciler.model.action import Action, Verb

# So many carry data at once, each over several connections.
CARRIERS = 4

# What ends goes first, then what begins, the higher priority before the lower, whatever the kind.
_URGENCY = {verb: (group, rank) for group, verbs in enumerate(
    ((Verb.KILL, Verb.STOP, Verb.UPLOAD, Verb.COLLECT),
     (Verb.REUSE, Verb.START, Verb.PULL, Verb.FETCH, Verb.NETWORK, Verb.CREATE),
     (Verb.REMOVE, Verb.SNAPSHOT, Verb.DISSOLVE))
) for rank, verb in enumerate(verbs)}  # fmt: skip


class Limit:
    """How many calls may be under way at once, found by climbing."""

    LOWEST, HIGHEST, FIRST = 2, 16, 6
    highest = HIGHEST
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


class Fixed:
    """As many calls at once as is said, always."""

    def __init__(self, number: int) -> None:
        """Say how many."""
        self.now = self.highest = number


class Workers:
    """The threads of one node. They come as they are needed and end with `close`."""

    def __init__(
        self,
        engine: Engine,
        report: Callable[[Finished], None],
        prepare: Prepare = as_planned,
        carry: Carry = as_if,
        means: Means = IN_MEMORY,
    ) -> None:
        """Carry out on `engine` what `prepare` makes of it, data by `carry`; tell `report`.

        `means` are what images take. Any thread may call any of them.
        """
        self._engine = engine
        self._report = report
        self._prepare = prepare
        self._carry = carry
        self._means = means
        self._limit = Limit()
        self._counting = threading.Lock()
        self._calls = self._lane("worker", self._limit)
        self._carriers = self._lane("carrier", Fixed(CARRIERS))

    def submit(self, action: Action) -> None:
        """Queue an action; the urgent go first, those that are alike in order of submission."""
        (self._carriers if action.carries else self._calls).submit(action)

    def close(self) -> set[str]:
        """Begin nothing more; calls under way are left to end by themselves.

        Return the subjects of the actions that will not be carried out.
        """
        return self._calls.close() | self._carriers.close()

    def empty(self) -> set[str]:
        """Carry out nothing of what has not begun; return its subjects."""
        return self._calls.empty() | self._carriers.empty()

    def saturated(self) -> bool:
        """Whether an action handed in now would have to wait for another one's end.

        Of those that carry data nobody asks: what they take says nothing of the engine.
        """
        return self._calls.saturated()

    def begun(self) -> set[str]:
        """Return the subjects of the calls under way."""
        return self._calls.begun() | self._carriers.begun()

    def _lane(self, what: str, bound: Bound) -> Lane:
        return Lane(f"{what}-{self._engine.node}", bound, _urgency, self._work)

    def _work(self, action: Action, busy: Callable[[], bool]) -> None:
        finished = self._carry_out(action)
        if action.verb is Verb.START and not action.carries:
            failed = isinstance(finished.outcome, UnreachableError)
            with self._counting:
                self._limit.finished(time.monotonic(), busy=busy(), failed=failed)
        self._report(finished)

    def _carry_out(self, action: Action) -> Finished:
        """Return what came of an action, also where that is a bug: nobody waits for it for ever."""
        try:
            return carry_out(
                self._engine,
                action,
                self._prepare,
                carry=self._carry,
                means=self._means,
            )
        except Exception as bug:  # noqa: BLE001  # it is shown, and told as a refusal
            threading.excepthook(
                threading.ExceptHookArgs([type(bug), bug, bug.__traceback__, None])
            )
            refusal = TransientError(f"{action.verb} of {action.subject} broke off: {bug!r}")
            return Finished(action, refusal)


def _urgency(action: Action) -> Urgency:
    group, rank = _URGENCY[action.verb]
    return group, -action.priority, rank
