"""Results: what instances leave is in a bucket before they count, whatever is killed meanwhile."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import NotFound
from jsonschema import validate

from reconciler.buckets.opening import Buckets
from reconciler.model import data
from reconciler.model.operator import Credential, SecretPlace
from tests.e2e.project import Json, Project, task
from tests.support.process import ROOT, eventually
from tests.support.relay import Relay
from tests.support.s3 import OWNER, S3Server


def schema(name: str) -> Json:
    told: Json = json.loads((ROOT / "schemas" / "output" / f"{name}.json").read_text())
    return told


pytestmark = pytest.mark.docker
WRITE = "mkdir -p /job/sub; echo 1 > /job/a.csv; echo 2 > /job/sub/b.csv; echo no > /job/c.log"
# Writes what it is told to, when it is told to.
WAIT = "mkdir -p /job; until test -e /tmp/over; do sleep 0.1; done"
KEEP = {"bucket": "results", "prefix": "out/${INSTANCE_ID}/", "source": "/job"}


def bucket(url: str, **spec: object) -> Json:
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Bucket",
        "metadata": {"name": "results"},
        "spec": {"url": url, **spec},
    }


def outputs(**fields: object) -> Json:
    return {**KEEP, **fields}


def found(folder: Path) -> dict[str, str]:
    """Return the objects of a folder, without what is ours."""
    files = (
        path for path in folder.rglob("*") if path.is_file() and ".reconciler" not in str(path)
    )
    return {path.relative_to(folder).as_posix(): path.read_text().strip() for path in files}


def manifest(folder: Path, name: str = "work", instance: int = 0, run: int = 1) -> Json:
    path = folder / "out" / str(instance) / ".reconciler" / f"{name}.{run}.{instance}.json"
    told: Json = json.loads(path.read_text())
    return told


@pytest.fixture
def folder(project: Project) -> Path:
    """Declare a bucket that is a folder, and return that."""
    root = project.home / "bucket"
    root.mkdir()
    project.declare(bucket(f"file://{root}"))
    return root


def test_what_instances_leave_is_stored_and_told_of(project: Project, folder: Path) -> None:
    keep = outputs(include=["**/*.csv"], exclude=["sub/skip*"])
    project.declare(task("work", f"{WRITE}; echo x > /job/sub/skip.csv", instances=2, outputs=keep))
    project.apply("--wait")
    assert project.states("work") == ["Succeeded"] * 2
    assert found(folder) == {
        f"out/{n}/{path}": content
        for n in range(2)
        for path, content in (("a.csv", "1"), ("sub/b.csv", "2"))
    }
    told = manifest(folder, instance=1)
    validate(told, schema("result-manifest"))
    assert [(file["path"], file["size"]) for file in told["files"]] == [
        ("a.csv", 2),
        ("sub/b.csv", 2),
    ]
    assert told["files"][0]["sha256"] == hashlib.sha256(b"1\n").hexdigest()
    assert told["exitCode"] == 0
    assert told["work"]["command"][:2] == ["sh", "-c"]
    assert told["finishedAt"] >= told["startedAt"] > 0
    said = [event["message"] for event in project.events() if event["kind"] == "results"]
    assert sorted(said) == [f"2 files of 4 bytes in bucket results, out/{n}/" for n in range(2)]
    assert list((project.state / "transfers").iterdir()) == []


def test_failures_and_stops_are_stored_by_setting(project: Project, folder: Path) -> None:
    project.declare(
        task("failed", f"{WRITE}; exit 3", outputs=outputs(prefix="failed/")),
        task(
            "dropped", f"{WRITE}; exit 3", outputs=outputs(prefix="dropped/", onFailure="discard")
        ),
        task("stopped", f"{WRITE}; exec sleep 600", outputs=outputs(prefix="stopped/")),
        task("none", "true", outputs=outputs(prefix="none/", source="/no/such")),
    )
    running = project.run()
    for name, state in (("failed", "Failed"), ("dropped", "Failed"), ("none", "Succeeded")):
        project.await_states(name, state)
    project.await_states("stopped", "Running")
    eventually(lambda: has_written(project, "stopped"), "it has written")
    project.reconciler("stop", "stopped").ends(0)
    running.terminate().ends(0)
    kept = {path.partition("/")[0] for path in found(folder)}
    assert kept == {"failed", "stopped"}
    (told,) = [
        e["message"] for e in project.events() if e["kind"] == "results" and e["task"] == "none"
    ]
    assert told == "0 files of 0 bytes in bucket results, none/; there is no /no/such in it"
    (seen,) = project.status("none")["instances"]
    assert seen["reason"] == "completed; there is no /no/such in it"
    said = project.reconciler("results", "none").ends(0).out
    assert "results: none/; there is no /no/such in it" in said


def test_a_dependent_finds_the_data(project: Project, folder: Path) -> None:
    seen = folder / "out/0/a.csv"
    mounts = {"mounts": [{"type": "bind", "source": str(folder), "target": "/b", "readOnly": True}]}
    project.declare(
        task("work", WRITE, outputs=outputs()),
        task("after", "cat /b/out/0/a.csv", dependsOn=[{"task": "work"}], container=mounts),
    )
    project.apply("--wait")
    assert seen.exists()
    assert project.states("after") == ["Succeeded"]
    assert project.reconciler("logs", "after").ends(0).out.strip() == "1"


def test_a_bucket_that_is_away_is_waited_for(project: Project, folder: Path) -> None:
    aside = folder.rename(folder.with_name("aside"))
    project.declare(task("work", WRITE, outputs=outputs()))
    running = project.run()
    project.await_states("work", "Collecting")
    eventually(lambda: "results" in project.status("work")["instances"][0]["reason"], "it says why")
    name = project.engine.name("work")
    assert name in project.engine.ids()
    told = project.reconciler("why", "work/0").ends(0).out
    assert "To go on: see to the bucket, or the manifest at work.yaml:" in told
    assert "`reconciler stop work/0 --discard" in told
    aside.rename(folder)
    project.await_states("work", "Succeeded")
    assert set(found(folder)) == {"out/0/a.csv", "out/0/sub/b.csv", "out/0/c.log"}
    running.terminate().ends(0)


def test_what_can_never_be_stored_is_given_up_by_a_persons_word(project: Project) -> None:
    keep = outputs(onCancel="upload")
    away = bucket("file:///no/such/folder")
    project.declare(away, task("work", WRITE, outputs=keep), task("gone", WRITE, outputs=keep))
    running = project.run()
    project.await_states("work", "Collecting")
    project.await_states("gone", "Collecting")
    way = "reconciler stop work/0 --discard"
    eventually(lambda: way in project.reconciler("why", "work").ends(0).out, "it says how")
    project.reconciler("stop", "work", "--timeout", "60s").ends(0)
    assert project.states("work") == ["Collecting"], "a mere stop stores what there is"
    project.forget("gone")
    alone = "No manifest of the revision in force asks for it"
    eventually(lambda: alone in project.reconciler("why", "gone").ends(0).out, "it is to go")
    assert len(project.engine.ids()) == 2

    project.reconciler("stop", "gone", "--discard").ends(0)
    project.reconciler("stop", "work", "--discard").ends(0)
    project.await_states("work", "Cancelled")
    eventually(lambda: not project.engine.ids(), "no container is left")
    told = project.reconciler("why", "work").ends(0).out
    assert "stopped by request; its results are given up by request" in told
    assert {"work", "gone"} == {e["task"] for e in project.events() if e["kind"] == "discard"}
    running.terminate().ends(0)


def test_what_keeps_a_project_from_being_torn_down_is_said(project: Project, folder: Path) -> None:
    folder.rmdir()
    project.declare(task("work", WRITE, outputs=outputs()))
    running = project.run()
    eventually(lambda: "there is no folder" in project.status("work")["reason"], "it says why")
    running.terminate().ends(0)
    said = project.reconciler("destroy", "--yes", "--timeout", "2s").ends(1).err
    assert "ended before all was done: work/0: could not store files of" in said
    assert f"there is no folder {folder}" in said
    project.engine.remove(project.engine.name("work"))
    project.reconciler("destroy", "--yes").ends(0)


def test_a_commit_mends_where_results_go(project: Project, folder: Path) -> None:
    project.declare(bucket("file:///no/such/folder"), task("work", WRITE, outputs=outputs()))
    running = project.run()
    project.await_states("work", "Collecting")
    project.declare(bucket(f"file://{folder}"))
    project.await_states("work", "Succeeded")
    assert "out/0/a.csv" in found(folder)
    assert len(project.status("work")["instances"]) == project.status("work")["run"] == 1
    running.terminate().ends(0)


def test_snapshots_send_what_has_changed(project: Project, folder: Path) -> None:
    project.declare(task("work", WAIT, outputs=outputs(), instances=2))
    project.apply()
    project.await_states("work", "Running", "Running")
    write(project, "echo 1 > /job/a; echo 2 > /job/b")
    told = project.reconciler("snapshot", "work/0").ends(0)
    assert told.out.splitlines()[-1] == "work/0: 2 files of 4 bytes that had changed are stored"
    assert found(folder) == {"out/0/a": "1", "out/0/b": "2"}
    before = (folder / "out/0/b").stat()
    write(project, "echo 3 > /job/a")
    running = project.run()
    told = project.reconciler("snapshot", "work/0").ends(0)
    assert told.out.splitlines()[-1] == "work/0: 1 file of 2 bytes that had changed are stored"
    assert found(folder) == {"out/0/a": "3", "out/0/b": "2"}
    assert (folder / "out/0/b").stat() == before
    assert project.states("work") == ["Running"] * 2
    write(project, "touch /tmp/over")
    eventually(lambda: project.states("work")[0] == "Succeeded", "it is over")
    assert (folder / "out/0/b").stat() == before
    assert [file["path"] for file in manifest(folder)["files"]] == ["a", "b"]
    running.terminate().ends(0)


def test_snapshots_are_taken_at_intervals(project: Project, folder: Path) -> None:
    project.declare(task("work", WAIT, outputs=outputs(snapshotEvery="1s")))
    running = project.run()
    project.await_states("work", "Running")
    write(project, "echo 1 > /job/a")
    eventually(lambda: found(folder) == {"out/0/a": "1"}, "the first one")
    write(project, "echo 2 > /job/a")
    eventually(lambda: found(folder) == {"out/0/a": "2"}, "another one")
    project.reconciler("stop", "work").ends(0)
    running.terminate().ends(0)


def has_written(project: Project, name: str) -> bool:
    try:
        return bool(project.engine.file(project.engine.name(name), "/job/c.log"))
    except NotFound:
        return False


def write(project: Project, script: str) -> None:
    project.engine.execute(project.engine.name("work"), "sh", "-c", script)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as made:
        made.make("place")
        yield made


def test_an_upload_that_was_killed_goes_on_with_what_is_missing(
    project: Project, relay: Relay, server: S3Server
) -> None:
    """Fifty files over a slow line: nothing is half there, and nothing whole is sent again."""
    places = {}
    for kind, value in zip(("accessKey", "secretKey"), OWNER, strict=True):
        (project.home / kind).write_text(value)
        places[kind] = {"file": str(project.home / kind)}
    config = project.home / "config.yaml"
    config.write_text(json.dumps({"credentials": {"lab": places}}))
    project.declare(
        bucket("s3://place/part", endpoint=relay.url, credentials={"name": "lab"}),
        task("work", "mkdir /job; for n in $(seq 50); do "
             "head -c 65536 /dev/urandom > /job/$n; done", outputs=outputs()),
    )  # fmt: skip
    relay.pace, relay.silent_after = 20_000, 25
    running = project.run("--config", str(config))
    project.await_states("work", "Collecting")
    eventually(lambda: moves(project), "it says how much there is, and how fast", pause=0.3)
    relay.pace = 0
    known = {"lab": _credential(project.home)}
    declared = data.Bucket(
        name="results", url="s3://place/part", endpoint=server.url, credentials="lab"
    )
    seen = Buckets({"results": declared}, known).open("results")
    eventually(lambda: relay.silent, "half of it is on its way")
    eventually(lambda: len(list(seen.list())) >= 10, "some of it is there")
    running.kill()
    relay.go()
    before = {entry.name: entry.version for entry in seen.list()}
    assert {entry.size for entry in seen.list()} == {64 * 1024}
    assert 10 <= len(before) < 50
    assert not any(".reconciler" in name for name in before)
    journal = project.state / "transfers" / f"{project.engine.name('work')}.jsonl"
    known_sent = len(journal.read_bytes().split())
    assert known_sent > 0
    with Relay(server.port, port=relay.port) as another:  # the first one still has what is cut off
        project.apply("--wait", "--config", str(config))
    assert project.states("work") == ["Succeeded"]
    after = {entry.name: entry.version for entry in seen.list()}
    assert len(after) == 51
    assert before.items() <= after.items()
    assert another.count("PUT") == 50 - known_sent + 1


def moves(project: Project) -> bool:
    """Whether `status` says of the transfer of an instance's files how far and how fast it is."""
    told = project.status("work")["instances"][0]["transfer"]
    return bool(told) and told["bytes"] > 0 and told["bytesPerSecond"] > 0


