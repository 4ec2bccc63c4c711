"""The ledger's copy: made under a live `run`, put back after the ledger is lost or damaged."""

from pathlib import Path

import pytest

from tests.e2e.project import Project, service, task

pytestmark = pytest.mark.docker


def test_a_copy_put_back_runs_nothing_twice(project: Project, tmp_path: Path) -> None:
    project.declare(task("done", "true", instances=2), service("web"))
    running = project.run()
    project.await_states("done", "Succeeded", "Succeeded")
    project.await_states("web", "Running")
    copy = tmp_path / "copy.db"
    project.reconciler("backup", str(copy)).ends(0)
    assert project.reconciler("restore", str(copy)).ends(3).err, "a writer is at work"
    running.terminate().ends(0)
    before = project.engine.ids("web")
    for name in project.engine.ids("done"):
        project.engine.remove(name)
    (project.state / "ledger.db").write_bytes(b"scribble" * 512)
    assert "is damaged" in project.apply(code=1).err
    assert "kept as" in project.reconciler("restore", str(copy)).ends(0).out
    assert project.states("done") == ["Succeeded", "Succeeded"]
    project.declare(task("later", "true"))
    project.apply(code=3)
    assert project.states("later") == ["Pending"], "batch work waits for a person"
    assert "relearn" in project.reconciler("why", "later/0").ends(0).out
    project.reconciler("relearn").ends(0)
    project.apply("--wait")
    assert project.states("later") == ["Succeeded"]
    assert project.states("done") == ["Succeeded", "Succeeded"]
    assert project.engine.ids("done") == {}, "what has completed did not run again"
    assert project.engine.ids("web") == before
