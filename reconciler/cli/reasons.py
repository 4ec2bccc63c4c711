"""Why an instance is as it is: what it waits for, since when, and what would let it go on.

Pure: reads a report, adds nothing to it. Every sentence rests on the planner's own verdict.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from reconciler.cli.place import Place
from reconciler.cli.standing import (
    attempt_of,
    finished_at,
    headway_of,
    run_of,
    started_at,
    transfer_of,
    trouble_of,
    values_of,
)
from reconciler.cli.text import ago, length, moved, percent
from reconciler.controller.reading import Report
from reconciler.model.action import InstanceState, Verdict
from reconciler.model.desired import DesiredTask
from reconciler.model.position import NOWHERE, Position
from reconciler.model.run import Trouble
from reconciler.model.suspension import target_of
from reconciler.planning.finishing import outlives_change
from reconciler.planning.firing import time_of
from reconciler.planning.numbering import worded

_ENDED: Final = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}


class Reason(Struct, frozen=True, kw_only=True):
    """Why one instance is as it is. `since` is 0.0 where no time can be given."""

    verdict: Verdict
    since: float
    unblocked_by: str
    at: Position
    revision: str
    trouble: Trouble | None
    attempts: int
    failures: int


def reason_of(report: Report, verdict: Verdict, place: Place) -> Reason:
    """Return everything that explains a verdict."""
    task = report.desired.tasks.get(verdict.key.task)
    run = run_of(report, verdict)
    attempts = run.attempts_of(verdict.key.instance) if run else ()
    trouble = trouble_of(report, verdict)
    attempt = attempt_of(report, verdict)
    return Reason(
        verdict=verdict,
        since=_since(report, verdict, trouble),
        unblocked_by=_way_on(report, verdict, place, trouble),
        at=task.at if task else NOWHERE,
        revision=(attempt.revision if attempt else "") or report.desired.revision,
        trouble=trouble,
        attempts=len(attempts),
        failures=sum(a.counts_as_failure for a in attempts),
    )


def sentences(report: Report, reason: Reason) -> Iterator[str]:
    """Yield what there is to say, the most important first."""
    verdict = reason.verdict
    since = f" for {length(report.at - reason.since)}" if reason.since else ""
    begin = "has been" if since else "is"
    yield f"{verdict.key} {begin} {verdict.state.value}{since}: {verdict.reason}."
    if seen := worded(values_of(report, verdict.key)):
        yield f"It sees {seen}."
    if found := headway_of(report, verdict):
        yield f"By what it prints it is {percent(found)}."
    if transfer := transfer_of(report, verdict):
        yield f"So far {moved(transfer)}."
    if reason.unblocked_by:
        yield f"To go on: {reason.unblocked_by}."
    if reason.trouble is not None:
        yield _of_trouble(report, reason.trouble)
    yield from _of_attempts(report, reason)
    if reason.at.path:
        yield f"Asked for at {reason.at}, in revision {report.desired.revision}."
    else:
        yield "No manifest of the revision in force asks for it."


def _of_trouble(report: Report, trouble: Trouble) -> str:
    often = f"refused {trouble.count} times since" if trouble.count > 1 else "refused"
    next_try = (
        f"; next try in {length(trouble.retry_at - report.at)}"
        if (trouble.retry_at > report.at)
        else ""
    )
    return f"It was {often} {ago(trouble.since, report.at)}: {trouble.message}{next_try}."


def _of_attempts(report: Report, reason: Reason) -> Iterator[str]:
    verdict = reason.verdict
    if not verdict.attempt:
        return
    where = f" on node {verdict.node}" if verdict.node else ""
    held = f", container {verdict.container[:12]}" if verdict.container else ""
    yield f"Attempt {verdict.attempt} of run {verdict.run}{where}{held}."
    run = run_of(report, verdict)
    for attempt in run.attempts_of(verdict.key.instance) if run else ():
        if attempt.ended and attempt.result is not None:
            end = ago(finished_at(attempt), report.at)
            yield f"Attempt {attempt.number} {attempt.result.value} {end}: {attempt.reason}."
        if attempt.discarded_at and attempt.results is None:
            yield f"Results of attempt {attempt.number} were given up by request."


def _since(report: Report, verdict: Verdict, trouble: Trouble | None) -> float:
    attempt = attempt_of(report, verdict)
    if verdict.state in _ENDED:
        return finished_at(attempt) or _ended_unstarted(report, verdict)
    if trouble is not None and verdict.blocked:
        return trouble.since
    if verdict.state is InstanceState.RUNNING:
        return started_at(attempt)
    run = run_of(report, verdict)
    return finished_at(attempt) or (run.opened_at if run else 0.0)


def _ended_unstarted(report: Report, verdict: Verdict) -> float:
    """Return when an instance was ended that has never had an attempt."""
    run = run_of(report, verdict)
    cancel = run.cancel_of(verdict.key.instance) if run else None
    return cancel.at if cancel else 0.0


def _way_on_of_task(report: Report, verdict: Verdict, place: Place) -> str:
    """Return what would let the whole task go on."""
    task, name = report.desired.tasks.get(verdict.key.task), verdict.key.task
    if verdict.protected:
        return f"destroy it with `{place.command('destroy', '--task', name)}`"
    if verdict.suspended and task is not None:
        return _way_to_resume(report, task, place)
    if verdict.after:
        return _way_on_of_others(report, verdict, place)
    if any(verdict.key.task in hold.tasks for hold in report.plan.holds):
        return f"allow it with `{place.command('approve')}`, or mend the manifests"
    if task is not None and task.blocked and verdict.blocked:
        return "remove what is not supported yet, or use a version that acts on it"
    return ""


def _way_on_of_others(report: Report, verdict: Verdict, place: Place) -> str:
    """Return what the task has to do that everything hangs on in the end, and where to look."""
    waited_for = {v.key.task: v.after for v in report.plan.verdicts if v.after}
    name = verdict.after
    while name in waited_for:
        name = waited_for[name]
    look = f"`{place.command('why', name)}` tells about task {name}"
    if verdict.in_vain:
        return f"it does so by itself once task {name} gets another try or another run; {look}"
    by_itself = "nothing: it begins by itself" if report.writer else _somebody(place)
    return f"{by_itself}; {look}"


def _somebody(place: Place) -> str:
    return f"somebody has to run `{place.command('run')}`"


def _way_to_resume(report: Report, task: DesiredTask, place: Place) -> str:
    """Return what ends each of the suspensions that a task is under."""
    targets = {
        target_of(): ("--all",),
        target_of(job=task.job): ("--job", task.job),
        target_of(task=task.name): (task.name,),
    }
    ways = [
        f"`{place.command('resume', *words)}`"
        for target, words in targets.items()
        if target in report.history.suspensions
    ]
    if task.suspend:
        where = "its manifest" if task.suspend == "task" else f"the manifest of {task.suspend}"
        ways.append(f"remove `suspend: true` from {where}")
    return ", and ".join(ways)


def _way_on(report: Report, verdict: Verdict, place: Place, trouble: Trouble | None) -> str:
    """Return what would let the instance go on, empty where nothing needs to."""
    task = report.desired.tasks.get(verdict.key.task)
    if whole := _way_on_of_task(report, verdict, place):
        return whole
    if verdict.state in {InstanceState.FAILED, InstanceState.CANCELLED} and task is not None:
        return _way_to_retry(report, verdict, task, place)
    if verdict.state is InstanceState.UNKNOWN:
        return "its node has to answer again; nothing is concluded before that"
    if report.history.lost and task is not None and not task.service:
        return f"confirm what Docker shows with `{place.command('relearn')}`"
    if verdict.state is InstanceState.PENDING:
        return _way_on_pending(report, verdict, place, trouble)
    if verdict.state is InstanceState.COLLECTING and trouble is not None:
        whole = _way_to_store(report, verdict, place)
    return whole or _way_on_running(report, verdict)


def _way_to_store(report: Report, verdict: Verdict, place: Place) -> str:
    """Return what somebody has to do where an instance's files cannot be stored, if it has any."""
    task, attempt = report.desired.tasks.get(verdict.key.task), attempt_of(report, verdict)
    stored = attempt is not None and attempt.results is not None
    if stored or not (task.outputs if task else attempt and attempt.outputs):
        return ""
    where = task.place_of("outputs") if task and task.outputs else None
    way = place.command("stop", str(verdict.key), "--discard")
    return (
        f"see to the bucket{f', or the manifest at {where}' if where else ''}; it is tried again "
        f"by itself. `{way}` gives its files up, and its success"
    )


