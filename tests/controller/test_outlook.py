from typing import Any

import pytest

from reconciler.controller.outlook import Outlook, happened
from reconciler.forges.wording import Applying, Broken, Converged, Held, Stage
from reconciler.model.action import Hold, InstanceState, Verdict
from reconciler.model.desired import Restart
from reconciler.model.identity import InstanceKey
from reconciler.notices import Failure, Recovery
from tests.support.desired import make_desired, make_task

DESIRED = make_desired(make_task("web", 2, restart=Restart.ALWAYS), make_task("work", 2))


def verdict(task: str, state: str, instance: int = 0, **fields: Any) -> Verdict:  # noqa: ANN401  # a verdict's own
    reason = fields.pop("reason", "exit 1")
    return Verdict(InstanceKey(task, instance), InstanceState(state), reason, **fields)


def seen(*verdicts: Verdict) -> Outlook:
    """Return the outlook of verdicts, after another one that is all over."""
    outlook = Outlook()
    other = [verdict("work", "Failed", 1), verdict("web", "Unknown"), verdict("gone", "Failed")]
    for looks in (other, verdicts):
        by_task: dict[str, list[Verdict]] = {}
        for look in looks:
            by_task.setdefault(look.key.task, []).append(look)
        outlook.look(DESIRED, by_task)
    return outlook


READY = verdict("web", "Running", settled=True, ready=True)


@pytest.mark.parametrize(
    ("verdicts", "actions", "stage"),
    [
        ([], 0, Converged(0, 4)),
        ([READY, verdict("work", "Succeeded", settled=True)], 0, Converged(2, 4)),
        ([verdict("work", "Running", settled=True)], 0, Converged(1, 4)),
        ([verdict("work", "Pending")], 0, Converged(1, 4)),  # waits for its turn
        ([verdict("work", "Pending")], 2, Applying(2)),
        ([verdict("web", "Running", settled=True)], 0, Applying(0)),  # not ready yet
        ([verdict("web", "Pending")], 0, Applying(0)),
        ([verdict("web", "Unknown", blocked=True)], 0, Applying(0)),
        ([READY, verdict("work", "Failed", 1, settled=True)], 3, Broken(1, 2, "work/1: exit 1")),
        ([verdict("work", "Pending", blocked=True)], 0, Broken(1, 1, "work/0: exit 1")),
        ([verdict("web", "Pending", attempt=2)], 0, Broken(1, 1, "web/0: exit 1")),
        ([verdict("old", "Failed", settled=True)], 0, Converged(0, 4)),
        ([verdict("work", "Failed", 7, settled=True)], 0, Converged(0, 4)),
    ],
)
def test_stages(verdicts: list[Verdict], actions: int, stage: Stage) -> None:
    assert seen(*verdicts).stage((), actions, 4) == stage


def test_a_hold_comes_first() -> None:
    hold = Hold("teardown", 9, 10, ("web",), "held: 9 of 10")
    failed = verdict("work", "Failed", settled=True)
    assert seen(failed).stage([hold], 3, 4) == Held("held: 9 of 10")


def test_what_fails_is_told_of_each_task_once() -> None:
    verdicts = [
        READY,
        verdict("work", "Failed", 0, settled=True),
        verdict("work", "Failed", 1, settled=True, reason="exit 2"),
    ]
    assert seen(*verdicts).failing({}) == {
        "task work": Failure("task work", "work/0: exit 1", "Failed")
    }


def test_what_cannot_be_looked_at_is_not_over() -> None:
    before = {f"task {name}": Failure(f"task {name}", "exit 1") for name in ("web", "work", "old")}
    lost = [verdict("web", "Running"), verdict("web", "Unknown", 1)]
    assert seen(*lost).failing(before) == {name: before[name] for name in ("task web", "task work")}
    assert seen(READY, verdict("work", "Succeeded")).failing(before) == {}
    assert seen(*lost).failing({}) == {}
    gone = {"task gone": Failure("task gone", "exit 1")}
    assert seen(verdict("gone", "Unknown")).failing(gone) == gone
    assert seen(verdict("gone", "Running")).failing(gone) == {}


def test_what_has_happened() -> None:
    web, work = Failure("task web", "a"), Failure("task work", "b")
    assert happened({"task web": web}, {"task work": work}) == [
        work,
        Recovery("task web", "nothing fails any more"),
    ]
    assert happened({"task web": web}, {"task web": web}) == [web]
