"""Following what instances print, across their attempts, all of them at once.

Decides which attempt is the one to follow now, and when there is nothing more to come.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from reconciler.cli.options import Target
from reconciler.cli.output import Output
from reconciler.cli.standing import unknown_nodes
from reconciler.cli.text import complain
from reconciler.controller.reading import Report
from reconciler.engines.engine import Engine, EngineError
from reconciler.ledger import Ledger
from reconciler.model.action import InstanceState
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import Container, Phase

_POLL_SECONDS: Final = 0.5
_READ_BYTES: Final = 64 * 1024 * 1024
_ENDED: Final = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}


def newest(report: Report, key: InstanceKey) -> AttemptKey | None:
    """Return an instance's newest attempt that has, or had, a container."""
    known = report.history.tasks.get(key.task)
    found = [
        (run.number, attempt.number)
        for run in (known.runs.values() if known else ())
        for attempt in run.attempts_of(key.instance)
        if attempt.start_requested_at
    ]
    found += [(c.run, c.attempt) for c in _containers(report) if c.key == key]
    return AttemptKey(key, *max(found)) if found else None


def unstarted(report: Report, key: InstanceKey) -> str:
    """Say why an instance has printed nothing that never had a container."""
    known = report.history.tasks.get(key.task)
    run = known.latest() if known else None
    attempts = run.attempts_of(key.instance) if run else ()
    spared = next((attempt for attempt in attempts if attempt.origin), None)
    if spared is None:
        return f"{key} has not been started yet"
    return f"{key} has not run, so it has printed nothing: {spared.reason}"


def container_of(report: Report, attempt: AttemptKey) -> Container | None:
    """Return an attempt's container, None where it is gone."""
    return next((c for c in _containers(report) if c.attempt_key == attempt), None)


def read(report: Report, attempt: AttemptKey, tail: int | None) -> Iterable[bytes]:
    """Return what an attempt has printed so far: from its container, else what was kept."""
    container = container_of(report, attempt)
    if container is None:
        return [last_lines(_kept(report, attempt), tail)]
    engine = report.engines[container.node]
    if container.phase is Phase.EXITED:
        return engine.follow(container.id, tail=tail)
    return [last_lines(engine.logs(container.id, limit=_READ_BYTES), tail)]


def expired(report: Report, attempt: AttemptKey) -> str:
    """Return a sentence on output that is kept no longer, empty where it is."""
    record = report.history.attempt(attempt)
    if record is None or not record.expired or container_of(report, attempt) is not None:
        return ""
    return f"what {attempt} printed is gone: its ttl is over"


def last_lines(data: bytes, count: int | None) -> bytes:
    """Return the last lines of some output, all of it for None."""
    if count is None:
        return data
    lines = data.splitlines(keepends=True)
    return b"".join(lines[len(lines) - min(count, len(lines)) :])


class Follower:
    """Follows the target's instances until none of them has anything more to print."""

    def __init__(
        self, look: Callable[[], Report], target: Target, output: Output, tail: int | None
    ) -> None:
        self._look = look
        self._target = target
        self._output = output
        self._tail = tail
        self._begun: set[AttemptKey] = set()
        self._active: set[AttemptKey] = set()
        # Those of them that broke off, with how many lines were asked for: to be taken up again.
        self._broken: dict[AttemptKey, int | None] = {}
        self._fed: Counter[AttemptKey] = Counter()
        self._failure: Exception | None = None

    def run(self, instances: Callable[[Report], list[InstanceKey]]) -> None:
        """Follow until all has ended."""
        first = True
        try:
            while True:
                report = self._look()
                keys = instances(report)
                for key in keys:
                    self._begin(report, key, self._tail if first else None)
                first = False
                if not self._active and all(_over(report, key) for key in keys):
                    return
                self._pause()
        finally:
            self._output.close()

    def _begin(self, report: Report, key: InstanceKey, tail: int | None) -> None:
        attempt = newest(report, key)
        if attempt in self._broken:
            if unknown_nodes(report):
                return
            tail = self._broken.pop(attempt)
        elif attempt is None or attempt in self._begun:
            return
        self._begun.add(attempt)
        self._active.add(attempt)
        threading.Thread(target=self._follow, args=(report, attempt, tail), daemon=True).start()

    def _follow(self, report: Report, attempt: AttemptKey, tail: int | None) -> None:
        try:
            self._print(report, attempt, tail)
            self._active.discard(attempt)
        except EngineError as error:
            complain(f"{attempt}: {error}")
            self._broken[attempt] = tail
        except OSError as error:
            self._failure = error  # nobody reads any more: for the main thread to end by

    def _print(self, report: Report, attempt: AttemptKey, tail: int | None) -> None:
        container = container_of(report, attempt)
        if container is None:
            if gone := expired(report, attempt):
                complain(gone)
            self._output.feed(attempt, self._rest(report, attempt, tail))
            return
        self._read(report.engines[container.node], container.id, attempt, tail)
        self._output.end(attempt)

    def _read(self, engine: Engine, container: str, attempt: AttemptKey, tail: int | None) -> None:
        """Read on from where it broke off; from now on where nobody can tell what that was."""
        known = self._fed[attempt]
        for chunk in engine.follow(container, tail=0 if known and tail is not None else tail):
            new = chunk[known:] if tail is None else chunk
            known -= len(chunk) - len(new)
            self._fed[attempt] += len(new)
            if new:
                self._output.feed(attempt, new)

    def _rest(self, report: Report, attempt: AttemptKey, tail: int | None) -> bytes:
        """Return what was kept of an attempt and has not been printed."""
        known, kept = self._fed[attempt], _kept(report, attempt)
        if tail is None:
            return kept[known:]
        return b"" if known else last_lines(kept, tail)

    def _pause(self) -> None:
        time.sleep(_POLL_SECONDS)
        if self._failure is not None:
            raise self._failure


def _over(report: Report, key: InstanceKey) -> bool:
    """Whether an instance will print nothing more, as far as anybody can tell."""
    verdict = next((v for v in report.plan.verdicts if v.key == key), None)
    if verdict is None or (verdict.settled and verdict.state in _ENDED):
        return True
    alive = any(c.live for c in _containers(report) if c.key == key)
    return report.writer is None and not alive


def _kept(report: Report, attempt: AttemptKey) -> bytes:
    if not report.recorded:
        return b""
    project = report.desired.project
    with Ledger.open(report.folder, write=False, project=project) as ledger:
        return ledger.logs(attempt) or b""


def _containers(report: Report) -> Iterable[Container]:
    return (c for view in report.observed.nodes.values() for c in view.containers.values())
