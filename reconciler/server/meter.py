"""When what is measured, of one project's loop. Runs in the loop's thread and is quick.

Decides what a turn, a happening, a reading and a commit of the ledger count as. What the numbers
are called, and who reads them, is the affair of `metrics`.
"""

import time
from collections.abc import Callable, Sequence
from functools import singledispatchmethod

from reconciler.controller.core import Core
from reconciler.controller.happenings import Done, Finished, Happening, Hinted
from reconciler.controller.revisions import Change
from reconciler.controller.scribe import Record
from reconciler.engines.engine import (
    ConflictError,
    EngineError,
    ImageMissingError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from reconciler.ledger import LedgerUnwritable, LogEntry
from reconciler.model.fact import Fact
from reconciler.model.history import History
from reconciler.server.metrics import Metrics
from reconciler.server.passage import Milestone, Passage, Since
from reconciler.server.vigil import Vigil

_OUTCOMES: tuple[tuple[type[EngineError], str], ...] = (
    (UnreachableError, "unreachable"),
    (ImageMissingError, "image-missing"),
    (ConflictError, "conflict"),
    (TransientError, "transient"),
    (PermanentError, "permanent"),
)

CommittedAt = Callable[[str], float]


class Meter(Vigil):
    """Measures one loop. `committed_at` says when (epoch seconds, 0.0: never) a revision was."""

    def __init__(self, project: str, metrics: Metrics, committed_at: CommittedAt) -> None:
        """Count into `metrics`."""
        super().__init__(project)
        self._metrics = metrics
        self._committed_at = committed_at
        self._passes = 0
        self._passage: Passage | None = None

    def turned(self, core: Core, seconds: float) -> None:
        """Count a pass, if there was one, and see how far the revision is."""
        super().turned(core, seconds)
        if core.passes != self._passes:
            self._passes = core.passes
            self._metrics.passes.labels(self.project).observe(seconds)
        if self._passage is not None:
            self._passage.turned(core, time.monotonic(), time.time())

    def heard(self, happening: Happening) -> None:
        """Count what calls and events tell of themselves."""
        self._hear(happening)

    def read(self, change: Change, seconds: float) -> None:
        """Count a reading, and follow the revision that it puts in force."""
        super().read(change, seconds)
        self._metrics.reads.labels(self.project).observe(seconds)
        for kind, _, _ in change.said:
            outcome = {"revision": "in-force", "refused": "refused"}.get(kind)
            if outcome:
                self._metrics.revisions.labels(self.project, outcome).inc()
        if change.desired is not None and self._is_new(change.desired.revision):
            self._follow(change.desired.revision, time.monotonic() - seconds)

    def polled(self, *, ok: bool) -> None:
        """Count a look at the source's remote, from any thread."""
        self._metrics.polls.labels(self.project, "ok" if ok else "failed").inc()

    def timed(self, record: Record) -> Record:
        """Return a ledger whose commits are measured."""
        return _TimedRecord(record, self._metrics, self.project)

    def _is_new(self, revision: str) -> bool:
        known = self._passage.revision if self._passage else self.sight.revision
        return revision != known

    def _follow(self, revision: str, seen_at: float) -> None:
        committed = self._committed_at(revision)
        self._passage = Passage(revision, seen_at, committed, self._reached)

    def _reached(self, milestone: Milestone, since: Since, seconds: float) -> None:
        family = self._metrics.first_call if milestone == "call" else self._metrics.converged
        family.labels(self.project, since).observe(seconds)

    @singledispatchmethod
    def _hear(self, happening: object) -> None:
        """Most happenings say nothing that is measured."""

    @_hear.register
    def _(self, happening: Finished) -> None:
        verb = happening.action.verb.value
        outcome = _outcome(happening.outcome)
        self._metrics.actions.labels(self.project, verb, outcome).inc()
        self._metrics.calls.labels(self.project, verb).observe(happening.seconds)

    @_hear.register
    def _(self, happening: Hinted) -> None:
        lag = max(0.0, time.time() - happening.event.at)
        self._metrics.lag.labels(self.project).observe(lag)


class _TimedRecord:
    """A ledger as the core sees it, with a clock beside it."""

    def __init__(self, record: Record, metrics: Metrics, project: str) -> None:
        self._record = record
        self._seconds = metrics.commits.labels(project)
        self._failures = metrics.failed_commits.labels(project)

    def load(self) -> History:
        """Return what is on record."""
        return self._record.load()

    def record(self, facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        """Pass it on, and measure it where there is something to write."""
        began = time.monotonic()
        try:
            self._record.record(facts, events)
        except LedgerUnwritable:
            self._failures.inc()
            raise
        if facts or events:
            self._seconds.observe(time.monotonic() - began)


def _outcome(outcome: Done | EngineError) -> str:
    if isinstance(outcome, Done):
        return "ok"
    return next((word for kind, word in _OUTCOMES if isinstance(outcome, kind)), "failed")