def _credential(home: Path) -> Credential:
    access, secret = (SecretPlace(file=str(home / kind)) for kind in ("accessKey", "secretKey"))
    return Credential(access_key=access, secret_key=secret)


def test_results_are_listed_fetched_and_compared(project: Project, folder: Path) -> None:
    script = "mkdir /job; echo same > /job/a; echo $RUN > /job/b; test $RUN = 2 || echo x > /job/c"
    keep = outputs(prefix="${RUN}/${INSTANCE_ID}/")
    project.declare(task("work", script, instances=2, outputs=keep))
    project.apply("--wait")
    project.reconciler("rerun", "work").ends(0)
    project.apply("--wait")
    told = project.reconciler_json("results", "work")
    validate(told, schema("results"))
    assert (told["run"], [one["instance"] for one in told["results"]]) == (2, [0, 1])
    assert told["results"][1]["manifest"] == "2/1/.reconciler/work.2.1.json"
    lines = project.reconciler("results", "work/1", "--run", "1").ends(0).out.splitlines()
    assert lines[1].split()[:5] == ["work/1", "1", "succeeded", "3", "9"]
    there = project.home / "fetched"
    said = project.reconciler("results", "work", "--run", "1", "--fetch", str(there)).ends(0).out
    assert said == f"6 files of work in {there}, 6 fetched now\n"
    assert found(there) == {
        f"{n}/{name}": content
        for n in range(2)
        for name, content in (("a", "same"), ("b", "1"), ("c", "x"))
    }
    (there / "0/b").write_text("?\n")
    said = project.reconciler("results", "work", "--run", "1", "--fetch", str(there)).ends(0).out
    assert said == f"6 files of work in {there}, 1 fetched now\n"
    assert project.reconciler("results", "diff", "work", "1", "2").ends(1).out.splitlines() == [
        "~ 0/b", "- 0/c", "~ 1/b", "- 1/c",
    ]  # fmt: skip
    differing = project.reconciler("results", "diff", "work", "1", "2", "--format", "json")
    validate(differing.ends(1).json(), schema("results-diff"))
    same = project.reconciler("results", "diff", "work", "2", "2").ends(0)
    assert same.out == "all files are alike\n"
    (folder / "1/0/a").write_text("other\n")
    spoiled = project.reconciler("results", "work/0", "--run", "1", "--fetch", str(there) + "2")
    assert "1/0/a in bucket results is not what was stored there" in spoiled.ends(1).err
