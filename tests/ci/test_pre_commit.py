"""The hook, run on each commit as pre-commit would run it: its entry, then its arguments."""

import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.ci.repository import CI, MISTAKES, ROOT, environment, proposed

((HOOK),) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
CONFIGURATION = yaml.safe_load((CI / "pre-commit" / ".pre-commit-config.yaml").read_text("utf-8"))


def run(work: Path) -> subprocess.CompletedProcess[str]:
    """Run the hook as the example configures it."""
    ((repository),) = CONFIGURATION["repos"]
    ((used),) = repository["hooks"]
    assert used["id"] == HOOK["id"]
    assert (HOOK["language"], HOOK["pass_filenames"]) == ("python", False)
    command = [*shlex.split(HOOK["entry"]), *used["args"]]
    return subprocess.run(
        command, cwd=work, env=environment(), capture_output=True, text=True, check=False
    )


def test_a_bad_commit_is_refused(tmp_path: Path) -> None:
    done = run(proposed(tmp_path, "bad"))
    assert done.returncode == 1
    assert all(f"{path}:{line}:" in done.stdout for path, line, _ in MISTAKES)


@pytest.mark.parametrize("change", ["", "good"])
def test_a_good_commit_passes(change: str, tmp_path: Path) -> None:
    assert run(proposed(tmp_path, change)).returncode == 0


def test_a_commit_that_deletes_what_others_need_is_refused(tmp_path: Path) -> None:
    work = proposed(tmp_path)
    (work / "manifests" / "profile.yaml").unlink()
    done = run(work)
    assert done.returncode == 1
    assert "manifests/sampling.yaml:6:12: error unknown-profile" in done.stdout
    assert HOOK["always_run"] is True
