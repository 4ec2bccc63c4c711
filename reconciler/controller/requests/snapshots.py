"""`snapshot`: what running instances have written so far is stored now.

Decides by the record alone which attempts that means.
"""

from collections.abc import Iterator

from reconciler.controller.requests.judged import Arguments, Judged, granted, refused
from reconciler.controller.requests.naming import Named, going
from reconciler.model.desired import Desired
from reconciler.model.fact import SnapshotAsked
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.quantities import format_ranges


def snapshot(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Have the files of a task's running instances stored, or those of one."""
    named = Named.of(arguments)
    unknown = named.unknown(desired, history)
    if unknown:
        return refused(unknown)
    without = [name for name in named.tasks(desired) if desired.tasks[name].outputs is None]
    if without:
        return refused(f"task {without[0]} keeps no files: it has no outputs")
    facts = [SnapshotAsked(attempt, now) for attempt in _running(named, desired, history)]
    if not facts:
        return refused(f"nothing of {named} runs")
    instances = format_ranges(tuple(sorted({fact.attempt.key.instance for fact in facts})))
    return granted(f"files of {named.task}/{instances} are being stored", *facts)


def _running(named: Named, desired: Desired, history: History) -> Iterator[AttemptKey]:
    for run in going(desired, history, named.task):
        for instance, attempts in sorted(run.attempts.items()):
            last = attempts[-1]
            begun = last.start_requested_at and not (last.ended or last.stop_requested_at)
            if begun and named.instance in {None, instance}:
                yield AttemptKey(InstanceKey(named.task, instance), run.number, last.number)
