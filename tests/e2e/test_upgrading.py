"""A ledger that an earlier version of this program wrote: who writes next brings it up to date."""

import sqlite3
from pathlib import Path

import pytest

from reconciler.ledger.connection import migrate
from reconciler.ledger.schema import APPLICATION_ID, MIGRATIONS
from tests.e2e.project import Project, task

pytestmark = pytest.mark.docker


def former_ledger(folder: Path, project: str) -> None:
    """Leave a ledger as the version before this one did."""
    folder.mkdir(mode=0o700)
    raw = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    migrate(raw, MIGRATIONS[:-1])
    raw.execute("INSERT INTO meta VALUES ('state_id', 's'), ('project', ?)", (project,))
    raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    raw.close()


def test_apply_goes_on_with_it_and_who_only_looks_says_so(project: Project) -> None:
    former_ledger(project.state, project.name)
    project.declare(task("work", "true"))
    looked = project.reconciler("plan").ends(1)
    assert "was last written by an earlier version" in looked.err
    project.apply("--wait")
    assert project.states("work") == ["Succeeded"]
    assert project.planned() == []


def test_run_goes_on_with_it(project: Project) -> None:
    former_ledger(project.state, project.name)
    project.declare(task("work", "true"))
    running = project.run()
    project.await_states("work", "Succeeded")
    running.terminate().ends(0)
