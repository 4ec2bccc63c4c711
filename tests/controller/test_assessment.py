"""What is thought of tasks, kept from plan to plan."""

from reconciler.controller.assessment import Assessment
from reconciler.model.action import Plan


def test_the_sooner_time_counts() -> None:
    kept = Assessment()
    kept.take(Plan(wakes={"a": 5.0, "b": 9.0}), None, {})
    kept.take(Plan(wakes={"a": 7.0, "b": 8.0}), {"b"}, {})
    assert kept.wakes == {"a": 5.0, "b": 8.0}
    assert kept.due(6.0) == {"a"}
