"""Plans on their way through a file, and what of reality they notice."""

import json

import pytest

from reconciler.controller.preview import Preview, preview
from reconciler.controller.saved_plan import SavedPlan, SavedPlanError, load, moved, save
from reconciler.model.desired import Restart, Retry
from tests.cli.helpers import check
from tests.support.desired import make_task
from tests.support.lab import Lab

IMAGES = {"local": {"busybox:stable": "sha256:b0"}}
AT = "2026-01-02T03:04:05.678Z"


def foresee(lab: Lab) -> Preview:
    core = lab.core
    return preview(core.desired, core.board.observed(), core.history, lab.now, IMAGES)


def content_of(lab: Lab) -> bytes:
    return save(lab.core.desired, foresee(lab), "/some/source", AT)


def plan_of(lab: Lab) -> SavedPlan:
    return load(content_of(lab))


def test_it_comes_back_as_it_was_saved_and_follows_its_schema() -> None:
    lab = Lab(make_task(count=2, parallelism=1))
    content = content_of(lab)
    check("saved-plan", json.loads(content))
    saved = load(content)
    assert (saved.project, saved.revision, saved.source, saved.at) == (
        "demo",
        "f-1",
        "/some/source",
        AT,
    )
    assert [(a.verb, a.subject, a.when) for a in saved.actions][:2] == [
        ("create", "demo.work.1.0.1", "now"),
        ("start", "demo.work.1.0.1", "now"),
    ]


def test_the_same_plan_is_the_same_file() -> None:
    assert content_of(Lab(make_task())) == content_of(Lab(make_task()))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "holds no plan"),
        (b"\xff\xfe", "holds no plan"),
        (b"kind: Task", "holds no plan"),
        (b"[]", "holds no plan"),
        (b"{}", "holds no plan"),
        (b'{"format": "reconciler.plan/1"}', "holds no plan"),
        (b'{"a":' + b"[" * 100_000, "holds no plan"),
        (b'{"format": "reconciler.plan/2", "new": 1}', "another version"),
    ],
)
def test_what_is_no_plan_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(SavedPlanError, match=why):
        load(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"demo.work.1.0.1", b"demo.work.1.0.2"),
        (b'"create"', b'"remove"'),
        (b'"local"', b'"other"'),
        (b"f-1", b"f-2"),
    ],
)
def test_a_changed_file_is_refused(old: bytes, new: bytes) -> None:
    content = content_of(Lab(make_task()))
    assert old in content
    with pytest.raises(SavedPlanError, match="changed since"):
        load(content.replace(old, new))


def test_nothing_has_moved_at_first() -> None:
    lab = Lab(make_task(count=2))
    assert moved(plan_of(lab), foresee(lab)) == []


def test_what_is_done_already_is_no_longer_to_be_done() -> None:
    lab = Lab(make_task())
    saved = plan_of(lab)
    lab.settle()
    assert moved(saved, foresee(lab)) == [
        "no longer to be done: create demo.work.1.0.1 (new task)",
        "no longer to be done: start demo.work.1.0.1 (it has been created)",
    ]


def test_what_died_is_now_to_be_done_as_well() -> None:
    lab = Lab(make_task("web", 6, restart=Restart.ALWAYS, retry=Retry(None)))
    lab.settle()
    saved = plan_of(lab)
    for name in lab.live():
        lab.world.kill_by_hand(name)
    lab.driver.look()
    told = moved(saved, foresee(lab))
    assert told[0].startswith("now to be done as well: collect demo.web.1.0.1 (")
    assert told[3:] == ["now to be done as well: 3 more"]


def test_what_was_foreseen_for_later_may_have_become_possible() -> None:
    lab = Lab(make_task(count=2, parallelism=1))
    lab.settle()
    saved = plan_of(lab)
    lab.world.finish("demo.work.1.0.1")
    lab.driver.look()
    assert moved(saved, foresee(lab)) == []


def test_an_empty_plan_stays_one() -> None:
    lab = Lab(make_task(restart=Restart.ALWAYS, retry=Retry(None)))
    lab.settle()
    saved = plan_of(lab)
    assert saved.actions == ()
    assert moved(saved, foresee(lab)) == []
