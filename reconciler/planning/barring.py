"""What becomes of a task's run for what other tasks have come to: it waits, is ended, or goes on.

An end that others are the cause of is lifted as soon as it would not come about any more: the
task that was waited for in vain has another run, or its failed instances got another try.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from reconciler.model.action import InstanceState
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Fact, Result, RetryGranted, RunCancelled
from reconciler.model.run import Cancel, Run
from reconciler.planning.concluding import conclusion_of
from reconciler.planning.dependencies import awaited, begun
from reconciler.planning.jobs import mates_bar
from reconciler.planning.scene import Bar, Pass, Scene, Slot
from reconciler.planning.step import Step

_LIFTED: Final = "what it was ended for is so no more"


def barred(given: Pass, task: DesiredTask, run: Run) -> tuple[Run, Bar | None, Sequence[Fact]]:
    """Return a run as it is from now on, what bars it, and what of that is to be recorded."""
    cancel = run.cancels.get(None)
    bar = _bar(given, task, run) if cancel is None or cancel.passing else None
    result = bar.result if bar is not None else None
    if cancel is None and bar is not None and result is not None:
        if conclusion_of(task, run) is not None:
            return run, None, ()
        return _ended(given, task, run, bar, result)
    if cancel is not None and cancel.passing and result is None:
        lifted = RetryGranted(task.name, run.number, None, 0, given.now, _LIFTED)
        cancels = {whose: one for whose, one in run.cancels.items() if whose is not None}
        return replace(run, cancels=cancels, resumed_at=given.now), bar, (lifted,)
    return run, bar, ()


def _bar(given: Pass, task: DesiredTask, run: Run) -> Bar | None:
    """Return what ends a run, else what it waits for; what it depends on comes first."""
    waited = None if begun(run) else awaited(given, task)
    if waited is not None and waited.ends:
        return waited
    return mates_bar(given, task) or waited


def _ended(
    given: Pass, task: DesiredTask, run: Run, bar: Bar, result: Result
) -> tuple[Run, Bar, Sequence[Fact]]:
    fact = RunCancelled(
        task.name, run.number, None, bar.reason, given.now, result, passing=bar.passing
    )
    cancel = Cancel(bar.reason, result, given.now, passing=bar.passing)
    return replace(run, cancels={**run.cancels, None: cancel}), bar, (fact,)


def awaiting(scene: Scene, _: Slot) -> Step | None:
    """Its run may not begin yet."""
    if scene.bar is None or scene.bar.ends:
        return None
    return Step(InstanceState.PENDING, scene.bar.reason, after=scene.bar.task)


def kept_on(scene: Scene, slot: Slot) -> Step | None:
    """A service whose new run may not begin, or is ended before it has, goes on as it was."""
    bar = scene.bar
    if bar is None or not scene.task.service or begun(scene.run) or bar.result is Result.FAILED:
        return None
    live = [container for container in slot.containers if container.live]
    if not live:
        return None
    return Step(
        InstanceState.RUNNING,
        f"running as before; {bar.reason}",
        settled=True,
        ready=bar.ends and any(map(scene.given.serving, live)),
        blocked=bar.ends,
        after=bar.task,
    )
