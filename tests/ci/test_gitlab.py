"""The pipeline of examples/ci/gitlab, its scripts run as a runner would, with a forge of paper."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.ci.repository import CI, MISTAKES, ROOT, base, environment, git, program, proposed

PIPELINE = yaml.safe_load((CI / "gitlab" / ".gitlab-ci.yml").read_text("utf-8"))
TOKEN = "made-up-token"
# Keeps notes in a file, as the forge would, and the arguments of each call.
CURL = """
import json, pathlib, sys
here = pathlib.Path(__file__).with_name("forge.json")
forge = json.loads(here.read_text())
words = sys.argv[1:]
forge["calls"].append(words)
assert sys.stdin.read() == 'header = "PRIVATE-TOKEN: made-up-token"\\n'
assert words[:5] == ["--silent", "--show-error", "--fail", "--config", "-"]
notes = "https://forge.example/api/v4/projects/42/merge_requests/7/notes"
address, _, query = words[-1].partition("?")
if "--data-urlencode" not in words:
    assert (address, query) == (notes, "sort=asc&order_by=created_at&per_page=100")
    print(json.dumps(forge["notes"]))
else:
    name, _, path = words[words.index("--data-urlencode") + 1].partition("@")
    assert name == "body"
    body = pathlib.Path(path).read_text()
    if "--request" in words:
        assert words[words.index("--request") + 1] == "PUT"
        (found,) = [n for n in forge["notes"] if address == f"{notes}/{n['id']}"]
        found["body"] = body
    else:
        assert address == notes
        forge["notes"].append({"id": 100 + len(forge["notes"]), "body": body})
here.write_text(json.dumps(forge))
"""


class Forge:
    """The notes of merge request 7."""

    def __init__(self, folder: Path, *bodies: str) -> None:
        self.folder = folder
        program(folder, "curl", CURL)
        self._file = folder / "forge.json"
        notes = [{"id": number, "body": body} for number, body in enumerate(bodies)]
        self._file.write_text(json.dumps({"notes": notes, "calls": []}))

    @property
    def notes(self) -> list[str]:
        return [note["body"] for note in json.loads(self._file.read_text())["notes"]]

    @property
    def calls(self) -> list[list[str]]:
        calls: list[list[str]] = json.loads(self._file.read_text())["calls"]
        return calls


def run(
    lines: list[str], work: Path, forge: Forge, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a list of script lines in one shell, as a runner does."""
    variables = {**PIPELINE["variables"], **more}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=work,
        env=environment(
            **variables,
            PATH=f"{forge.folder}:{environment()['PATH']}",
            CI_API_V4_URL="https://forge.example/api/v4",
            CI_PROJECT_ID="42",
            CI_MERGE_REQUEST_IID="7",
            CI_MERGE_REQUEST_DIFF_BASE_SHA=base(work),
        ),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def job(name: str) -> list[str]:
    assert PIPELINE[name]["extends"] == ".reconciler"
    lines: list[str] = PIPELINE[name]["script"]
    return lines


def cases(work: Path) -> dict[str, bool]:
    """Return whether each test case of the report has passed."""
    (path,) = PIPELINE["validate"]["artifacts"]["reports"].values()
    report = ET.parse(work / path)  # noqa: S314  # our own
    found = {case.get("file", ""): case.find("failure") is None for case in report.iter("testcase")}
    assert found
    return found


def test_a_bad_commit_fails_and_is_reported(tmp_path: Path) -> None:
    work = proposed(tmp_path, "bad")
    done = run(job("validate"), work, Forge(tmp_path / "forge"))
    assert done.returncode == 1
    assert all(f"{path}:{line}:" in done.stdout for path, line, _ in MISTAKES)
    failed = {name for name, passed in cases(work).items() if not passed}
    assert failed == {path for path, _, _ in MISTAKES}
    assert PIPELINE["validate"]["artifacts"]["when"] == "always"


def test_a_good_commit_is_valid(tmp_path: Path) -> None:
    work = proposed(tmp_path, "good")
    done = run(job("validate"), work, Forge(tmp_path / "forge"))
    assert done.returncode == 0, done.stderr
    assert set(cases(work).values()) == {True}


def test_a_good_commit_shows_its_plan_in_one_note(tmp_path: Path) -> None:
    work, forge = proposed(tmp_path, "good"), Forge(tmp_path / "forge", "A person's note")
    done = run(job("plan"), work, forge, RECONCILER_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    person, plan = forge.notes
    assert person == "A person's note"
    (path,) = PIPELINE["plan"]["artifacts"]["paths"]
    assert plan == (work / path).read_text() == done.stdout
    assert plan.startswith("<!-- reconciler:plan:fleet -->\n")
    assert "Good morning" in plan


def test_a_second_push_updates_the_note(tmp_path: Path) -> None:
    work, forge = proposed(tmp_path, "good"), Forge(tmp_path / "forge", "Hello")
    run(job("plan"), work, forge, RECONCILER_TOKEN=TOKEN)
    (work / "manifests" / "check.yaml").unlink()
    git(work, "commit", "-q", "-a", "--amend", "-m", "A smaller change")
    done = run(job("plan"), work, forge, RECONCILER_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert len(forge.notes) == 2
    assert "`check`" not in forge.notes[1]


def test_the_token_is_no_argument(tmp_path: Path) -> None:
    work, forge = proposed(tmp_path, "good"), Forge(tmp_path / "forge")
    run(job("plan"), work, forge, RECONCILER_TOKEN=TOKEN)
    assert len(forge.calls) == 2
    assert [word for call in forge.calls for word in call if TOKEN in word] == []


def test_without_a_token_the_plan_is_an_artifact(tmp_path: Path) -> None:
    work, forge = proposed(tmp_path, "good"), Forge(tmp_path / "forge")
    done = run(job("plan"), work, forge)
    assert (done.returncode, forge.calls) == (0, [])
    assert "RECONCILER_TOKEN is not set" in done.stdout
    assert "`web`" in (work / "reconciler-plan.md").read_text()


def test_only_merge_requests_are_compared() -> None:
    rules: list[Any] = PIPELINE["plan"]["rules"]
    assert rules == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert [PIPELINE[name]["stage"] for name in ("validate", "plan")] == PIPELINE["stages"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_job_installs_what_it_runs(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    git(tmp_path, "init", "-q", "-b", "release", str(checkout))
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "-m", "A release")
    where = {"RECONCILER_REPOSITORY": checkout.as_uri(), "RECONCILER_REVISION": "release"}
    lines = [*PIPELINE[".reconciler"]["before_script"], *job("validate"), "command -v reconciler"]
    done = run(
        lines, proposed(tmp_path, "good"), Forge(tmp_path / "forge"), TMPDIR=str(tmp_path), **where
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout.splitlines()[-1]
