"""Waiting for tasks to end: what is over, whether it went well, and how it is noticed.

Decides from what a reader sees, and looks again when somebody has written to the ledger. Writes
nothing, and takes no lock.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from reconciler.cli.exits import Exit, Failure
from reconciler.cli.options import Target
from reconciler.cli.place import Place, look
from reconciler.cli.standing import Standing, standing_of, standings
from reconciler.cli.targets import tasks_meant
from reconciler.controller.reading import Report
from reconciler.ledger import Ledger
from reconciler.model.action import InstanceState, TaskState, Verdict
from reconciler.model.desired import DesiredTask

_POLL_SECONDS: Final = 0.1
# Health, and containers that nobody looks after, change without the ledger.
AT_LEAST_EVERY: Final = 2.0
# A look takes at most this part of the time, however often the ledger changes.
_SHARE: Final = 0.2
# How long a writer may take to come, in seconds, where nothing goes on without one.
_PATIENCE: Final = 5.0
_ENDED: Final = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}


class Awaited(Struct, frozen=True):
    """A task or an instance: where it stands, whether that is the end, and a good one."""

    target: str
    state: str
    reason: str
    over: bool
    good: bool


def awaited(report: Report, target: Target | None) -> list[Awaited]:
    """Return how far a target has come, or everything that is asked for."""
    if target is None:
        return [_task(one) for one in standings(report) if one.task is not None]
    if target.instance is not None:
        return [_instance(standing_of(report, target.task), target)]
    return [_task(standing_of(report, name)) for name in tasks_meant(report, target)]


def wait(place: Place, target: Target | None, timeout: float | None) -> Sequence[Awaited]:
    """Look until all is over or the time is; return how it stands then.

    Raises:
        Failure: when nobody writes, and nothing will go on without that.
    """
    deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
    alone_since = None
    for report in looks(place, deadline):
        found = awaited(report, target)
        over = all(one.over for one in found) and report.desired.revision
        if over or time.monotonic() >= deadline:
            return found
        if report.writer is not None or _goes_on(report, target):
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
        elif time.monotonic() - alone_since > _PATIENCE:
            way = f"`{place.command('run')}` would bring it on"
            raise Failure(f"nobody runs this project now: {way}", Exit.HELD)
    return []


def looks(
    place: Place, deadline: float = float("inf"), every: float = AT_LEAST_EVERY
) -> Iterator[Report]:
    """Yield what there is to see, whenever it may have changed, and once more at the deadline.

    `deadline` is of the monotonic clock; it is looked `every` so many seconds at least.
    """
    with Ledger.open(place.folder, write=False, project=place.project) as ledger:
        while True:
            version, began = ledger.data_version(), time.monotonic()
            yield look(place)
            now = time.monotonic()
            earliest = began + (now - began) / _SHARE
            latest = min(max(earliest, now + every), deadline)
            _pause(ledger, version, earliest, latest)


def _pause(ledger: Ledger, version: int, earliest: float, latest: float) -> None:
    """Return when somebody has written or it is time anyhow, but not before `earliest`."""
    while (now := time.monotonic()) < latest:
        if now >= earliest and ledger.data_version() != version:
            return
        time.sleep(min(_POLL_SECONDS, latest - now))


def _goes_on(report: Report, target: Target | None) -> bool:
    """Whether a container of what is awaited runs, with or without a writer."""
    names = None if target is None else tasks_meant(report, target)
    views = report.observed.nodes.values()
    seen = (container for view in views for container in view.containers.values())
    return any(c.live and (names is None or c.key.task in names) for c in seen)


def _task(standing: Standing) -> Awaited:
    task, verdicts = standing.task, standing.verdicts
    if task is None:
        return Awaited(standing.name, standing.state.value, standing.reason, over=True, good=False)
    if task.service:
        over = all(_settled(task, verdict) for verdict in verdicts)
        good = all(verdict.ready for verdict in verdicts)
    else:
        over = all(_settled(task, verdict) for verdict in verdicts)
        good = standing.state is TaskState.SUCCEEDED or _between(task, verdicts)
    over = over or bool(task.blocked)
    return Awaited(standing.name, standing.state.value, standing.reason, over, over and good)


def _instance(standing: Standing, target: Target) -> Awaited:
    verdict = next((v for v in standing.verdicts if v.key.instance == target.instance), None)
    if verdict is None or standing.task is None:
        gone = "not asked for any more"
        return Awaited(str(target), InstanceState.CANCELLED.value, gone, over=True, good=False)
    task = standing.task
    over = _settled(task, verdict) or bool(task.blocked)
    done = verdict.state is InstanceState.SUCCEEDED or _between(task, [verdict])
    good = verdict.ready if task.service else done
    return Awaited(str(target), verdict.state.value, verdict.reason, over, over and good)


def _settled(task: DesiredTask, verdict: Verdict) -> bool:
    ready = task.service and verdict.ready
    return verdict.state in _ENDED or ready or _between(task, [verdict])


def _between(task: DesiredTask, verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing of a scheduled task goes on, and its next firing alone would change that."""
    waiting = (v.state is InstanceState.PENDING and v.settled for v in verdicts)
    return task.schedule is not None and all(waiting)
