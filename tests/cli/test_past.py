"""Runs and attempts as `history TARGET` shows them, and their picture."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest
from msgspec.structs import replace

from reconciler.cli import past_output, timeline
from reconciler.cli.options import Target
from reconciler.cli.past import PastRun, runs_of
from reconciler.cli.targets import or_job
from reconciler.controller import requests
from reconciler.controller.reading import Report
from reconciler.ledger import Ledger
from reconciler.model.desired import Backoff, Retry
from reconciler.model.fact import AttemptExpired
from reconciler.model.identity import AttemptKey, InstanceKey
from tests.cli.helpers import check, report_of
from tests.support.desired import make_matrix, make_task
from tests.support.lab import Lab

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "]]>&<script>\x1b[31m\x00\ufffe\ud800\"'"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A task with a failed, a repeated and a running attempt, then another run of one."""
    made = Lab(
        make_task(count=2, job="j", retry=Retry(1, Backoff(jitter=0.0))),
        make_task("other", job="j"),
        folder=tmp_path,
    )
    made.settle()
    made.world.say("demo.work.1.0.1", b"one\ntwo\nthree\n")
    made.now += 10
    made.world.finish("demo.work.1.0.1", 3)
    made.settle()
    made.wait(5)
    made.now += 30
    made.world.finish("demo.work.1.0.2", 0)
    made.settle()
    return made


def seen(lab: Lab) -> Report:
    assert isinstance(lab.record, Ledger)
    folder = lab.record._path.parent
    return replace(report_of(lab), folder=folder, engines=lab.driver.engines)


def runs(lab: Lab, target: Target | None, most: int = 20, lines: int = 2) -> list[PastRun]:
    return runs_of(seen(lab), target, most, lines)


def text(lab: Lab, target: Target) -> str:
    return click.unstyle("\n".join(past_output.as_text(seen(lab), runs(lab, target))))


def picture(lab: Lab, target: Target | None = None) -> ET.Element:
    drawn = timeline.draw("demo: work", runs(lab, target), lab.now)
    return ET.fromstring(drawn.encode())  # noqa: S314  # our own


def bars(drawn: ET.Element) -> list[tuple[str, float, float]]:
    """Return state, left edge and width of each bar, in order."""
    found = drawn.iter(f"{SVG}rect")
    return [
        (kind, float(box.get("x", 0)), float(box.get("width", 0)))
        for box in found
        if (kind := box.get("class", ""))
    ]


def words(drawn: ET.Element) -> list[str]:
    return [said for element in drawn.iter() if (said := element.text or "").strip()]


def test_machines_read_each_attempt(lab: Lab) -> None:
    said = past_output.as_json(seen(lab), "work", runs(lab, Target("work")))
    check("runs", said)
    (run,) = json.loads(json.dumps(said))["runs"]
    first, second, other = run["attempts"]
    assert (first["result"], first["exitCode"], first["wallSeconds"]) == ("failed", 3, 10.0)
    assert first["logTail"] == ["two", "three"]
    assert (second["attempt"], second["result"], second["wallSeconds"]) == (2, "succeeded", 30.0)
    assert (other["instance"], other["result"], other["wallSeconds"]) == (1, None, 45.0)
    assert other["finishedAt"] is None


def test_people_read_times_exits_reasons_and_what_was_printed(lab: Lab) -> None:
    said = text(lab, Target("work"))
    assert "work, run 1, opened 45s ago: new task; revision f-1" in said
    assert "  | three" in said
    assert "  | one" not in said
    lines = {line.split()[1]: line for line in said.splitlines() if line.startswith("work/0")}
    assert [word in lines["1"] for word in ("failed", "10s", "exit code 3", "local")] == [True] * 4
    assert "running" in text(lab, Target("work", 1))
    assert "work/0" not in text(lab, Target("work", 1))


def test_what_has_expired_is_said_so(lab: Lab) -> None:
    key = AttemptKey(InstanceKey("work", 0), 1, 1)
    lab.core.note([AttemptExpired(key, lab.now)])
    lab.settle()
    assert "its ttl is over" in text(lab, Target("work", 0))
    assert "three" not in text(lab, Target("work", 0))


