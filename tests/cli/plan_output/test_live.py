import json
from typing import Any

import pytest
from click import unstyle
from msgspec.structs import replace

from reconciler.cli.plan_output import live, values
from reconciler.cli.steps import Kind
from reconciler.controller.preview import Preview, preview
from reconciler.model.action import Verb
from reconciler.model.desired import DesiredTask, Restart, Retry
from reconciler.model.position import Position
from reconciler.model.spec import Resources
from tests.cli.helpers import check
from tests.support.desired import make_task
from tests.support.lab import Lab
from tests.support.shell import ROOT

IMAGES = {"local": {"busybox:stable": "sha256:b0"}}
WHERE = {"image": Position("work.yaml", 7, 12), "instances": Position("work.yaml", 5, 14)}


def new_lab(*tasks: DesiredTask) -> Lab:
    """Return a lab whose container ids are not those that the preview's own engine gives."""
    lab = Lab(*tasks)
    lab.world._count = 1_000
    return lab


def foresee(lab: Lab) -> Preview:
    """Preview the revision in force, on what the lab shows."""
    core = lab.core
    return preview(core.desired, core.board.observed(), core.history, lab.now, IMAGES)


def text(lab: Lab) -> list[str]:
    """Return the plan as people read it, runs of spaces made one."""
    lines = live.as_text(lab.core.desired, foresee(lab))
    return [" ".join(unstyle(line).split()) for line in lines]


def test_new_instances_are_created() -> None:
    lab = new_lab(make_task(count=2))
    assert text(lab) == [
        "+ create work/0 new task work.yaml:1:1",
        "+ create work/1 new task work.yaml:1:1",
        "",
        "Plan: 2 to create, 0 unchanged",
    ]


def test_who_takes_results_over_is_not_created() -> None:
    first, second = (make_task(name, cache=True) for name in ("first", "second"))
    lab = new_lab(first)
    lab.settle()
    lab.world.finish("demo.first.1.0.1")
    lab.settle()
    lab.commit(first, second)
    why = "equal work has completed before, as first/0 (run 1, attempt 1) second.yaml:1:1"
    assert text(lab) == [
        f"= reuse second/0 {why}",
        "",
        "Plan: 1 to reuse, 1 unchanged",
    ]
    check("plan", live.as_json(lab.core.desired, foresee(lab)))


def test_what_is_as_wanted_has_an_empty_plan() -> None:
    lab = new_lab(make_task(count=3, restart=Restart.ALWAYS))
    lab.settle()
    assert text(lab) == ["Nothing to do: 3 unchanged"]


def test_a_stop_and_a_create_of_one_identity_are_a_replacement() -> None:
    service: dict[str, Any] = {
        "count": 2,
        "restart": Restart.ALWAYS,
        "retry": Retry(None),
        "max_unavailable": 2,
    }
    lab = new_lab(make_task(**service))
    lab.settle()
    memory = {"resources": Resources(memory=64)}
    where = {"resources.memory": Position("work.yaml", 9, 3)}
    lab.commit(make_task(**service, spec=memory, where=where))
    assert text(lab) == [
        "~ replace work/0 resources.memory: none → 64 work.yaml:9:3",
        "~ replace work/1 resources.memory: none → 64 work.yaml:9:3",
        "",
        "Plan: 2 to replace, 0 unchanged",
    ]


def test_scaling_down_tears_down_the_difference() -> None:
    lab = new_lab(make_task(count=3))
    lab.settle()
    lab.commit(make_task(count=1, where=WHERE))
    assert text(lab)[0] == "- tear down work/1 scaled down (instances: 3 → 1) work.yaml:5:14"
    assert text(lab)[-1] == "Plan: 2 to tear down, 1 unchanged"


def test_completed_work_that_changes_is_counted_as_rerun() -> None:
    lab = new_lab(make_task(count=1))
    lab.settle()
    lab.world.finish(lab.live()[0])
    lab.settle()
    lab.commit(make_task(spec={"image": "busybox:stable", "command": ("new",)}, where=WHERE))
    assert text(lab)[-1].endswith("1 completed instance would run again")


def test_what_waits_for_outcomes_is_marked_later() -> None:
    lab = new_lab(make_task(count=2, parallelism=1))
    said = text(lab)
    assert said[0].startswith("+ create work/0")
    assert said[2:4] == ["later, as if all succeed:", "+ create work/1 new task work.yaml:1:1"]
    assert said[-1] == "Plan: 1 to create, 1 later, 0 unchanged"


def test_a_failed_instance_is_retried() -> None:
    lab = new_lab(make_task(retry=Retry(1)))
    lab.settle()
    lab.world.finish(lab.live()[0], 3)
    lab.settle()
    lab.now += 60
    assert text(lab)[0] == "↻ retry work/0 exit code 3; retry 1 of 1 work.yaml:1:1"


def test_holds_are_shown() -> None:
    lab = new_lab(*(make_task(f"t{n}", restart=Restart.ALWAYS) for n in range(7)))
    lab.settle()
    lab.commit(make_task("t0", restart=Restart.ALWAYS))
    said = text(lab)
    assert any(line.startswith("held: 6 of 7 running instances") for line in said)
    assert live.as_json(lab.core.desired, foresee(lab))["holds"]


def test_an_image_that_is_missing_is_pulled() -> None:
    lab = new_lab(make_task(spec={"image": "other:1"}))
    assert text(lab)[0].startswith("↓ pull other:1 on node local")


def test_json_follows_its_schema_and_lists_every_call() -> None:
    lab = new_lab(make_task(count=2, parallelism=1, where=WHERE))
    said = live.as_json(lab.core.desired, foresee(lab))
    check("plan", said)
    actions = said["actions"]
    assert isinstance(actions, list)
    assert [(a["verb"], a["container"], a["when"]) for a in actions[:2]] == [
        ("create", "demo.work.1.0.1", "now"),
        ("start", "demo.work.1.0.1", "now"),
    ]


def test_long_values_are_cut_to_where_they_differ() -> None:
    old, new = "a" * 60 + "X" + "b" * 60, "a" * 60 + "Y" + "b" * 60
    shown = values.brief(old, new)
    assert shown == ("…" + "a" * 12 + "X" + "b" * 12 + "…", "…" + "a" * 12 + "Y" + "b" * 12 + "…")
    assert values.brief("1", "2") == ("1", "2")


def test_foreign_text_cannot_steer_the_terminal() -> None:
    task = make_task()
    lab = new_lab(replace(task, at=Position("\x1b[31m.yaml", 1, 1)))
    assert "\x1b[31m" not in live.as_text(lab.core.desired, foresee(lab))[0]


@pytest.mark.parametrize("name", ["plan", "saved-plan"])
def test_the_schemas_know_every_call(name: str) -> None:
    schema = json.loads((ROOT / f"schemas/output/{name}.json").read_bytes())
    called = schema["properties"]["actions"]["items"]["properties"]["verb"]["enum"]
    assert set(called) == {verb.value for verb in Verb}


def test_the_schema_knows_every_kind_of_step() -> None:
    summary = json.loads((ROOT / "schemas/output/plan.json").read_bytes())["properties"]["summary"]
    assert {kind.value for kind in Kind} <= {*summary["required"]} == {*summary["properties"]}
