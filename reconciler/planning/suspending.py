"""Who has suspended a task, until when, and which suspensions are over.

While a task is suspended nothing new is created for it. What runs goes on; an outcome is still
put on record. A person, or the task's or its job's manifest, may suspend.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Resumed
from reconciler.model.history import History
from reconciler.model.suspension import Suspension, target_of, wording_of


class Suspense(Struct, frozen=True):
    """Why a task is suspended, a sentence; by whom; until when, 0.0 for no end that is known.

    `stop`: its running batch instances are to end.
    """

    reason: str
    by: tuple[str, ...]
    until: float = 0.0
    stop: bool = False


def suspense_of(history: History, task: DesiredTask, now: float) -> Suspense | None:
    """Return what suspends a task, None where nothing does."""
    if not history.suspensions and not task.suspend:
        return None
    wishes = [(t, s) for t, s in _wishes(history, task) if not s.over(now)]
    if not wishes and not task.suspend:
        return None
    said = [_of_wish(target, wish) for target, wish in wishes]
    endless = bool(task.suspend) or any(not wish.until for _, wish in wishes)
    if task.suspend:
        said.append(_of_manifest(task))
    return Suspense(
        reason=f"suspended {' and '.join(said)}",
        by=(*(("request",) if wishes else ()), *(("manifest",) if task.suspend else ())),
        until=0.0 if endless else max(wish.until for _, wish in wishes),
        stop=any(wish.stop for _, wish in wishes),
    )


def ended(history: History, now: float) -> Sequence[Resumed]:
    """Return the suspensions whose time has passed, to be put on record as over."""
    return [
        Resumed(target, now, "its time is over")
        for target, wish in sorted(history.suspensions.items())
        if wish.over(now)
    ]


def _wishes(history: History, task: DesiredTask) -> list[tuple[str, Suspension]]:
    targets = [target_of(), target_of(task=task.name)]
    if task.job:
        targets.append(target_of(job=task.job))
    return [(t, history.suspensions[t]) for t in targets if t in history.suspensions]


def _of_wish(target: str, wish: Suspension) -> str:
    until = f" until {_time(wish.until)}" if wish.until else ""
    what = "" if target.startswith("task/") else f" ({wording_of(target)})"
    reason = f": {wish.reason}" if wish.reason else ""
    return f"by request{what}{until}{reason}"


def _of_manifest(task: DesiredTask) -> str:
    if task.suspend != "task":
        return f"by the manifest of {task.suspend}"
    return f"by its manifest at {task.place_of('suspend')}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
