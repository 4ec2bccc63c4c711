"""Each folder of examples runs as it stands."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shell import ROOT, Shell

EXAMPLES = sorted({path.parent.name for path in (ROOT / "examples").glob("*/*.yaml")})

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
    states = {t["state"] for t in json.loads(shell.run("reconciler status --format json"))["tasks"]}
    assert states <= {"Succeeded", "Running"}
    assert json.loads(shell.run("reconciler plan --format json"))["actions"] == []
