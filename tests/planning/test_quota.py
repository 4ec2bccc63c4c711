"""What all instances of a project take at once stays within its quota, and who waits says so."""

from typing import Any

import pytest

from reconciler.model.desired import DesiredTask
from reconciler.model.policy import Maximum
from reconciler.model.spec import Resources
from tests.support.desired import make_task
from tests.support.many import Many

GIB = 2**30


def asking(name: str, count: int, *, gang: bool = False, **limits: float) -> DesiredTask:
    return make_task(name, count, gang=gang, spec={"resources": Resources(**limits)})  # type: ignore[arg-type]  # as given


def under(quota: Maximum) -> Many:
    lab = Many("a", "b")
    lab.quota = quota
    lab.commit()
    return lab


@pytest.mark.parametrize(
    ("quota", "limits", "said"),
    [
        (Maximum(instances=3), {}, "3 of 3 instances are taken"),
        (Maximum(cpus=2), {"cpus": 0.6}, "1800m of 2 cpus are taken, and it asks for 600m"),
        (Maximum(memory=3 * GIB), {"memory": GIB},
         "3Gi of 3Gi memory are taken, and it asks for 1Gi"),
    ],
)  # fmt: skip
def test_what_would_be_more_waits(quota: Maximum, limits: dict[str, Any], said: str) -> None:
    lab = under(quota)
    lab.apply(asking("work", 5, **limits))
    assert sum(lab.count().values()) == 3
    assert lab.verdict("work", 4).reason == f"waits for the project's quota: {said}"
    assert lab.settle() == []


def test_it_goes_on_when_something_of_the_project_ends() -> None:
    lab = under(Maximum(instances=1))
    lab.apply(asking("first", 1), asking("second", 1))
    assert lab.live() == {"a": ["demo.first.1.0.1"]}
    lab.finish("a", "demo.first.1.0.1")
    lab.settle()
    assert {name for live in lab.live().values() for name in live} == {"demo.second.1.0.1"}


def test_a_raised_quota_lets_more_begin() -> None:
    lab = under(Maximum(instances=1))
    lab.apply(asking("work", 3))
    lab.quota = Maximum(instances=2)
    lab.commit()
    assert sum(lab.count().values()) == 2


def test_without_a_limit_nothing_is_started_of_what_is_bounded() -> None:
    lab = under(Maximum(memory=GIB))
    lab.apply(asking("work", 1, cpus=1))
    assert lab.count() == {}
    assert lab.verdict().reason == "sets no limit of memory, which the project's quota bounds"


def test_a_gang_needs_the_quota_for_all() -> None:
    lab = under(Maximum(instances=3))
    lab.apply(asking("gang", 4, gang=True))
    assert lab.count() == {}
    said = "a gang of 4 starts together, and there is room for 3"
    assert lab.verdict("gang").reason.startswith(said)
