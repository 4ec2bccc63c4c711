"""`stop --discard`: results that are not stored yet are given up, so that nothing waits for them.

Decides by the record alone which attempts that means: all that are begun and not over, of
whatever run. Also of a task that no manifest mentions any more.
"""

from collections.abc import Iterator

from reconciler.controller.requests.naming import Named
from reconciler.model.desired import Desired
from reconciler.model.fact import ResultsDiscarded
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.run import Attempt


def given_up(
    named: Named, desired: Desired, history: History, now: float
) -> list[ResultsDiscarded]:
    """Return what gives up the results that are not stored of what is named."""
    return [
        ResultsDiscarded(key, now)
        for task in named.tasks(desired)
        for key, attempt in _begun(named, task, history)
        if _keeps(task, attempt, desired)
    ]


def _begun(named: Named, task: str, history: History) -> Iterator[tuple[AttemptKey, Attempt]]:
    known = history.tasks.get(task)
    for run in known.runs.values() if known else ():
        for instance, attempts in sorted(run.attempts.items()):
            for attempt in attempts if named.instance in {None, instance} else ():
                if attempt.start_requested_at and not attempt.ended:
                    yield (
                        AttemptKey(InstanceKey(task, instance), run.number, attempt.number),
                        attempt,
                    )


def _keeps(task: str, attempt: Attempt, desired: Desired) -> bool:
    """Whether results of an attempt are to be stored: by the manifest, else as it was made by."""
    if attempt.results is not None or attempt.discarded_at:
        return False
    wanted = desired.tasks.get(task)
    return wanted.outputs is not None if wanted else bool(attempt.outputs)
