"""What may run on a node that cannot be seen, for a reconciler that has never seen it."""

import pytest
from msgspec.structs import replace

from reconciler.model.action import InstanceState, Plan, Verb
from reconciler.model.desired import Desired, DesiredTask, OnChange, Schedule
from reconciler.model.fact import (
    AttemptEnded,
    AttemptReserved,
    ImageResolved,
    Result,
    RunOpened,
    StartRequested,
)
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import NodeView, Observed
from reconciler.planning import plan
from tests.support.desired import make_desired, make_task

AWAY = Observed({"here": NodeView("here"), "away": NodeView("away", known=False, reason="silence")})


def attempt(instance: int) -> AttemptKey:
    return AttemptKey(InstanceKey("work", instance), 1, 1)


def begun_away(task: DesiredTask, *instances: int) -> History:
    """Return what is on record of instances that have been started on the node out of sight."""
    history = History()
    history.apply(RunOpened("work", 1, task.work.hash, 0, "new", "f-0", 1.0))
    for instance in instances:
        history.apply(AttemptReserved(attempt(instance), "away", "s", "f-0", 1.0, 1))
        history.apply(StartRequested(attempt(instance), 1.0))
    history.apply(ImageResolved("work", 1, "here", "sha256:b0", 1.0))
    return history


def planned(task: DesiredTask, history: History) -> Plan:
    return plan(desired(task), AWAY, history, now=2.0)


def desired(task: DesiredTask) -> Desired:
    return make_desired(task, nodes=("here", "away"))


@pytest.mark.parametrize("change", OnChange)
@pytest.mark.parametrize("schedule", [None, Schedule("* * * * *")])
def test_changed_work_waits_for_what_may_still_run_out_of_sight(
    change: OnChange, schedule: Schedule | None
) -> None:
    old = make_task(count=2, spec={"command": ("old",)})
    new = make_task(count=2, spec={"command": ("new",)}, on_change=change, schedule=schedule)
    made = planned(new, begun_away(old, 0))
    assert {a.key for a in made.actions} & {InstanceKey("work", 0)} == set()
    assert made.verdicts[0].reason == "silence"
    if schedule is None:
        assert made.verdicts[0].state is InstanceState.UNKNOWN
        assert [a.verb for a in made.actions] == [Verb.PULL], "the other one goes on"


def test_what_has_ended_out_of_sight_is_waited_for_no_more() -> None:
    old, new = (make_task(spec={"command": (word,)}) for word in ("old", "new"))
    history = begun_away(old, 0)
    history.apply(AttemptEnded(attempt(0), "away", Result.CANCELLED, 1.5))
    assert [a.verb for a in planned(new, history).actions] == [Verb.PULL]


def test_what_may_run_out_of_sight_takes_its_place_under_parallelism() -> None:
    task = make_task(count=4, parallelism=2)
    made = planned(task, begun_away(task, 0))
    assert [a.key for a in made.actions if a.verb is Verb.CREATE] == [InstanceKey("work", 1)]
    made = planned(task, begun_away(task, 0, 1))
    assert made.actions == ()
    raised = replace(task, parallelism=3)
    made = planned(raised, begun_away(task, 0, 1))
    assert [a.key for a in made.actions if a.verb is Verb.CREATE] == [InstanceKey("work", 2)]


def test_what_may_run_of_earlier_work_counts_against_parallelism() -> None:
    old, new = (make_task(count=3, spec={"command": (w,)}, parallelism=1) for w in ("old", "new"))
    made = planned(new, begun_away(old, 1))
    assert made.actions == ()
