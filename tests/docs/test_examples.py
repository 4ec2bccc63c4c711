"""Each folder of examples runs as it stands."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shell import ROOT, Shell

# Its README's commands are run as they stand: it needs a folder to begin with.
APART = {"mandelbrot"}
EXAMPLES = sorted({path.parent.name for path in (ROOT / "examples").glob("*/*.yaml")} - APART)

pytestmark = pytest.mark.docker


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    opened = Shell(tmp_path)
    yield opened
    opened.clean()


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs(name: str, shell: Shell) -> None:
    shell.enter(shell.home / "examples" / name)
    assert json.loads(shell.run("reconciler validate --format json"))["problems"] == []
    shell.run("reconciler apply --wait --timeout 60s")
    tasks = json.loads(shell.run("reconciler status --format json"))["tasks"]
    waiting = {t["name"] for t in tasks if t["schedule"]}
    assert {t["state"] for t in tasks if t["name"] not in waiting} <= {"Succeeded", "Running"}
    assert {t["state"] for t in tasks if t["name"] in waiting} <= {"Pending"}
    actions = json.loads(shell.run("reconciler plan --format json"))["actions"]
    assert [a for a in actions if a["when"] == "now" or a["task"] not in waiting] == []
