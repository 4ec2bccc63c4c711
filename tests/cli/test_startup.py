"""What is imported is part of the interface: it is what one waits for."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import HELLO, call, write
from tests.support.engines import new_project

HEAVY = {
    *("asyncio", "docker", "jsonschema", "prometheus_client", "requests", "rich", "structlog"),
    *("urllib3", "watchdog", "yaml"),
}
PROBE = """
import json, sys
from reconciler.cli import main
try:
    main()
except SystemExit as end:
    tops = sorted({name.partition(".")[0] for name in sys.modules})
    print(json.dumps({"code": end.code, "modules": tops}), file=sys.stderr)
"""


def imported_by(*words: object) -> tuple[int, set[str]]:
    """Run a command in a process of its own; return its exit code and top-level modules."""
    command = [sys.executable, "-c", PROBE, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = json.loads(done.stderr.splitlines()[-1])
    return said["code"], set(said["modules"])


@pytest.mark.parametrize("words", [("--version",), ("--help",)])
def test_the_command_itself_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    code, modules = imported_by(*words)
    assert code == 0
    assert modules & (HEAVY | {"sqlite3", "decimal"}) == set()


def test_usage_errors_import_no_engine(tmp_path: Path) -> None:
    code, modules = imported_by("plan", "--nonsense")
    assert code == 64
    assert modules & (HEAVY - {"yaml"}) == set()


@pytest.fixture
def applied(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    source, state = tmp_path / "source", tmp_path / "state"
    write(source, hello=HELLO, reconciler=f"project: {new_project()}\n")
    assert call("apply", source, "--state", state, "--wait", "-q").exit_code == 0
    yield source, state
    assert call("destroy", source, "--state", state, "--yes", "--volumes").exit_code == 0


@pytest.mark.docker
def test_an_apply_that_changes_nothing_imports_and_says_little(
    applied: tuple[Path, Path],
) -> None:
    source, state = applied
    code, modules = imported_by("apply", source, "--state", state)
    assert code == 0
    assert modules & {"rich", "structlog", "jsonschema", "watchdog"} == set()
    silent = call("apply", source, "--state", state)
    assert silent.stderr == ""
    assert silent.stdout.endswith("nothing to do\n")