def _way_on_running(report: Report, verdict: Verdict) -> str:
    """Return what lets a new run follow, where one waits for what runs."""
    task, run = report.desired.tasks.get(verdict.key.task), run_of(report, verdict)
    if task is None or run is None:
        return ""
    known = report.history.tasks[task.name]
    if not outlives_change(task, run, known.present(task)):
        return ""
    where = task.place_of("onChange")
    return f"it has to end by itself, or onChange to be replace at {where}"


def _way_to_retry(report: Report, verdict: Verdict, task: DesiredTask, place: Place) -> str:
    run = run_of(report, verdict)
    whole = run is not None and None in run.cancels
    target = verdict.key.task if whole else str(verdict.key)
    following = report.calendar.of(task.name).next
    firing = f"its next firing at {time_of(following)}, or " if following else ""
    return (
        f"{firing}`{place.command('retry', target)}`, or change the task's work, or raise `rerun` "
        f"at {task.at}; what it printed: `{place.command('logs', str(verdict.key))}`"
    )


def _way_to_mend(task: DesiredTask | None, verdict: Verdict) -> str:
    """Return what somebody has to do about a refusal: an engine's, or a bucket's."""
    of_data = verdict.awaited.startswith("inputs:")
    where = task.place_of("inputs" if of_data else "image") if task else None
    what = "see to the bucket" if of_data else "mend what the engine says"
    return f"{what}{f', or the manifest at {where}' if where else ''}; it is tried again by itself"


def _way_on_pending(report: Report, verdict: Verdict, place: Place, trouble: Trouble | None) -> str:
    task = report.desired.tasks.get(verdict.key.task)
    needed = [] if report.writer else [_somebody(place)]
    views = report.observed.nodes.values()
    if views and not any(view.known for view in views):
        needed.insert(0, "a node has to answer again")
    elif trouble is not None:
        needed.insert(0, _way_to_mend(task, verdict))
    elif task is not None and task.schedule is not None and verdict.settled:
        needed.insert(0, "its next firing has to come, or `rerun` to be raised")
    elif task is not None and task.gang and not verdict.blocked:
        rest = place.command("why", task.name)
        needed.insert(0, f"all of its gang have to be there; `{rest}` tells of the others")
    elif task is not None and task.parallelism is not None and verdict.attempt == 0:
        place_of_it = task.place_of("parallelism")
        needed.insert(
            0, f"another instance has to end, or parallelism to be raised at {place_of_it}"
        )
    elif not needed:
        needed = ["nothing: only time"]
    return ", and ".join(needed)
