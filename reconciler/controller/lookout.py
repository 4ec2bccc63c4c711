"""What running containers use and how far they are, asked now and then, and cheaply.

Decides whom to ask what, and when: soon after the start, then at growing intervals, and a node
never more often than it can bear. An answer costs the engine some three milliseconds of a
processor; that of what is used comes up to a second later (Engine 20.10), so a few are waited
for side by side. What a container did between its last answer and its end is not known.
"""

import heapq
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum, auto
from typing import Final

from msgspec.structs import replace

from reconciler.engines.engine import Engine, EngineError
from reconciler.manifests.headway import headway
from reconciler.model.headway import Glimpse
from reconciler.model.observed import Usage

# Seconds between two questions to a node: with 3 ms each, 1.5 % of one processor.
_APART: Final = 0.2
_SIDE_BY_SIDE: Final = 5
_FIRST: Final = 0.5
# What is used is asked for at intervals that grow with the age, how far it is at even ones.
_SHORTEST, _LONGEST = 1.0, 15.0
_LOG_EVERY: Final = 2.0
# The end of the output that is looked at, in bytes.
_TAIL: Final = 8 * 1024
# How long an engine that does not answer is left alone.
_SILENCE: Final = 10.0

ExpressionsOf = Callable[[str], Sequence[str]]
"""The expressions that find progress in what a task's instances print."""


class _Kind(IntEnum):
    USAGE = auto()
    OUTPUT = auto()


class Lookout:
    """Asks one node. Its threads come as they are needed and end with `close`."""

    def __init__(self, engine: Engine, expressions_of: ExpressionsOf) -> None:
        """Ask `engine`; `expressions_of` is called in any thread."""
        self._engine = engine
        self._expressions_of = expressions_of
        self._changed = threading.Condition()
        self._due: list[tuple[float, _Kind, str]] = []
        self._asked: set[tuple[_Kind, str]] = set()
        self._running: dict[str, tuple[str, float]] = {}  # task, and since when
        self._seen: dict[str, Glimpse] = {}
        self._next = 0.0
        self._idle = 0
        self._threads = 0
        self._closed = False

    # --- what is told ----------------------------------------------------------------------

    def started(self, container: str, task: str) -> None:
        """Take in that a container, by id, runs."""
        with self._changed:
            self._running.setdefault(container, (task, time.monotonic()))
            self._ask(_Kind.USAGE, container, _FIRST)
            if self._expressions_of(task):
                self._ask(_Kind.OUTPUT, container, _FIRST)

    def ended(self, container: str) -> Usage:
        """Take in that a container has ended; return the most that it was seen to use."""
        with self._changed:
            self._running.pop(container, None)
            return self._seen.pop(container, Glimpse()).usage

    def listed(self, there: set[str], running: Mapping[str, str]) -> None:
        """Take in which containers there are, and of those that run the tasks; forget others."""
        for container, task in running.items():
            self.started(container, task)
        with self._changed:
            for container in self._running.keys() - running.keys():
                del self._running[container]
            for container in self._seen.keys() - there:
                del self._seen[container]

    def seen(self) -> dict[str, Glimpse]:
        """Return what was last seen of each container that runs, by id."""
        with self._changed:
            return {c: glimpse for c, glimpse in self._seen.items() if c in self._running}

    def close(self) -> None:
        """Ask nothing more. A question under way ends by itself."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # --- threads ---------------------------------------------------------------------------

    def _ask(self, kind: _Kind, container: str, after: float) -> None:
        """Put a question on the list, unless it is there or being asked."""
        if (kind, container) in self._asked or self._closed:
            return
        self._asked.add((kind, container))
        heapq.heappush(self._due, (time.monotonic() + after, kind, container))
        if not self._idle and self._threads < _SIDE_BY_SIDE:
            self._threads += 1
            name = f"lookout-{self._engine.node}-{self._threads}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        self._changed.notify()

    def _work(self) -> None:
        while (question := self._take()) is not None:
            kind, container, task = question
            try:
                answer = self._answer(kind, container, task)
                again = None
            except EngineError:
                answer, again = None, _SILENCE
            self._note(kind, container, answer, again)

    def _take(self) -> tuple[_Kind, str, str] | None:
        """Return what to ask now and of which task, waiting for it; None once closed."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                at = max(self._due[0][0], self._next) if self._due else None
                if at is not None and at <= now:
                    _, kind, container = heapq.heappop(self._due)
                    if container in self._running:
                        self._next = now + _APART
                        return kind, container, self._running[container][0]
                    self._asked.discard((kind, container))
                    continue
                self._idle += 1
                self._changed.wait(None if at is None else at - now)
                self._idle -= 1
            return None

    def _answer(self, kind: _Kind, container: str, task: str) -> Glimpse | None:
        """Ask, and return what is new."""
        if kind is _Kind.USAGE:
            used = self._engine.usage(container)
            return Glimpse(used) if used is not None else None
        output = self._engine.logs(container, limit=_TAIL)
        expressions = self._expressions_of(task)
        return Glimpse(headway=headway(expressions, output, whole=len(output) < _TAIL))

    def _note(
        self, kind: _Kind, container: str, answer: Glimpse | None, again: float | None
    ) -> None:
        """Keep an answer, and ask again in a while where there is more to come."""
        with self._changed:
            self._asked.discard((kind, container))
            task, since = self._running.get(container, ("", 0.0))
            if not task:
                return
            known = self._seen.get(container, Glimpse())
            if kind is _Kind.USAGE and answer is not None:
                known = replace(known, usage=known.usage.at_most(answer.usage))
                again = min(max(_SHORTEST, time.monotonic() - since), _LONGEST)
            elif answer is not None:
                known = replace(known, headway=answer.headway or known.headway)
                again = _LOG_EVERY if self._expressions_of(task) else None
            self._seen[container] = known
            if again is not None:
                self._ask(kind, container, again)
