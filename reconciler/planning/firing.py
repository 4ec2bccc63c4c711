"""When a scheduled task's runs open: one for each firing, and none at any other time.

Decides from the calendar, which is given, and from what is on record of earlier firings, so that
none fires twice, whatever the clock does. Of firings that were missed the latest is caught up
with. Before a schedule was seen first nothing was missed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.model.action import Cause
from reconciler.model.desired import DesiredTask, OnChange, Overlap, Schedule
from reconciler.model.fact import (
    Fact,
    FiringPassed,
    RunCancelled,
    RunFinished,
    ScheduleSeen,
)
from reconciler.model.run import Cancel, Run, TaskHistory
from reconciler.planning import cause
from reconciler.planning.concluding import conclusion_of
from reconciler.planning.runs import next_run, open_runs, opened, why_other
from reconciler.planning.scene import Pass
from reconciler.planning.sightings import Seen

AWAITS: Final = "waits for its next firing"
# A firing that comes so much later (seconds) was missed, which is worth a word.
_LATE: Final = 90.0


class Roster(Struct):
    """What becomes of a scheduled task in this pass.

    `facts` are to be recorded first, `active` the runs that are not over, the oldest first;
    `openings` says why those are new that are, by number.
    """

    facts: list[Fact] = field(default_factory=list)
    active: list[Run] = field(default_factory=list)
    openings: dict[int, Cause] = field(default_factory=dict)


def roster_of(given: Pass, task: DesiredTask, seen: Seen, *, may_fire: bool) -> Roster:
    """Return which runs of a scheduled task there are to see to; one may open if `may_fire`."""
    known = given.history.tasks.get(task.name) or TaskHistory(task.name)
    roster = Roster()
    if given.history.lost:
        roster.active = open_runs(task, known)
        return roster
    roster.facts += _seen(given, task, known)
    roster.active = list(_going_on(given, task, known, roster))
    _finish(given, task, roster)
    if may_fire:
        _renew(given, task, seen, roster)
        _fire(given, task, seen, known, roster)
        _run_again(given, task, seen, known, roster)
        _finish(given, task, roster)
    return roster


def unscheduled(given: Pass, name: str) -> Iterator[Fact]:
    """Yield that a task which has been scheduled is not any more, where that is new."""
    known = given.history.tasks.get(name)
    if known is not None and known.schedule:
        yield ScheduleSeen(name, "", given.calendar.wall)


def text_of(schedule: Schedule) -> str:
    """Return a schedule as it is put on record."""
    return f"{schedule.cron} {schedule.timezone}"


def time_of(at: float) -> str:
    """Return a firing's time for people."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def awaits(given: Pass, task: DesiredTask) -> str:
    """Word what a scheduled task waits for between its runs."""
    following = given.calendar.of(task.name).next
    return f"{AWAITS}{f' at {time_of(following)}' if following else ''}"


def overlapping(task: DesiredTask) -> bool:
    """Whether several runs of a task may be under way at once."""
    return task.schedule is not None and task.schedule.overlap is Overlap.ALLOW


def _seen(given: Pass, task: DesiredTask, known: TaskHistory) -> Iterator[Fact]:
    """Yield that the schedule is new, or that the clock was put back behind its beginning."""
    text = text_of(task.schedule) if task.schedule else ""
    if text == known.schedule and known.schedule_since <= given.calendar.wall:
        return
    rerun = known.schedule_rerun if known.schedule else task.rerun
    yield ScheduleSeen(task.name, text, given.calendar.wall, rerun)


def _going_on(given: Pass, task: DesiredTask, known: TaskHistory, roster: Roster) -> Iterator[Run]:
    """Yield the runs that may go on. Without a schedule so far, that is the last one alone."""
    going = open_runs(task, known)
    last = None if known.schedule else known.run_for(task) or (going[-1] if going else None)
    for run in going:
        if known.schedule or run is last:
            yield run
        else:
            roster.facts.append(RunFinished(task.name, run.number, given.now))


def _finish(given: Pass, task: DesiredTask, roster: Roster) -> None:
    """Put on record which runs are over."""
    over = [run.number for run in roster.active if _is_over(task, run)]
    roster.facts += [RunFinished(task.name, number, given.now) for number in over]
    roster.active = [run for run in roster.active if run.number not in over]


