"""What goes on after an apply only as long as somebody runs `reconciler run`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.cli.text import plural
from reconciler.model.action import InstanceState, Verdict
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Result
from reconciler.planning.finishing import outlives_change

if TYPE_CHECKING:
    from reconciler.controller.core import Core


def needs_run(core: "Core") -> str:
    """Return one line that says what needs `run` from now on, empty if nothing does."""
    waiting = [v for v in core.all_verdicts() if _pending(v)]
    retries = sum(_failed_before(core, v) for v in waiting)
    ordered = sum(bool(v.after) for v in waiting)
    queued = len(waiting) - retries - ordered
    finishing = sum(_outlives_change(core, v) for v in core.all_verdicts())
    services = sum(len(t.instances) for t in core.effective().tasks.values() if t.service)
    said = [f"{plural(retries, 'retry', 'retries')} due"] if retries else []
    said += [f"{plural(queued, 'instance')} waiting for a free place"] if queued else []
    said += [f"{plural(ordered, 'instance')} that other tasks come before"] if ordered else []
    said += [f"what follows {plural(finishing, 'instance')} of former work"] if finishing else []
    said += [_later_retries(core)] if not retries else []
    said += [_timeouts(core)]
    said += [f"bringing {plural(services, 'service instance')} back"] if services else []
    scheduled = sum(task.schedule is not None for task in core.effective().tasks.values())
    said += [f"the firings of {plural(scheduled, 'scheduled task')}"] if scheduled else []
    pools = len(core.effective().pools)
    said += [f"opening and closing the slots of {plural(pools, 'pool')}"] if pools else []
    named = [part for part in said if part]
    return f"From now on `reconciler run` is needed for: {', '.join(named)}." if named else ""


def _later_retries(core: "Core") -> str:
    """Word the retries of what runs now, should it fail."""
    able = sum(task.retry.per_instance != 0 for task in _running_batch(core))
    return f"retries of {plural(able, 'running instance')}" if able else ""


def _timeouts(core: "Core") -> str:
    """Word the limits of what runs now."""
    bound = sum(task.timeout > 0 for task in _running_batch(core))
    return f"the timeout of {plural(bound, 'running instance')}" if bound else ""


def _running_batch(core: "Core") -> Iterator[DesiredTask]:
    """Yield the task of each batch instance that runs."""
    tasks = core.effective().tasks
    for verdict in core.all_verdicts():
        task = tasks.get(verdict.key.task)
        if verdict.state is InstanceState.RUNNING and task is not None and not task.service:
            yield task


def _pending(verdict: Verdict) -> bool:
    return verdict.state is InstanceState.PENDING and not verdict.blocked and not verdict.settled


def _outlives_change(core: "Core", verdict: Verdict) -> bool:
    task = core.effective().tasks.get(verdict.key.task)
    known = core.history.tasks.get(verdict.key.task)
    run = known.runs.get(verdict.run) if known else None
    if task is None or known is None or run is None or verdict.state is not InstanceState.RUNNING:
        return False
    return outlives_change(task, run, known.present(task))


def _failed_before(core: "Core", verdict: Verdict) -> bool:
    known = core.history.tasks.get(verdict.key.task)
    run = known.runs.get(verdict.run) if known else None
    attempts = run.attempts_of(verdict.key.instance) if run else ()
    return bool(attempts) and attempts[-1].result in {Result.FAILED, Result.LOST}