def test_only_the_last_runs_are_told(lab: Lab) -> None:
    again = requests.judge("rerun", {"task": "work"}, lab.desired, lab.core.history, lab.now)
    lab.core.note(again.facts)
    lab.settle()
    assert [one.run.number for one in runs(lab, Target("work"))] == [1, 2]
    assert [one.run.number for one in runs(lab, Target("work"), most=1)] == [2]
    assert runs(lab, Target("work"), most=0) == []
    assert {one.task for one in runs(lab, None)} == {"work", "other"}
    assert {one.task for one in runs(lab, Target("", job="j"))} == {"work", "other"}
    assert past_output.as_text(seen(lab), []) == ["nothing of it has run yet"]


def test_a_jobs_own_name_will_do_where_no_task_has_it(lab: Lab) -> None:
    assert or_job(seen(lab), Target("j")) == Target("", job="j")
    assert or_job(seen(lab), Target("work")) == Target("work")
    assert or_job(seen(lab), Target("k")) == Target("k")


def test_the_picture_shows_who_ran_when(lab: Lab) -> None:
    drawn = picture(lab, Target("work"))
    failed, succeeded, running = bars(drawn)
    assert [kind for kind, _, _ in (failed, succeeded, running)] == [
        "failed", "succeeded", "running",
    ]  # fmt: skip
    assert failed[1] == running[1], "both began at once"
    assert succeeded[2] == pytest.approx(3 * failed[2], rel=0.01)
    assert running[2] == pytest.approx(4.5 * failed[2], rel=0.01)
    assert succeeded[1] > failed[1] + failed[2], "the pause between them is empty"
    said = words(drawn)
    assert "work/0" in said
    assert "work, run 1: new task" in said
    assert any(s.startswith("work/0, run 1, attempt 1: failed; exit code 3; ") for s in said)
    assert any("1970-01-12" in s and "UTC" in s for s in said)
    assert "1: exit 3" in said


def test_what_waits_for_its_start_is_drawn_apart(lab: Lab) -> None:
    (one,) = runs(lab, Target("work", 0))
    past = one.attempts[0]
    late = replace(past.record, started_at=past.record.reserved_at + 5)
    shown = PastRun("work", one.run, (replace(past, record=late),))
    drawn = ET.fromstring(timeline.draw("late", [shown], lab.now))  # noqa: S314  # our own
    (waiting, _, wait), (failed, _, took) = bars(drawn)
    assert (waiting, failed) == ("waiting", "failed")
    assert wait == pytest.approx(took, rel=0.01)


def test_hostile_text_stays_text(lab: Lab) -> None:
    (one,) = runs(lab, Target("work"))
    past = one.attempts[0]
    hurt = replace(past, record=replace(past.record, reason=HOSTILE, node=HOSTILE))
    one = PastRun(HOSTILE, replace(one.run, reason=HOSTILE), (hurt,))
    drawn = ET.fromstring(  # noqa: S314  # our own
        timeline.draw(HOSTILE, [one], lab.now).encode("utf-8")
    )
    allowed = {"svg", "title", "rect", "text", "g", "path"}
    assert {element.tag.removeprefix(SVG) for element in drawn.iter()} <= allowed
    assert "<script>\\x1b[31m" in "".join(words(drawn))


def test_an_empty_past_makes_a_picture_as_well() -> None:
    drawn = ET.fromstring(timeline.draw("demo", [], 1.0))  # noqa: S314  # our own
    assert bars(drawn) == []


def test_many_instances_are_drawn_thin(tmp_path: Path) -> None:
    lab = Lab(make_task(count=300), folder=tmp_path)
    lab.settle()
    lab.now += 60
    drawn = picture(lab)
    assert len(bars(drawn)) == 300
    assert float(drawn.get("height", 0)) < 300 * 8


def test_a_run_of_a_matrix_shows_what_its_instances_saw(tmp_path: Path) -> None:
    lab = Lab(make_matrix("work", {"alpha": ["1", "2"]}), folder=tmp_path)
    lab.settle()
    lab.apply(make_task(count=2))
    assert "work/1 alpha=2" in text(lab, Target("work"))
    first, second = runs(lab, Target("work", 1))
    said = past_output.as_json(seen(lab), "work/1", [first, second])
    check("runs", said)
    shown = [run["attempts"][0]["values"] for run in said["runs"]]  # type: ignore[attr-defined]
    assert shown == [{"alpha": "2"}, {}], "the second run is of a count"
