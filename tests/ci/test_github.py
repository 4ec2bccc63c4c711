"""The action's own scripts, run as a runner would, in a clone and with a forge of paper."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.repository import CI, MISTAKES, base, environment, git, program, propose, proposed
from tests.ci.runner import ACTION, Runner, steps

WORKFLOW = yaml.safe_load((CI / "github/.github/workflows/manifests.yml").read_text("utf-8"))
ANNOTATION = re.compile(r"^::error file=(.*),line=(\d+),col=\d+,title=([^:]+)::.", re.MULTILINE)
TOKEN = "made-up-token"
# Keeps comments in a file, as gh would at the forge, and each call with its arguments.
GH = """
import json, os, pathlib, sys
here = pathlib.Path(__file__).with_name("forge.json")
forge = json.loads(here.read_text())
words = sys.argv[1:]
forge["calls"].append(words)
assert words[0] == "api" and os.environ["GH_TOKEN"] == "made-up-token"
method = words[words.index("--method") + 1] if "--method" in words else "GET"
(address,) = [w for w in words if w.startswith("repos/")]
if method != "GET":
    if forge["closed"]:
        sys.exit("gh: Resource not accessible by integration (HTTP 403)")
    name, _, path = words[words.index("--field") + 1].partition("=@")
    assert name == "body"
    body = pathlib.Path(path).read_text()
if method == "GET":
    assert address == "repos/lab/fleet/issues/7/comments"
    query = words[words.index("--jq") + 1]
    assert query == ".[] | select(.body | startswith(env.MARKER)) | .id"
    marked = [c for c in forge["comments"] if c["body"].startswith(os.environ["MARKER"])]
    print(*[c["id"] for c in marked], sep="\\n")
elif method == "POST":
    assert address == "repos/lab/fleet/issues/7/comments"
    forge["comments"].append({"id": 100 + len(forge["comments"]), "body": body})
else:
    assert method == "PATCH"
    (found,) = [c for c in forge["comments"] if address.endswith(f"/comments/{c['id']}")]
    found["body"] = body
