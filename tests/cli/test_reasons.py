from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.cli.describing import describe_instance, describe_task
from reconciler.cli.exits import Failure
from reconciler.cli.following import unstarted
from reconciler.cli.needs import needs_run
from reconciler.cli.options import Target
from reconciler.cli.outline import outline
from reconciler.cli.reasons import reason_of, sentences
from reconciler.cli.standing import standing_of
from reconciler.cli.targets import require
from reconciler.engines.engine import PermanentError, UnreachableError
from reconciler.ledger import Holder
from reconciler.model.data import Outputs
from reconciler.model.desired import Backoff, OnChange, Restart, Retry, Schedule
from reconciler.model.headway import Glimpse, Transfer
from reconciler.model.identity import InstanceKey
from reconciler.model.position import Position
from tests.cli.helpers import PLACE, report_of
from tests.support.desired import make_matrix, make_task
from tests.support.lab import Lab

WRITER = Holder(42, "run", "here", 1_000_000.0)


def why(lab: Lab, instance: int = 0, writer: Holder | None = WRITER) -> list[str]:
    report = report_of(lab, writer)
    verdicts = standing_of(report, "work").verdicts
    verdict = next(v for v in verdicts if v.key.instance == instance)
    return list(sentences(report, reason_of(report, verdict, PLACE)))


def test_what_runs_waits_for_nothing() -> None:
    lab = Lab(make_task())
    lab.settle()
    lab.now += 90
    (container,) = (box.id for box in lab.world.boxes.values())
    assert why(lab) == [
        "work/0 has been Running for 1m30s: running.",
        f"Attempt 1 of run 1 on node local, container {container[:12]}.",
        "Asked for at work.yaml:1:1, in revision f-1.",
    ]


def test_a_combination_says_what_it_sees_as_long_as_it_is_on_record() -> None:
    lab = Lab(make_matrix("work", {"alpha": ["1", "2"]}))
    lab.settle()
    assert why(lab, 1)[1] == "It sees alpha=2."
    lab.apply(make_matrix("work", {"alpha": ["2"]}))
    report = report_of(lab)
    said = describe_task(report, Target("work", None))
    assert [(i["id"], i["values"]) for i in said["instances"]] == [(1, {"alpha": "2"})]
    assert describe_instance(report, Target("work", 0))["values"] == {"alpha": "1"}
    lab.apply(make_task(count=1))
    assert describe_instance(report_of(lab), Target("work", 0))["values"] == {}


def test_a_failure_names_its_exits_and_the_way_on() -> None:
    lab = Lab(make_task(retry=Retry(1, Backoff(jitter=0))))
    lab.settle()
    lab.world.finish(lab.live()[0], 3)
    lab.settle()
    assert "the next attempt is due in" in why(lab)[0]
    assert why(lab)[1] == "To go on: nothing: only time."
    lab.wait(2)
    lab.world.finish(lab.live()[0], 4)
    lab.settle()
    said = why(lab)
    assert (
        said[0].endswith("Failed: exit code 4 after 2 attempts.") or "after 2 attempts" in said[0]
    )
    assert any("rerun" in sentence and "work.yaml:1:1" in sentence for sentence in said)
    assert any(sentence.startswith("Attempt 1 failed") for sentence in said)


def test_a_missing_image_is_the_trouble() -> None:
    lab = Lab(make_task(spec={"image": "gone:1"}, where={"image": Position("w.yaml", 3, 4)}))
    lab.world.in_registry = lambda _: False
    lab.settle()
    for writer in (WRITER, None):
        said = " ".join(why(lab, writer=writer))
        assert "gone:1" in said
        assert "w.yaml:3:4" in said
    assert "somebody has to run `reconciler run`" in " ".join(why(lab, writer=None))


def test_the_queue_names_parallelism() -> None:
    lab = Lab(make_task(count=2, parallelism=1, where={"parallelism": Position("w.yaml", 6, 1)}))
    lab.settle()
    assert "parallelism to be raised at w.yaml:6:1" in why(lab, 1)[1]


def test_while_no_node_answers_nothing_else_would_help() -> None:
    lab = Lab(make_task(count=2, parallelism=1))
    lab.settle()
    lab.world.faults = lambda *_: UnreachableError("the engine did not answer")
    lab.settle()
    assert why(lab, 0)[1].startswith("To go on: its node has to answer again")
    assert why(lab, 1)[1] == "To go on: a node has to answer again."


def test_a_hold_names_approve() -> None:
    lab = Lab(make_task(count=8))
    lab.settle()
    for name in lab.live():
        lab.world.finish(name)
    lab.settle()
    lab.apply(make_task(count=8, spec={"command": ("other",)}))
    assert "`reconciler approve`" in why(lab)[1]


def test_unknown_names_get_the_nearest_right_one() -> None:
    lab = Lab(make_task(count=3))
    lab.settle()
    report = report_of(lab)
    require(report, Target("work"))
    require(report, Target("work", 2))
    with pytest.raises(Failure, match="did you mean work"):
        require(report, Target("wrok"))
    with pytest.raises(Failure, match="no instance 3; it has 0-2"):
        require(report, Target("work", 3))


