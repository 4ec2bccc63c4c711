"""The command line under test: called in this process, and looked at through built values."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from reconciler.cli.group import cli
from reconciler.cli.place import Place
from reconciler.controller.almanac import Wall, scheduled
from reconciler.controller.reading import Report
from reconciler.ledger import Holder
from reconciler.planning import plan
from reconciler.sources import FolderSource
from tests.support.lab import Lab

SCHEMAS = Path(__file__).parents[2] / "schemas" / "output"
PLACE = Place(FolderSource(Path("/nowhere")), Path(), "demo", None)
HELLO = """\
apiVersion: reconciler/v1
kind: Task
metadata: {name: hello}
spec:
  instances: 2
  constants: {DOCKER_REPO: busybox, DOCKER_TAG: stable, DOCKER_CMD: echo hello}
"""

NOBODYS = {"XDG_CONFIG_HOME": "/nowhere"}  # rather than that of whoever runs the tests


def call(*words: object) -> Result:
    """Call the command line and return its exit code and output."""
    return CliRunner().invoke(cli, [str(word) for word in words], env=NOBODYS)


def given(text: str, *words: object) -> Result:
    """Call with something at standard input."""
    return CliRunner().invoke(cli, [str(word) for word in words], input=text, env=NOBODYS)


def write(folder: Path, **files: str) -> Path:
    """Write manifests, `hello="…"` as hello.yaml, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def report_of(lab: Lab, writer: Holder | None = None) -> Report:
    """Return what a reader would see of a lab."""
    observed, history = lab.core.board.observed(), lab.core.history
    calendar = Wall(lambda: lab.now + lab.ahead).look(
        scheduled(lab.desired), lab.desired.pools.values()
    )
    made = plan(lab.core.effective(), observed, history, lab.now, calendar=calendar)
    return Report(
        desired=lab.core.effective(),
        observed=observed,
        history=history,
        plan=made,
        engines={},
        writer=writer,
        folder=Path("/nowhere"),
        recorded=True,
        at=lab.now,
        calendar=calendar,
    )


def check(name: str, value: Any) -> None:  # noqa: ANN401  # JSON
    """Hold an output against its schema, as JSON would carry it."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(json.dumps(value)))
