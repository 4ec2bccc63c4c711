"""Which instances and runs there are, on a real engine: matrices, counts and schedules."""

import re
from datetime import UTC, datetime

import pytest

from tests.e2e.project import Project, task
from tests.support.process import eventually

pytestmark = pytest.mark.docker
SAY = 'echo "alpha=$alpha beta=$beta id=$INSTANCE_ID of $INSTANCE_COUNT"'


def sweep(alpha: list[object], beta: list[object]) -> dict[str, object]:
    return task("sweep", SAY, instances={"matrix": {"alpha": alpha, "beta": beta}}, parallelism=4)


def said(project: Project) -> set[str]:
    """Return what instances have printed."""
    logs = project.reconciler("logs", "sweep", "--format", "json").ends(0).lines()
    return {entry["line"] for entry in logs}


def test_a_matrix_of_three_by_four_runs_each_combination_once(project: Project) -> None:
    alpha, beta = [1, 2, 3], ["a", "b", "c", "d e"]
    project.declare(sweep([*alpha], [*beta]))
    project.apply("--wait")
    assert project.states("sweep") == ["Succeeded"] * 12
    assert {line.partition(" id=")[0] for line in said(project)} == {
        f"alpha={a} beta={b}" for a in alpha for b in beta
    }
    assert {line.rpartition(" ")[2] for line in said(project)} == {"12"}
    with project.engine.watched() as record:
        project.declare(sweep([3, 2, 4], [*beta]))
        project.apply("--wait")
        new = [project.engine.name("sweep", n) for n in range(12, 16)]
        assert sorted(record.of("start")) == new
    assert "alpha=4 beta=d e id=15 of 12" in said(project)
    shown = project.reconciler_json("describe", "sweep/15")
    assert shown["values"] == {"alpha": "4", "beta": "d e"}
    assert "\n15 alpha=4 beta=d e | alpha=4" in project.reconciler("logs", "sweep").ends(0).out
    assert project.planned() == []


def test_a_lost_ledger_leaves_combinations_what_they_are(project: Project) -> None:
    project.declare(task("sweep", instances={"matrix": {"alpha": [1, 2, 3]}}))
    project.apply()
    project.declare(task("sweep", instances={"matrix": {"alpha": [4, 3, 2]}}))
    project.apply()
    running = project.engine.running()
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (project.state / name).unlink(missing_ok=True)
    project.apply(code=3)
    project.reconciler("relearn").ends(0)
    project.apply()
    assert project.engine.running() == running
    seen = {n: project.reconciler_json("describe", f"sweep/{n}")["values"] for n in (1, 2, 3)}
    assert seen == {1: {"alpha": "2"}, 2: {"alpha": "3"}, 3: {"alpha": "4"}}


def test_scaling_completed_work_keeps_it_and_says_so_or_runs_it_again(project: Project) -> None:
    project.declare(task("work", "true", instances=2))
    project.apply("--wait")
    project.declare(task("work", "true", instances=3))
    assert "completed with INSTANCE_COUNT 2, and there are 3 now" in project.reconciler("plan").err
    project.declare(task("work", "true", instances=3, onScale="rerun"))
    with project.engine.watched() as record:
        project.apply("--wait")
        name = project.engine.name
        assert sorted(record.of("start")) == [
            name("work", 0, attempt=2), name("work", 1, attempt=2), name("work", 2),
        ]  # fmt: skip
    assert project.planned() == []


def test_a_schedule_waits_and_a_raised_rerun_does_not(project: Project) -> None:
    leap_day = {"cron": "0 0 29 2 *", "timezone": "Europe/Berlin"}
    project.declare(task("rare", "true", schedule=leap_day))
    done = project.apply("--wait")
    assert "the firings of 1 scheduled task" in done.out
    assert project.engine.ids() == {}
    assert project.planned() == []
    status = project.status("rare")
    assert status["state"] == "Pending"
    assert re.fullmatch(r"rare/0: waits for its next firing at 20\d\d-02-28 23:00 UTC",
                        status["reason"])  # fmt: skip
    project.declare(task("rare", "true", schedule=leap_day, rerun=1))
    project.apply("--wait")
    assert project.states("rare") == ["Succeeded"]
    assert list(project.engine.ids()) == [project.engine.name("rare")]


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_every_minute_over_killed_reconcilers_is_a_run_once(project: Project) -> None:
    starts = project.home / "starts"
    starts.mkdir(mode=0o777)
    starts.chmod(0o777)
    mount = {"type": "bind", "source": str(starts), "target": "/starts"}
    every = {"cron": "* * * * *", "overlap": "allow"}
    script = 'echo "$RUN $INSTANCE_ID $ATTEMPT" >> /starts/ledger'
    project.declare(task("tick", script, schedule=every, container={"mounts": [mount]}))

    def started() -> list[str]:
        ledger = starts / "ledger"
        return ledger.read_text().splitlines() if ledger.exists() else []

    for count in (1, 2, 3):
        running = project.run()
        eventually(lambda: len(started()) >= count, "the next firing", within=90)  # noqa: B023
        running.kill()
    running = project.run()
    eventually(lambda: len(started()) >= 4, "another firing", within=90)
    eventually(lambda: project.states("tick") == ["Succeeded"], "it to be done", pause=0.3)
    running.terminate().ends(0)
    nominal = _nominal(project)
    assert nominal == [nominal[0] + 60.0 * n for n in range(4)]
    assert started() == [f"{run} 0 1" for run in (1, 2, 3, 4)], "each run once"
    assert project.status("tick")["schedule"]["last"] is not None


def _nominal(project: Project) -> list[float]:
    """Return the times of the firings that opened runs, in order."""
    opened = [e["message"] for e in project.events() if e["kind"] == "run"]
    found = (re.search(r"fired at (\S+ \S+) UTC", message) for message in opened)
    times = [datetime.strptime(at[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC) for at in found if at]
    return [at.timestamp() for at in times]
