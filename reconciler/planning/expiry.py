"""What is kept of ended attempts, and for how long: after a task's ttl container and logs go.

Decided by the record alone, so that nothing goes whose outcome is not durable, and nothing that
has gone is done again: the outcome stays. Time counts from when an attempt's end was recorded.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from reconciler.model.action import Action, Cause, Verb
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import AttemptExpired, Result
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import Container, Phase
from reconciler.model.quantities import format_duration
from reconciler.model.run import Attempt
from reconciler.planning.scene import Pass
from reconciler.planning.step import on


class Expiry(Struct, frozen=True):
    """Attempts whose time is over, containers to remove, and when the next one's time is over."""

    facts: tuple[AttemptExpired, ...] = ()
    actions: tuple[Action, ...] = ()
    wake_at: float | None = None


def expiry_of(
    given: Pass,
    task: DesiredTask,
    seen: Mapping[InstanceKey, Sequence[Container]],
    taken: Collection[str],
) -> Expiry:
    """Return what has been over for longer than a task's ttl; `taken` subjects are left alone."""
    waiting = list(_waiting(given, task))
    over = frozenset(key for key, due in waiting if due <= given.now)
    removable, retries = [], []
    for container in _recorded(given, seen, taken, over):
        trouble = given.waits_until(container.name)
        if trouble is None:
            removable.append(on(given, Verb.REMOVE, container, _cause(given, task)))
        else:
            retries.append(trouble[0])
    later = [due for key, due in waiting if key not in over]
    return Expiry(
        tuple(AttemptExpired(key, given.now) for key, _ in waiting if key in over),
        tuple(removable),
        min([*later, *retries], default=None),
    )


def _waiting(given: Pass, task: DesiredTask) -> Iterator[tuple[AttemptKey, float]]:
    """Yield the ended attempts whose logs are kept, each with the time when they go."""
    known = given.history.tasks.get(task.name)
    ttl = task.ttl or 0.0
    for run in known.runs.values() if known else ():
        for instance, attempts in run.attempts.items():
            for attempt in attempts:
                if attempt.ended and not attempt.expired and attempt.result is not Result.BURNT:
                    key = AttemptKey(InstanceKey(task.name, instance), run.number, attempt.number)
                    yield key, attempt.ended_at + ttl


def _recorded(
    given: Pass,
    seen: Mapping[InstanceKey, Sequence[Container]],
    taken: Collection[str],
    over: Collection[AttemptKey],
) -> Iterator[Container]:
    """Yield the ended containers whose attempt is over for long enough."""
    for key, containers in seen.items():
        if key in given.underway.instances:
            continue
        for container in containers:
            free = container.name not in taken and container.name not in given.underway.subjects
            known = given.unknown(container.node) is None
            if container.phase is not Phase.EXITED or not (free and known):
                continue
            record = given.record(container)
            if _is_over(record, container.attempt_key, over):
                yield container


def _is_over(record: Attempt | None, key: AttemptKey, over: Collection[AttemptKey]) -> bool:
    return record is not None and record.ended and (record.expired or key in over)


def _cause(given: Pass, task: DesiredTask) -> Cause:
    kept = format_duration(task.ttl or 0.0)
    return Cause(
        reason=f"it has been over for longer than its ttl of {kept}",
        field="ttl",
        at=task.place_of("ttl"),
        revision=given.desired.revision,
    )