def test_describe_tells_all_of_a_task() -> None:
    lab = Lab(make_task(count=2, job="j", restart=Restart.ON_FAILURE))
    lab.settle()
    said = describe_task(report_of(lab), Target("work"))
    assert said["job"] == "j"
    assert said["instanceIds"] == "0-1"
    assert said["spec"]["image"] == "busybox:stable"
    assert said["spec"]["security"]["noNewPrivileges"] is True
    confined = said["confinement"]
    assert (confined["capabilities"], confined["memory"], confined["pids"]) == (
        "none",
        "unlimited",
        512,
    )
    assert said["runs"][0]["reason"] == "new task"
    lines = outline(said)
    assert any("busybox:stable" in line for line in lines)


def test_describe_tells_all_of_an_instance() -> None:
    lab = Lab(make_task())
    lab.settle()
    lab.world.finish(lab.live()[0], 2)
    lab.settle()
    said = describe_instance(report_of(lab), Target("work", 0))
    assert (said["state"], said["attempts"][0]["exitCode"]) == ("Failed", 2)
    assert said["container"]["error"] == "it is gone"  # no engine is at hand here
    assert any("failed" in line for line in outline(said))


def test_a_task_that_is_only_on_record_is_described() -> None:
    lab = Lab(make_task("old"), make_task("new"))
    lab.settle()
    lab.apply(make_task("new"))
    said = describe_task(report_of(lab), Target("old"))
    assert said["asked"] is False
    assert len(said["runs"]) == 1


def test_between_firings_the_next_one_is_the_way_on() -> None:
    lab = Lab(make_task(schedule=Schedule("0 * * * *"), parallelism=1))
    lab.settle()
    assert why(lab)[:2] == [
        "work/0 is Pending: waits for its next firing at 1970-01-12 14:00 UTC.",
        "To go on: its next firing has to come, or `rerun` to be raised.",
    ]
    assert "somebody has to run `reconciler run`" in why(lab, writer=None)[1]
    lab.wait(1000)
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    assert why(lab)[1].startswith(
        "To go on: its next firing at 1970-01-12 15:00 UTC, or `reconciler retry work/0`, or "
    )
    said = describe_task(report_of(lab), Target("work", None))
    assert said["schedule"]["cron"] == "0 * * * *"
    (run,) = said["runs"]
    assert run["firing"] == "1970-01-12T14:00:00.000Z"
    assert run["finishedAt"] is not None


def test_a_new_run_that_waits_says_what_would_hurry_it() -> None:
    where = {"onChange": Position("w.yaml", 9, 3)}
    lab = Lab(make_task(on_change=OnChange.FINISH))
    lab.settle()
    lab.apply(make_task(on_change=OnChange.FINISH, where=where, spec={"command": ("other",)}))
    said = why(lab)
    assert "run 2 waits for attempt 1 of run 1 to finish" in said[0]
    assert said[1] == "To go on: it has to end by itself, or onChange to be replace at w.yaml:9:3."
    assert "what follows 1 instance of former work" in needs_run(lab.core)


def test_a_gang_that_has_no_room_names_parallelism() -> None:
    where = {"parallelism": Position("w.yaml", 6, 1)}
    lab = Lab(make_task(count=4, gang=True, parallelism=3, where=where))
    lab.settle()
    said = why(lab)
    assert "a gang of 4 starts together, and parallelism lets 3 run at once" in said[0]
    assert "parallelism to be raised at w.yaml:6:1" in said[1]


def test_a_member_of_a_gang_sends_on_to_the_one_that_hinders() -> None:
    lab = Lab(make_task(count=2, gang=True))
    lab.world.faults = lambda call, subject, when: (
        PermanentError("no such device") if (call, subject[-3:]) == ("create", "1.1") else None
    )
    lab.settle()
    assert "waits for work/1: a gang starts together" in why(lab)[0]
    assert "`reconciler why work` tells of the others" in why(lab)[1]
    assert "no such device" in " ".join(why(lab, 1))


def test_results_that_are_taken_over_are_told_with_how_far_that_is() -> None:
    image = "busybox@sha256:" + "b" * 64
    kept: dict[str, Any] = {
        "cache": True,
        "spec": {"image": image},
        "outputs": Outputs(bucket="results", source="/job"),
    }
    lab = Lab(make_task("first", **kept))
    lab.world.images = {image: image}
    lab.settle()
    lab.world.finish(lab.live()[0], 0)
    lab.settle()
    lab.commit(make_task("first", **kept), make_task("work", **kept))
    report = report_of(lab, WRITER)
    glimpses = {"demo.work.1.0.1": Glimpse(transfer=Transfer(2**20, 2**21, 2.0**19))}
    report = replace(report, glimpses=glimpses)
    (verdict,) = standing_of(report, "work").verdicts
    assert list(sentences(report, reason_of(report, verdict, PLACE)))[:2] == [
        "work/0 is Preparing: taking over the results of first/0 (run 1, attempt 1).",
        "So far 1Mi of 2Mi, 512Ki/s.",
    ]


def test_who_has_printed_nothing_says_why() -> None:
    lab = Lab(make_task("first", cache=True))
    lab.settle()
    assert unstarted(report_of(lab), InstanceKey("work", 0)) == "work/0 has not been started yet"
    lab.world.finish(lab.live()[0], 0)
    lab.settle()
    lab.apply(make_task("first", cache=True), make_task("work", cache=True))
    assert unstarted(report_of(lab), InstanceKey("work", 0)) == (
        "work/0 has not run, so it has printed nothing: taken over from first/0 (run 1, attempt 1)"
    )