here.write_text(json.dumps(forge))
"""


class Forge:
    """The comments of pull request 7."""

    def __init__(self, folder: Path, *bodies: str, closed: bool = False) -> None:
        self.folder = folder
        program(folder, "gh", GH)
        comments = [{"id": number, "body": body} for number, body in enumerate(bodies)]
        self._file = folder / "forge.json"
        self._file.write_text(json.dumps({"comments": comments, "calls": [], "closed": closed}))

    @property
    def comments(self) -> list[str]:
        return [comment["body"] for comment in json.loads(self._file.read_text())["comments"]]

    @property
    def calls(self) -> list[list[str]]:
        calls: list[list[str]] = json.loads(self._file.read_text())["calls"]
        return calls


def job(work: Path, forge: Forge, event: dict[str, Any] | None = None, **given: str) -> Runner:
    """Return a job for a pull request, unless another event is given."""
    temp = forge.folder.parent / "temp"
    program(temp / "reconciler" / "bin", "reconciler", "from reconciler.cli import main\nmain()\n")
    request = {"number": 7, "base": {"sha": base(work) if event is None else ""}}
    github = {
        "repository": "lab/fleet",
        "token": TOKEN,
        "event": event or {"pull_request": request},
    }
    with_ = WORKFLOW["jobs"]["manifests"]["steps"][-1]["with"]
    renamed = {name.replace("_", "-"): value for name, value in given.items()}
    context = {"github": github, "with": {**with_, **renamed}}
    return Runner(work, temp, context, str(forge.folder))


def annotations(said: str) -> set[tuple[str, int, str]]:
    return {(path, int(line), code) for path, line, code in ANNOTATION.findall(said)}


def summary(runner: Runner) -> str:
    file = runner.temp / "summary.md"
    return file.read_text() if file.exists() else ""


def test_a_bad_commit_fails_with_annotations(tmp_path: Path) -> None:
    forge = Forge(tmp_path / "forge")
    runner = job(proposed(tmp_path, "bad"), forge)
    assert runner.run() == 1
    assert annotations(runner.said) == MISTAKES
    assert (summary(runner), forge.calls) == ("", [])


def test_a_good_commit_shows_its_plan_in_the_summary_and_one_comment(tmp_path: Path) -> None:
    forge = Forge(tmp_path / "forge", "A person's comment")
    runner = job(proposed(tmp_path, "good"), forge)
    assert runner.run() == 0, runner.said
    assert annotations(runner.said) == set()
    person, plan = forge.comments
    assert person == "A person's comment"
    assert plan == summary(runner)
    assert plan.startswith("<!-- reconciler:plan:fleet -->\n")
    assert all(word in plan for word in ("`check`", "`sampling`", "`web`", "Good morning"))


def test_a_second_push_updates_the_comment(tmp_path: Path) -> None:
    forge = Forge(tmp_path / "forge", "Hello")
    work = proposed(tmp_path, "good")
    first = job(work, forge)
    assert first.run() == 0, first.said
    (work / "manifests" / "check.yaml").unlink()
    git(work, "commit", "-q", "-a", "--amend", "-m", "A smaller change")
    assert job(work, forge).run() == 0
    assert len(forge.comments) == 2
    assert "`check`" not in forge.comments[1]
    assert "`web`" in forge.comments[1]


def test_the_token_is_no_argument(tmp_path: Path) -> None:
    forge = Forge(tmp_path / "forge")
    assert job(proposed(tmp_path, "good"), forge).run() == 0
    assert [word for call in forge.calls for word in call if TOKEN in word] == []


def test_a_token_that_may_not_post_is_a_warning(tmp_path: Path) -> None:
    forge = Forge(tmp_path / "forge", closed=True)
    runner = job(proposed(tmp_path, "good"), forge)
    assert runner.run() == 0
    assert "::warning title=plan not posted::" in runner.said
    assert "`web`" in summary(runner)


def test_comment_false_posts_nothing(tmp_path: Path) -> None:
    forge = Forge(tmp_path / "forge")
    runner = job(proposed(tmp_path, "good"), forge, comment="false")
    assert (runner.run(), forge.calls) == (0, [])
    assert "`web`" in summary(runner)


def test_a_push_is_compared_with_what_was_there_before(tmp_path: Path) -> None:
    forge, work = Forge(tmp_path / "forge"), proposed(tmp_path, "good")
    runner = job(work, forge, {"before": base(work)})
    assert (runner.run(), forge.calls) == (0, [])
    assert "`web`" in summary(runner)


@pytest.mark.parametrize("before", ["", "0" * 40])
def test_the_first_push_of_a_branch_is_validated_only(before: str, tmp_path: Path) -> None:
    forge = Forge(tmp_path / "forge")
    runner = job(proposed(tmp_path, "good"), forge, {"before": before, "x": 1})
    assert (runner.run(), summary(runner)) == (0, "")


def test_a_shallow_clone_fetches_what_it_compares_with(tmp_path: Path) -> None:
    origin = proposed(tmp_path, "good")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "-q", "--depth=1", origin.as_uri(), "clone")
    forge, clone = Forge(tmp_path / "forge"), tmp_path / "clone"
    runner = job(clone, forge, {"before": base(origin)})
    assert git(clone, "rev-list", "--count", "HEAD") == "1"
    assert runner.run() == 0, runner.said
    assert "`web`" in summary(runner)


def test_a_branch_can_be_named(tmp_path: Path) -> None:
    origin = proposed(tmp_path)
    git(origin, "checkout", "-q", "-b", "next")
    propose(origin, "good")
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=next", origin.as_uri(), "clone")
    runner = job(tmp_path / "clone", Forge(tmp_path / "forge"), {"x": 1}, **{"from": "main"})
    assert runner.run() == 0, runner.said
    assert "`web`" in summary(runner)


@pytest.mark.parametrize(("wish", "code"), [("true", 1), ("false", 0)])
def test_warnings_fail_the_job_on_request(wish: str, code: int, tmp_path: Path) -> None:
    runner = job(proposed(tmp_path, "good"), Forge(tmp_path / "forge"), fail_on_warnings=wish)
    warning = "print('::warning file=a.yaml,line=1,col=1,title=x::y')\n"
    program(tmp_path / "temp" / "reconciler" / "bin", "reconciler", warning)
    (validate,) = (step for step in steps() if step["name"] == "Validate")
    assert runner.step(validate) == code
    assert "::warning file=a.yaml" in runner.said


@pytest.mark.parametrize("name", ["path", "from", "to", "config"])
@pytest.mark.parametrize("hostile", ["$(touch pwned)", "`touch pwned`", "'; touch pwned; '", "-x"])
def test_what_comes_from_outside_is_never_run(name: str, hostile: str, tmp_path: Path) -> None:
    work = proposed(tmp_path, "good")
    runner = job(work, Forge(tmp_path / "forge"), None, **{name: hostile})
    runner.run()
    assert "Traceback" not in runner.said
    assert list(tmp_path.rglob("pwned")) == []


@pytest.mark.parametrize("name", ["path", "from", "to", "config"])
def test_what_is_not_there_fails_the_job(name: str, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", proposed(tmp_path, "good").as_uri(), "clone")
    clone, forge = tmp_path / "clone", Forge(tmp_path / "forge")
    git(clone, "fetch", "-q", "origin", "main")  # leaves a commit behind that nobody asks for now
    runner = job(clone, forge, None, **{name: "nowhere"})
    assert runner.run() != 0
    assert "nowhere" in runner.said
    assert forge.calls == []


def test_no_script_has_an_expression_in_its_text() -> None:
    assert [step["name"] for step in steps() if "${{" in step["run"]] == []


def test_what_is_used_is_pinned_to_a_major() -> None:
    listed = [*ACTION["runs"]["steps"], *WORKFLOW["jobs"]["manifests"]["steps"]]
    used = [step["uses"] for step in listed if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w./-]+@v\d+", name)] == []


def test_the_workflow_may_read_and_comment() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read", "pull-requests": "write"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_action_installs_itself(tmp_path: Path) -> None:
    runner = job(proposed(tmp_path, "good"), Forge(tmp_path / "forge"))
    (tmp_path / "temp" / "reconciler" / "bin" / "reconciler").unlink()
    assert runner.run(skip="") == 0, runner.said
    made = tmp_path / "temp" / "reconciler" / "bin" / "reconciler"
    assert "from reconciler.cli import main" in made.read_text()
    assert environment()["PATH"] not in made.read_text()
    assert "`web`" in summary(runner)
