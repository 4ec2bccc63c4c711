"""Which runs of a task are seen to in one pass, with which containers, and by which rules.

One for most tasks. A scheduled task has one for each run that is not over, each for itself where
they may overlap, else one after the other; between its firings, the last one is looked after.
"""

from collections.abc import Sequence

from msgspec import Struct, field

from reconciler.model.action import Cause
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Fact
from reconciler.model.run import Run
from reconciler.planning.firing import (
    Roster,
    awaits,
    overlapping,
    roster_of,
    unscheduled,
)
from reconciler.planning.restrained import RULES_WHEN_HELD, RULES_WHEN_IDLE
from reconciler.planning.rules import RULES, Rule
from reconciler.planning.runs import opened, run_of
from reconciler.planning.scene import Idle, Pass
from reconciler.planning.sightings import Seen


class Round(Struct, frozen=True):
    """One run, the containers that are its affair, and the rules for its instances.

    `opening` says why it is new, None where it was open; `idle` why nothing is begun in it.
    """

    run: Run
    seen: Seen
    rules: Sequence[Rule] = RULES
    opening: Cause | None = None
    idle: Idle | None = None


class Rounds(Struct):
    """The runs to see to, and what is to be on record first."""

    runs: list[Round]
    facts: list[Fact] = field(default_factory=list)


def rounds_of(given: Pass, task: DesiredTask, seen: Seen, *, held: bool) -> Rounds:
    """Return the runs of a task that may go on; what is due is opened, unless it is held."""
    if task.schedule is not None:
        roster = roster_of(given, task, seen, may_fire=True)
        return Rounds(_scheduled(given, task, seen, roster), roster.facts)
    run, opening = run_of(given, task, seen)
    facts = list(unscheduled(given, task.name))
    if opening is not None and not held and task.instances:
        run.reason = opening.reason
        facts += opened(given.history.specs, task, run, given.desired.revision, given.now)
    return Rounds([Round(run, seen, RULES_WHEN_HELD if held else RULES, opening)], facts)


def rounds_when_suspended(given: Pass, task: DesiredTask, seen: Seen) -> Rounds:
    """Return the runs of a task in which nothing may begin, not even a run."""
    if task.schedule is not None:
        roster = roster_of(given, task, seen, may_fire=False)
        return Rounds(_scheduled(given, task, seen, roster), roster.facts)
    run, opening = run_of(given, task, seen)
    return Rounds([Round(run, seen, opening=opening)], list(unscheduled(given, task.name)))


def _scheduled(given: Pass, task: DesiredTask, seen: Seen, roster: Roster) -> list[Round]:
    if not roster.active:
        known = given.history.tasks.get(task.name)
        last = known.latest() if known else None
        run = last if last is not None and not last.closed else Run(0, task.work.hash)
        return [Round(run, seen, RULES_WHEN_IDLE, idle=Idle(awaits(given, task), settled=True))]
    return [_round(task, run, _share(seen, roster.active, run), roster) for run in roster.active]


def _round(task: DesiredTask, run: Run, seen: Seen, roster: Roster) -> Round:
    opening, first = roster.openings.get(run.number), roster.active[0]
    if run.outdated(task):
        late = Idle("it had not begun when its work changed", settled=True)
        return Round(run, seen, RULES_WHEN_IDLE, opening, late)
    if run is not first and not overlapping(task):
        after = Idle(f"waits for run {first.number} to end", settled=False)
        return Round(run, seen, RULES_WHEN_IDLE, opening, after)
    return Round(run, seen, RULES, opening)


def _share(seen: Seen, active: Sequence[Run], run: Run) -> Seen:
    """Return the containers of one of several runs. Those of no such run are the first one's."""
    if len(active) == 1:
        return seen
    numbers = {other.number for other in active}
    strays = run is active[0]
    found: Seen = {}
    for key, containers in seen.items():
        own = [c for c in containers if c.run == run.number or (strays and c.run not in numbers)]
        if own:
            found[key] = own
    return found
