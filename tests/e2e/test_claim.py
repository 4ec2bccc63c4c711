"""One project, one ledger: who may write, and what a lost ledger means."""

import shutil

import pytest

from tests.e2e.project import Project, service, task
from tests.support.process import Reconciler, always, eventually

pytestmark = pytest.mark.docker


@pytest.fixture
def other(project: Project) -> Reconciler:
    """Somebody who applies the same folder with a state folder of his own."""
    notes = project.home / "other-notes"
    notes.mkdir()
    return Reconciler(project.source, project.home / "other-state", notes)


def test_another_state_folder_is_refused_and_told_whose_it_is(
    project: Project, other: Reconciler
) -> None:
    project.declare(task("work"))
    project.apply()
    before = project.engine.ids()
    project.declare(task("work", instances=2))
    for verb in ("apply", "run"):
        done = other(verb).ends(3)
        assert str(project.state) in done.err
        assert "--take-over" in done.err
    assert project.engine.ids() == before
    assert str(project.state) in other("plan").said


def test_take_over_takes_over_what_runs(project: Project, other: Reconciler) -> None:
    project.declare(service("web"), task("work"))
    project.apply()
    before = project.engine.ids()
    other("apply", "--take-over").ends(0)
    assert project.engine.ids() == before
    done = project.reconciler("apply").ends(3)
    assert str(other.state) in done.err
    assert project.engine.ids() == before


def test_a_running_holder_stops_when_its_claim_is_taken(
    project: Project, other: Reconciler
) -> None:
    project.declare(service("web"))
    running = project.run("--resync", "1s")
    eventually(project.engine.running, "it to run")
    other("apply", "--take-over").ends(0)
    done = running.wait(30).ends(3)
    assert "claim" in done.err
    assert len(project.engine.running()) == 1


def test_a_lost_ledger_begins_no_batch_work_until_relearn(project: Project) -> None:
    project.declare(task("done", "true", instances=2), service("web"), task("running"))
    project.apply()
    eventually(lambda: not project.engine.running("done"), "the programs to end")
    project.apply()
    project.engine.remove(project.engine.name("done", 1))
    running = project.engine.ids("running")
    shutil.rmtree(project.state)
    project.engine.remove(project.engine.name("web"))
    done = project.apply(code=3)
    assert "the ledger was lost" in done.err
    assert "relearn" in done.err
    assert project.engine.running("web"), "services are not kept waiting"
    assert project.engine.ids("running") == running
    assert project.engine.name("done", 1) not in project.engine.ids()
    assert project.engine.inspect(project.engine.name("done", 1)) is None
    assert "relearn" in project.reconciler("why", "done/1").ends(0).out
    project.apply(code=3)
    project.reconciler("relearn").ends(0)
    project.apply()
    eventually(lambda: project.engine.inspect(project.engine.name("done", 1)), "it to run again")
    assert project.engine.ids("running") == running
    assert project.states("done")[0] == "Succeeded", "what Docker still showed is known"


def test_a_lost_ledger_and_a_broken_source_tear_nothing_down(project: Project) -> None:
    project.declare(service("web", instances=2))
    project.apply()
    before = project.engine.running()
    shutil.rmtree(project.state)
    project.write("web.yaml", "kind: [")
    running = project.run()
    running.says("nothing is changed until this is mended", "the ledger was lost")
    always(lambda: project.engine.running() == before, "what runs stays", during=1.0)
    project.declare(service("web", instances=3))
    eventually(lambda: len(project.engine.running()) == 3, "the third to run")
    assert before.items() <= project.engine.running().items()
    assert "destroyed" not in running.terminate().ends(0).err


def test_plan_of_a_lost_ledger_begins_no_batch_work(project: Project) -> None:
    project.declare(task("done", "true"))
    project.apply("--wait")
    project.engine.remove(project.engine.name("done"))
    shutil.rmtree(project.state)
    assert project.planned() == []
    assert not project.state.exists()


def test_destroy_gives_the_claim_back(project: Project, other: Reconciler) -> None:
    project.declare(task("work"))
    project.apply()
    project.reconciler("destroy", "--yes").ends(0)
    assert project.engine.volumes() == {}
    other("apply").ends(0)
