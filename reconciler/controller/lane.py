"""A few threads that carry out actions one after the other, the most urgent first.

Must not know what actions are, nor what carrying one out takes.
"""

import heapq
import threading
from collections.abc import Callable
from itertools import count
from typing import Protocol

from reconciler.model.action import Action

Urgency = tuple[int, int, int]


class Bound(Protocol):
    """How many actions may be under way at once: `now`, and never more than `highest`."""

    now: int
    highest: int


class Lane:
    """A queue and its threads. They come as they are needed and end with `close`."""

    def __init__(
        self,
        name: str,
        bound: Bound,
        urgency: Callable[[Action], Urgency],
        work: Callable[[Action, Callable[[], bool]], None],
    ) -> None:
        """Have `work` carry actions out, in threads that are called by the lane's name.

        `work` may ask whether others are waiting.
        """
        self._name = name
        self._bound = bound
        self._urgency = urgency
        self._work = work
        self._queue: list[tuple[Urgency, int, Action]] = []
        self._order = count()
        self._active: set[str] = set()
        self._idle = 0
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._closed = False

    def submit(self, action: Action) -> None:
        """Queue an action; the urgent go first, those that are alike in order of submission."""
        with self._changed:
            heapq.heappush(self._queue, (self._urgency(action), next(self._order), action))
            # A thread that was woken for an earlier action still counts as idle until it runs.
            if len(self._queue) > self._idle and len(self._threads) < self._bound.highest:
                self._spawn()
            self._changed.notify()

    def close(self) -> set[str]:
        """Begin nothing more; return the subjects of what will not be carried out."""
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
            return len(self._queue) + len(self._active) >= self._bound.now

    def begun(self) -> set[str]:
        """Return the subjects of the actions under way."""
        with self._changed:
            return set(self._active)

    def _spawn(self) -> None:
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            self._work(action, self._busy)
            self._ended(action)

    def _busy(self) -> bool:
        with self._changed:
            return bool(self._queue)

    def _next(self) -> Action | None:
        with self._changed:
            self._idle += 1
            while not self._closed and (not self._queue or len(self._active) >= self._bound.now):
                self._changed.wait()
            self._idle -= 1
            if self._closed:
                return None
            action = heapq.heappop(self._queue)[2]
            self._active.add(action.subject)
            return action

    def _ended(self, action: Action) -> None:
        with self._changed:
            self._active.discard(action.subject)
            self._changed.notify()
