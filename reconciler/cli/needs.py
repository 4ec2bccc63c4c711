"""What goes on after an apply only as long as somebody runs `reconciler run`."""

from typing import TYPE_CHECKING

from reconciler.cli.text import plural
from reconciler.model.action import InstanceState, Verdict
from reconciler.model.desired import Restart
from reconciler.model.fact import Result

if TYPE_CHECKING:
    from reconciler.controller.core import Core


def needs_run(core: "Core") -> str:
    """Return one line that says what needs `run` from now on, empty if nothing does."""
    waiting = [v for v in core.all_verdicts() if _pending(v)]
    retries = sum(_failed_before(core, v) for v in waiting)
    queued = len(waiting) - retries
    services = sum(len(t.instances) for t in core.effective().tasks.values() if t.service)
    said = [f"{plural(retries, 'retry', 'retries')} due"] if retries else []
    said += [f"{plural(queued, 'instance')} waiting for a free place"] if queued else []
    said += [_later_retries(core)] if not retries else []
    said += [f"bringing {plural(services, 'service instance')} back"] if services else []
    scheduled = sum(task.schedule is not None for task in core.effective().tasks.values())
    said += [f"the firings of {plural(scheduled, 'scheduled task')}"] if scheduled else []
    named = [part for part in said if part]
    return f"From now on `reconciler run` is needed for: {', '.join(named)}." if named else ""


def _later_retries(core: "Core") -> str:
    """Word the retries of what runs now, should it fail."""
    running = [v for v in core.all_verdicts() if v.state is InstanceState.RUNNING]
    tasks = core.effective().tasks
    able = sum(
        (task := tasks.get(v.key.task)) is not None
        and task.restart is not Restart.ALWAYS
        and task.retry.per_instance != 0
        for v in running
    )
    return f"retries of {plural(able, 'running instance')}" if able else ""


def _pending(verdict: Verdict) -> bool:
    return verdict.state is InstanceState.PENDING and not verdict.blocked and not verdict.settled


def _failed_before(core: "Core", verdict: Verdict) -> bool:
    known = core.history.tasks.get(verdict.key.task)
    run = known.runs.get(verdict.run) if known else None
    attempts = run.attempts_of(verdict.key.instance) if run else ()
    return bool(attempts) and attempts[-1].result in {Result.FAILED, Result.LOST}
