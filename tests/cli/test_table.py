"""The live table: what stands in it, and what of many is left out."""

import io
from collections.abc import Mapping

from msgspec.structs import replace
from rich.console import Console

from reconciler.cli import status_output
from reconciler.cli.reasons import reason_of, sentences
from reconciler.cli.table import Line, line_of, table
from reconciler.model.action import TaskState
from reconciler.model.desired import Restart, Retry
from reconciler.model.headway import Glimpse, Headway
from reconciler.model.observed import Usage
from tests.cli.helpers import PLACE, check, report_of
from tests.support.desired import make_task
from tests.support.lab import Lab


def rendered(*lines: Line) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(table(lines))
    out = console.file
    assert isinstance(out, io.StringIO)
    return out.getvalue()


def of(lab: Lab, seen: Mapping[str, Glimpse], name: str = "work") -> Line:
    task = lab.desired.tasks[name]
    return line_of(name, task, lab.core.verdicts[name], seen)


def half_way(lab: Lab, name: str = "demo.work.1.0.1") -> dict[str, Glimpse]:
    said = Headway(0.5, "epoch \x1b[31m5/10")
    return {lab.world.boxes[name].id: Glimpse(Usage(1.25, 2048), said)}


def test_a_task_is_as_far_as_its_instances_say() -> None:
    lab = Lab(make_task(count=4, parallelism=2))
    lab.settle()
    assert of(lab, {}).part == 0.0
    lab.world.finish("demo.work.1.1.1", 0)
    lab.settle()
    line = of(lab, half_way(lab))
    assert (line.done, line.total, line.part) == (1, 4, 1.5 / 4)
    said = rendered(line)
    assert "1/4" in said
    assert "50%, epoch \\x1b[31m5/10" in said
    assert "1 pending, 2 running, 1 succeeded" in said
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert of(lab, half_way(lab)).part == 2 / 4, "what has ended counts once"


def test_a_service_is_as_far_as_it_is_ready() -> None:
    lab = Lab(make_task(count=2, restart=Restart.ALWAYS, retry=Retry(None)))
    lab.settle()
    assert of(lab, half_way(lab)).part == 1.0


def test_of_many_those_that_are_done_are_left_out() -> None:
    done = [Line(name=f"a{n}", state=TaskState.SUCCEEDED, done=1, total=1, part=1.0, said="")
            for n in range(14)]  # fmt: skip
    stuck = Line(name="z", state=TaskState.FAILED, done=1, total=1, part=1.0, said="exit code 1")
    said = rendered(*done, stuck)
    assert "exit code 1" in said
    assert "… and 3 more tasks" in said


def test_readers_are_told_how_far_it_is_and_what_it_uses() -> None:
    lab = Lab(make_task(count=2))
    lab.settle()
    lab.now += 4
    report = replace(report_of(lab), glimpses=half_way(lab))
    said = status_output.as_json(report)
    check("status", said)
    first, second = said["tasks"][0]["instances"]  # type: ignore[index]
    assert first["progress"] == {"fraction": 0.5, "text": "epoch \x1b[31m5/10"}
    used = [first[name] for name in ("wallSeconds", "cpuSeconds", "peakMemory")]
    assert used == [4.0, 1.25, 2048]
    assert (second["progress"], second["cpuSeconds"], second["wallSeconds"]) == (None, None, 4.0)
    assert "50%, epoch \\x1b[31m5/10" in "\n".join(status_output.as_text(report))
    verdict = report.plan.verdicts[0]
    assert "By what it prints it is 50%, epoch \x1b[31m5/10." in list(
        sentences(report, reason_of(report, verdict, PLACE))
    )