def _is_over(task: DesiredTask, run: Run) -> bool:
    """Whether nothing more comes of a run. Of outdated work nothing new is begun."""
    last = (attempts[-1] for attempts in run.attempts.values())
    if any(attempt.start_requested_at and not attempt.ended for attempt in last):
        return False
    return run.outdated(task) or conclusion_of(task, run) is not None


def _renew(given: Pass, task: DesiredTask, seen: Seen, roster: Roster) -> None:
    """Let changed work take the place of what runs, where `onChange` says so."""
    old = [run for run in roster.active if run.outdated(task)]
    if not old or task.on_change is OnChange.FINISH:
        return
    why = why_other(given, task, old[-1])
    roster.active = [run for run in roster.active if run not in old]
    roster.facts += [RunFinished(task.name, run.number, given.now) for run in old]
    _open(given, task, seen, roster, why or cause.stated(given.desired, task, cause.AGAIN))


def _fire(given: Pass, task: DesiredTask, seen: Seen, known: TaskHistory, roster: Roster) -> None:
    """Open the run of the latest firing, or leave it out, as `overlap` has it."""
    at = _due(given, task, known)
    if not at or task.schedule is None:
        return
    before = roster.active[-1] if roster.active else None
    if before is not None and task.schedule.overlap is Overlap.FORBID:
        reason = f"left out: run {before.number} has not ended, and overlap is forbid"
        roster.facts.append(FiringPassed(task.name, at, reason, given.now))
        return
    if task.schedule.overlap is Overlap.REPLACE:
        _cancel(given, task, roster, f"replaced by the firing at {time_of(at)}")
    late = given.calendar.wall - at > _LATE
    reason = f"fired at {time_of(at)}{', caught up with later' if late else ''}"
    why = cause.stated(given.desired, task, reason, "schedule")
    _open(given, task, seen, roster, why, nominal=at)


def _cancel(given: Pass, task: DesiredTask, roster: Roster, reason: str) -> None:
    """End every run that goes on, in this very pass."""
    going = [run for run in roster.active if None not in run.cancels]
    roster.facts += [RunCancelled(task.name, r.number, None, reason, given.now) for r in going]
    cancel = Cancel(reason, at=given.now)
    roster.active = [
        run if None in run.cancels else replace(run, cancels={**run.cancels, None: cancel})
        for run in roster.active
    ]


def _due(given: Pass, task: DesiredTask, known: TaskHistory) -> float:
    """Return the nominal time of a firing that is to be dealt with, 0.0 for none."""
    at = given.calendar.of(task.name).last
    text = text_of(task.schedule) if task.schedule else ""
    new = text != known.schedule or known.schedule_since > given.calendar.wall
    if new or at <= known.schedule_since or at == known.fired:
        return 0.0
    if any(first <= at <= last for first, last in known.fired_before):
        return 0.0
    return 0.0 if any(run.nominal == at for run in known.runs.values()) else at


def _run_again(
    given: Pass, task: DesiredTask, seen: Seen, known: TaskHistory, roster: Roster
) -> None:
    """Open a run out of turn where `rerun` was raised."""
    first = known.schedule_rerun if known.schedule else task.rerun
    newest_first = chain(roster.active, reversed(known.runs.values()))
    if task.rerun > first and all(run.rerun < task.rerun for run in newest_first):
        before = max([first, *(run.rerun for run in known.runs.values())])
        why = cause.moved(given.desired, task, "rerun", before, task.rerun, cause.AGAIN)
        _open(given, task, seen, roster, why)


def _open(  # each part of it named
    given: Pass, task: DesiredTask, seen: Seen, roster: Roster, why: Cause, nominal: float = 0.0
) -> None:
    run = next_run(given, task, seen)
    run.number = max([run.number, *(other.number + 1 for other in roster.active)])
    run.reason, run.nominal = why.reason, nominal
    roster.facts += opened(given.history.specs, task, run, given.desired.revision, given.now)
    roster.active.append(run)
    roster.openings[run.number] = why
