from reconciler.cli import status_output
from reconciler.cli.standing import standings
from reconciler.ledger import Holder
from reconciler.model.action import InstanceState
from reconciler.model.desired import Overlap, Restart, Retry, Schedule
from reconciler.model.fact import Suspended
from tests.cli.helpers import check, report_of
from tests.support.desired import make_matrix, make_task
from tests.support.lab import Lab

WRITER = Holder(42, "run", "here", 1_000_000.0)


def text(lab: Lab, writer: Holder | None = None) -> str:
    return "\n".join(status_output.as_text(report_of(lab, writer)))


def test_json_follows_its_schema() -> None:
    lab = Lab(
        make_task("good"), make_task("bad", job="j"), make_task("web", restart=Restart.ALWAYS)
    )
    check("status", status_output.as_json(report_of(lab)))
    lab.settle()
    lab.world.finish("demo.good.1.0.1", 0)
    lab.world.finish("demo.bad.1.0.1", 3)
    lab.settle()
    said = status_output.as_json(report_of(lab, WRITER))
    check("status", said)
    tasks = said["tasks"]
    assert isinstance(tasks, list)
    assert [(t["name"], t["state"]) for t in tasks] == [
        ("bad", "Failed"), ("good", "Succeeded"), ("web", "Running"),
    ]  # fmt: skip
    failed = tasks[0]["instances"][0]
    assert (failed["exitCode"], failed["attempt"], failed["node"]) == (3, 1, "local")
    assert failed["startedAt"] is not None
    assert tasks[2]["instances"][0]["finishedAt"] is None
    assert said["writer"] == {
        "verb": "run", "pid": 42, "host": "here", "since": "1970-01-12T13:46:40.000Z",
    }  # fmt: skip


def test_people_see_the_image_the_revision_and_who_runs_it() -> None:
    lab = Lab(make_task(count=2))
    lab.settle()
    said = text(lab, WRITER)
    assert "project demo, revision f-1; kept so by `run`, process 42 on here" in said
    assert "busybox:stable" in said
    assert "work/1" in said
    assert "nobody runs it now" in text(lab)


def test_an_instance_of_a_matrix_shows_what_it_sees() -> None:
    lab = Lab(make_matrix("work", {"beta": ["\x1b[2J"], "alpha": ["1", "2"]}))
    assert "work/1 alpha=2 beta=\\x1b[2J" in text(lab)
    lab.settle()
    check("status", status_output.as_json(report_of(lab)))


def test_a_task_whose_manifest_is_gone_is_listed_as_long_as_it_has_containers() -> None:
    lab = Lab(make_task("old", job="j"))
    lab.settle()
    lab.commit(prunable=False)
    report = report_of(lab)
    assert "not asked for any more" in text(lab)
    said = status_output.as_json(report)
    check("status", said)
    assert said["tasks"][0]["job"] == "j"  # type: ignore[index]


def test_without_a_writer_nothing_is_being_prepared() -> None:
    lab = Lab(make_task(retry=Retry(2)))
    lab.settle()
    lab.world.finish(lab.live()[0], 1)
    lab.settle()
    lab.now += 60
    (standing,) = standings(report_of(lab))
    assert standing.verdicts[0].state is InstanceState.PENDING
    assert standing.verdicts[0].reason.endswith("waits for `apply` or `run`")
    (standing,) = standings(report_of(lab, WRITER))
    assert standing.verdicts[0].state is InstanceState.PREPARING


def test_a_node_that_cannot_be_seen_is_said_so() -> None:
    lab = Lab(make_task())
    lab.settle()
    lab.core.board.lose("local", "no Docker Engine answers")
    assert "node local: no Docker Engine answers" in text(lab)
    said = status_output.as_json(report_of(lab))
    check("status", said)
    assert said["tasks"][0]["instances"][0]["state"] == "Unknown"  # type: ignore[index]


def test_of_many_instances_only_those_that_need_a_look_are_listed() -> None:
    lab = Lab(make_task(count=20))
    lab.settle()
    assert "work/3" not in text(lab)
    lab.world.finish("demo.work.1.3.1", 9)
    lab.settle()
    said = text(lab)
    assert "work/3" in said
    assert "… and 19 instances more" in said


def scheduled(overlap: Overlap = Overlap.FORBID) -> Lab:
    lab = Lab(make_task(schedule=Schedule("0 * * * *", "Europe/Berlin", overlap)))
    lab.settle()
    return lab  # 1970-01-12 13:46:40 UTC


def test_a_schedule_shows_its_last_firing_and_its_next() -> None:
    lab = scheduled()
    assert "waits for its next firing at 1970-01-12 14:00 UTC" in text(lab)
    lab.wait(1000)
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    said = status_output.as_json(report_of(lab))
    check("status", said)
    tasks = said["tasks"]
    assert isinstance(tasks, list)
    (task,) = tasks
    assert task["state"] == "Succeeded"
    assert task["schedule"] == {
        "cron": "0 * * * *",
        "timezone": "Europe/Berlin",
        "overlap": "forbid",
        "last": "1970-01-12T14:00:00.000Z",
        "next": "1970-01-12T15:00:00.000Z",
    }
    assert "next firing at 1970-01-12 15:00 UTC" in text(lab)
    assert "run 1, attempt 1" in text(lab)


def test_what_is_suspended_fires_at_no_time() -> None:
    lab = scheduled()
    lab.core.note([Suspended("", lab.now)])
    lab.settle()
    said = status_output.as_json(report_of(lab))
    assert said["tasks"][0]["schedule"]["next"] is None  # type: ignore[index]
    assert "firing" not in text(lab)


def test_runs_that_overlap_are_told_apart() -> None:
    lab = scheduled(Overlap.ALLOW)
    lab.wait(1000)
    lab.wait(3600)
    said = status_output.as_json(report_of(lab))
    check("status", said)
    instances = said["tasks"][0]["instances"]  # type: ignore[index]
    assert [(i["id"], i["run"], i["state"]) for i in instances] == [
        (0, 1, "Running"), (0, 2, "Running"),
    ]  # fmt: skip
    assert "run 2, attempt 1" in text(lab)
