"""`run` follows every edit, keeps the last valid revision, and leaves when told to."""

import time

import pytest

from tests.e2e.project import Project, service, task
from tests.support.process import always, eventually

pytestmark = pytest.mark.docker


def test_a_saved_edit_is_picked_up(project: Project) -> None:
    project.declare(task("work"))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 1, "the first to run")
    project.declare(task("work", instances=3))
    eventually(lambda: len(project.engine.running()) == 3, "three to run")
    project.declare(task("another"))
    eventually(lambda: project.engine.running("another"), "a new file to be seen")
    running.terminate().ends(0)


def test_an_invalid_edit_leaves_the_last_valid_revision_in_force(project: Project) -> None:
    project.declare(service("web"))
    running = project.run()
    eventually(project.engine.running, "it to run")
    project.write("web.yaml", "kind: Task\nmetadata: {name: web\n")
    running.says("is refused, the last valid one stays in force", "web.yaml:")
    project.engine.kill(project.engine.name("web"))
    back = project.engine.name("web", attempt=2)
    project.engine.await_running(back)
    project.declare(service("web", instances=2))
    eventually(lambda: len(project.engine.running()) == 2, "the mended edit to be in force")
    assert back in project.engine.running()
    running.terminate().ends(0)


def test_run_goes_on_from_the_last_valid_revision(project: Project) -> None:
    project.declare(service("web"))
    project.apply("--wait")
    project.engine.remove(project.engine.name("web"))
    project.write("web.yaml", "kind: Nonsense\n")
    running = project.run()
    running.says("going on from revision", "the last valid one")
    back = project.engine.name("web", attempt=2)
    project.engine.await_running(back)
    running.terminate().ends(0)


def test_a_deleted_manifest_is_pruned_only_after_quiet(project: Project) -> None:
    project.declare(service("goes"), service("stays"))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 2, "both to run")
    before = project.engine.ids("stays")
    project.forget("goes")
    began = time.monotonic()
    eventually(lambda: not project.engine.running("goes"), "it to be torn down")
    assert time.monotonic() - began >= 2.0
    assert project.engine.ids("stays") == before
    running.terminate().ends(0)


def test_a_manifest_that_moves_is_not_torn_down_in_between(project: Project) -> None:
    project.declare(service("web"), service("other"))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 2, "both to run")
    before = project.engine.ids()
    content = (project.source / "web.yaml").read_text()
    project.forget("web")
    time.sleep(0.5)  # an editor that is slow
    project.write("moved/web.yaml", content)
    always(lambda: project.engine.ids() == before, "everything as it was", during=3.0)
    running.terminate().ends(0)


def test_an_emptied_folder_prunes_nothing(project: Project) -> None:
    named = project.source.rename(project.home / project.name)
    project.source = project.reconciler.source = named
    (named / "reconciler.yaml").unlink()
    project.declare(service("web"))
    running = project.run()
    eventually(project.engine.running, "it to run")
    before = project.engine.ids()
    project.forget("web")
    always(lambda: project.engine.ids() == before, "everything as it was", during=3.0)
    running.terminate().ends(0)


@pytest.mark.parametrize("how", ["terminate", "interrupt"])
def test_a_signal_ends_run_promptly_and_leaves_the_containers(project: Project, how: str) -> None:
    project.declare(service("web", instances=2), task("work"))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 3, "all to run")
    before = project.engine.running()
    began = time.monotonic()
    getattr(running, how)().ends(0)
    assert time.monotonic() - began < 5
    assert project.engine.running() == before
    assert project.writer() is None


def test_run_after_run_changes_nothing(project: Project) -> None:
    project.declare(service("web", instances=2), task("done", "true"))
    project.apply("--wait")
    with project.engine.watched() as record:
        running = project.run()
        eventually(lambda: (s := project.status("web")["state"]) == "Running" and s, "status")
        always(lambda: running.alive, "run goes on", during=1.5)
        running.terminate().ends(0)
        assert record.told == []


@pytest.mark.parametrize("verb", ["run", "apply"])
def test_a_second_writer_refuses_and_names_the_first(project: Project, verb: str) -> None:
    project.declare(service("web"))
    running = project.run()
    done = project.reconciler(verb).ends(3)
    assert f"process {running.pid}" in done.err
    assert "`run`" in done.err
    assert running.alive
    assert project.reconciler("plan").code == 0
    running.terminate().ends(0)


def test_a_killed_writer_leaves_no_lock(project: Project) -> None:
    project.declare(service("web"))
    project.run().kill()
    project.apply("--wait")
    assert len(project.engine.running()) == 1


def test_stop_under_run_goes_through_as_a_request(project: Project) -> None:
    project.declare(service("web", instances=2), task("work"))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 3, "all to run")
    project.reconciler("stop", "web/1").ends(0)
    assert project.engine.name("web", 1) not in project.engine.running()
    project.reconciler("stop", "work").ends(0)
    always(lambda: len(project.engine.running()) == 1, "it stays stopped", during=1.5)
    assert project.states("web") == ["Running", "Cancelled"]
    assert project.status("work")["state"] == "Cancelled"
    running.terminate().ends(0)
    project.apply()
    assert len(project.engine.running()) == 1


def test_stop_without_a_writer_stops(project: Project) -> None:
    project.declare(service("web"))
    project.apply("--wait")
    project.reconciler("stop", "web").ends(0)
    assert project.engine.running() == {}
    assert "stopped by request" in project.reconciler("why", "web").ends(0).out


def test_destroy_under_run_is_not_undone_until_a_new_revision(project: Project) -> None:
    project.declare(service("web"), task("work"))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 2, "both to run")
    project.reconciler("destroy", "--yes").ends(0)
    assert project.engine.ids() == {}
    always(lambda: not project.engine.ids(), "nothing comes back", during=1.0)
    running.terminate().ends(0)
    again = project.run()
    always(lambda: not project.engine.ids(), "nor under another run", during=1.0)
    project.declare(service("web", instances=2))
    eventually(lambda: len(project.engine.running("web")) == 2, "a new revision to be in force")
    again.terminate().ends(0)


def test_events_of_another_process_are_followed(project: Project) -> None:
    project.declare(task("work", "sleep 1; true"))
    running = project.run()
    eventually(lambda: project.reconciler("events").code == 0, "a ledger to be there")
    following = project.reconciler.start("events", "--follow", "--format", "json")
    following.says('"succeeded"')
    following.interrupt()
    running.terminate().ends(0)


def test_logs_follow_to_the_end(project: Project) -> None:
    project.declare(task("work", "for i in 1 2 3; do echo line $i; sleep 0.3; done"))
    project.apply()
    done = project.reconciler("logs", "-f", "work/0", within=30).ends(0)
    assert [f"line {n}" in done.out for n in (1, 2, 3)] == [True] * 3
