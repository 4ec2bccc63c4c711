"""Equal work is done once: what it came to is taken over, on real engines, folders and servers."""

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import validate

from tests.e2e.project import Json, Project, task
from tests.e2e.store import Store, bucket
from tests.support.process import ROOT, eventually

pytestmark = pytest.mark.docker
# What it writes is another text each time that it runs.
ONCE = "mkdir -p /job; cat /proc/sys/kernel/random/uuid > /job/a.txt"
KEEP = {"bucket": "results", "prefix": "${TASK_NAME}/${INSTANCE_ID}/", "source": "/job"}
SCHEMA = ROOT / "schemas" / "output" / "result-manifest.json"


def once(name: str) -> Json:
    return task(name, ONCE, instances=2, cache=True, outputs=KEEP)


@pytest.fixture
def folder(project: Project) -> Path:
    """Declare a bucket that is a folder, with the results of a first task in it."""
    root = project.home / "bucket"
    root.mkdir()
    project.declare(bucket("results", url=f"file://{root}"), once("first"))
    project.apply("--wait")
    return root


def written(folder: Path, name: str) -> list[str]:
    return [(folder / name / str(number) / "a.txt").read_text() for number in range(2)]


def test_what_equal_work_came_to_is_taken_over(project: Project, folder: Path) -> None:
    project.declare(once("second"))
    assert "= reuse second/0" in " ".join(project.reconciler("plan").ends(0).out.split())
    project.apply("--wait")
    assert project.states("second") == ["Succeeded"] * 2
    assert written(folder, "second") == written(folder, "first")
    assert not [event for event in project.events() if event["task"] == "second"
                and event["kind"] in {"create", "started"}]  # fmt: skip
    said = project.reconciler("why", "second/1").ends(0).out
    assert "taken over from first/1 (run 1, attempt 1)" in said
    told = json.loads((folder / "second/1/.reconciler/second.1.1.json").read_text())
    validate(told, json.loads(SCHEMA.read_text()))
    assert told["reusedFrom"] == {"task": "first", "run": 1, "instance": 1, "attempt": 1}
    there = project.home / "fetched"
    project.reconciler("results", "second", "--fetch", str(there)).ends(0)
    assert (there / "1" / "a.txt").read_text() == written(folder, "first")[1]


def test_it_runs_where_that_is_wanted_or_the_results_are_gone(
    project: Project, folder: Path
) -> None:
    project.declare(once("wanted"))
    project.apply("--wait", "--no-cache")
    assert not {*written(folder, "wanted")} & {*written(folder, "first")}
    shutil.rmtree(folder / "first")
    shutil.rmtree(folder / "wanted")
    project.declare(once("gone"))
    project.apply("--wait")
    assert project.states("gone") == ["Succeeded"] * 2
    assert len(written(folder, "gone")) == 2
    said = [event["message"] for event in project.events() if event["kind"] == "results-gone"]
    assert len(said) == 4
    assert all("has no wanted/" in line or "has no first/" in line for line in said)


FILES, SIZE = 40, 64 * 1024
MANY = f"mkdir /job; for n in $(seq {FILES}); do head -c {SIZE} /dev/urandom > /job/$n; done"
# So many of them are there when it is killed.
SOME = 8


def many(name: str, to: str = "lab") -> Json:
    """Return a task that reads from the server's bucket, and leaves many files in one."""
    data = {"bucket": "lab", "prefix": "in/", "target": "/in", "readOnly": True}
    keep = {"bucket": to, "prefix": "${TASK_NAME}/", "source": "/job"}
    return task(name, MANY, cache=True, inputs=[data], outputs=keep)


def assert_taken_over(project: Project, store: Store, there: Path | None) -> None:
    """The second one has not run, and has what the first one has, and one manifest."""
    assert project.states("second") == ["Succeeded"]
    kinds = [e["kind"] for e in project.events() if e["task"] == "second"]
    assert not {"create", "started"} & {*kinds}
    names = {f"second/{n}" for n in range(1, FILES + 1)} | {"second/.reconciler/second.1.0.json"}
    for n in range(1, FILES + 1):
        took = (there / f"second/{n}").read_bytes() if there else store.read(f"second/{n}")
        assert took == store.read(f"first/{n}")
    found = [p for p in there.rglob("*") if p.is_file()] if there else []
    kept = {p.relative_to(there).as_posix() for p in found} if there else {*store.sizes("second/")}
    assert kept == names
    fetched = project.home / "fetched"
    said = project.reconciler("results", "second", "--fetch", str(fetched)).ends(0).out
    assert said.startswith(f"{FILES} files of second in")


def test_a_server_copies_by_itself(project: Project, store: Store) -> None:
    store.put(in__a=b"one")
    project.declare(many("first"))
    project.apply("--wait")
    store.relay.requests.clear()
    project.declare(many("second"))
    project.apply("--wait")
    assert store.asked("GET", "first/") == {"first/.reconciler/first.1.0.json": 1}
    assert store.asked("GET", "in/") == {}
    assert_taken_over(project, store, None)
    told = store.manifest("second/", "second")
    assert told["inputs"] == store.manifest("first/", "first")["inputs"] != []


def moving(project: Project) -> Json:
    """Return what `status` says of the second one, nothing unless that includes how far it is."""
    told: Json = project.status("second")["instances"][0]
    return told if told["transfer"] else {}


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("to", "pace"), [("lab", 2_000), ("results", 30_000)])
def test_who_is_killed_while_taking_over_does_so_after_all(
    project: Project, store: Store, to: str, pace: int
) -> None:
    """Within a bucket by copies of the server's, and into a folder."""
    store.put(in__a=b"one")
    root = project.home / "bucket"
    root.mkdir()
    project.declare(many("first"), bucket("results", url=f"file://{root}"))
    project.apply("--wait")
    there = root if to == "results" else None

    def sizes() -> dict[str, int]:
        """Return the objects of the second one by their names."""
        if there is None:
            return store.sizes("second/")
        shown = (p for p in there.glob("second/*") if p.is_file() and not p.name.startswith("."))
        return {p.name: p.stat().st_size for p in shown}

    store.relay.pace = pace
    project.declare(many("second", to))
    running = project.run()
    eventually(lambda: len(sizes()) >= SOME, "some of it is there", 60)
    store.relay.silent = True
    told = eventually(lambda: moving(project), "it says how far it is")
    running.kill()
    store.relay.silent = False
    assert (told["state"], told["reason"]) == (
        "Preparing", "taking over the results of first/0 (run 1, attempt 1)",
    )  # fmt: skip
    assert told["transfer"]["bytes"] < told["transfer"]["total"] == FILES * SIZE
    assert {*sizes().values()} == {SIZE}, "whole ones alone, and no manifest"
    assert SOME <= len(sizes()) < FILES
    store.relay.pace = 0
    project.apply("--wait")
    assert_taken_over(project, store, there)
