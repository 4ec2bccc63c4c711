"""`buckets`: what it lists, carries, leaves alone and refuses, on folders."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.helpers import call, check, given, write

MIB = 1024 * 1024


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a source that declares two buckets in folders, one of which is missing."""
    (tmp_path / "store").mkdir()
    documents = [
        f"apiVersion: reconciler/v1\nkind: Bucket\nmetadata: {{name: {name}}}\n"
        f"spec: {{url: 'file://{tmp_path / folder}'}}\n"
        for name, folder in (("lab", "store"), ("away", "none"))
    ]
    return write(tmp_path / "demo", buckets="---\n".join(documents))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def buckets(source: Path, *words: object) -> Result:
    verb, *others = words or [""]
    return call("buckets", *([verb] if verb else []), *others, "-s", source)


def done(result: Result, said: str = "") -> str:
    assert result.exit_code == 0, result.output
    assert said in result.stdout
    return result.stdout


def failed(result: Result, said: str, code: int = 1) -> None:
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert "bug" not in result.stderr


def test_lists_what_is_declared(source: Path, store: Path) -> None:
    said = done(buckets(source, "", "--format", "json"))
    answer = json.loads(said)
    check("buckets", answer)
    assert [(one["name"], one["state"]) for one in answer["buckets"]] == [
        ("away", "unreachable"),
        ("lab", "reachable"),
    ]
    assert "there is no folder" in answer["buckets"][0]["reason"]
    text = done(buckets(source), "project demo: 2 buckets")
    assert f"lab     reachable    file://{store}" in text
    assert done(buckets(source, "ls")) == text


def test_lists_nothing_where_nothing_is_declared(tmp_path: Path) -> None:
    done(buckets(write(tmp_path / "demo")), "project demo: 0 buckets")


def test_lists_objects(source: Path, store: Path) -> None:
    fill(store, "pi/0/a.csv", "pi/1/a.csv", "other")
    answer: dict[str, Any] = json.loads(done(buckets(source, "ls", "lab/pi/", "--format", "json")))
    check("objects", answer)
    assert (answer["bucket"], answer["prefix"]) == ("lab", "pi/")
    assert [(o["name"], o["size"]) for o in answer["objects"]] == [
        ("pi/0/a.csv", 10),
        ("pi/1/a.csv", 10),
    ]
    lines = done(buckets(source, "ls", "lab")).splitlines()
    assert [line.split()[-1] for line in lines] == ["other", "pi/0/a.csv", "pi/1/a.csv"]


def test_lists_all_but_what_has_no_name_for_an_object(source: Path, store: Path) -> None:
    fill(store, "a", "in/new\nline", "in/z", "other\t/b")
    result = buckets(source, "ls", "lab")
    failed(result, r"'in/new\nline' cannot be an object's name: it has control characters")
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["a", "in/z"]
    assert "z" in done(buckets(source, "ls", "lab/in/z"))


def test_gets_an_object_and_all_below_a_prefix(source: Path, store: Path, here: Path) -> None:
    fill(store, "pi/0/a.csv", "pi/1/a.csv", "other")
    done(buckets(source, "get", "lab/other", "."), "1 object copied, 5 bytes")
    done(buckets(source, "get", "lab/other", "named"))
    done(buckets(source, "get", "lab/pi/1/a.csv", "deep/er/"))
    done(buckets(source, "get", "lab/pi/", "results"), "2 objects copied, 20 bytes")
    assert tree(here) == {
        "other": "other",
        "named": "other",
        "deep/er/a.csv": "pi/1/a.csv",
        "results/0/a.csv": "pi/0/a.csv",
        "results/1/a.csv": "pi/1/a.csv",
    }
    done(buckets(source, "get", "lab", "all"))
    assert tree(here / "all") == tree(store)


def test_puts_a_file_and_a_folder(source: Path, store: Path, here: Path) -> None:
    fill(here, "a.csv", "run/x", "run/sub/y")
    done(buckets(source, "put", "a.csv", "lab"), "1 object copied, 5 bytes")
    done(buckets(source, "put", "a.csv", "lab/in/"))
    done(buckets(source, "put", "a.csv", "lab/named"))
    done(buckets(source, "put", "run", "lab/runs/1"), "2 objects copied")
    assert tree(store) == {
        "a.csv": "a.csv",
        "in/a.csv": "a.csv",
        "named": "a.csv",
        "runs/1/x": "run/x",
        "runs/1/sub/y": "run/sub/y",
    }


def test_links_that_are_left_out_are_told(source: Path, store: Path, here: Path) -> None:
    fill(here, "run/a", "run/sub/b", "outside")
    (here / "run/same").symlink_to("a")
    (here / "run/sub/out").symlink_to("../../outside")
    (here / "run/folder").symlink_to("sub")
    result = buckets(source, "put", "run", "lab")
    done(result, "3 objects copied")
    assert "2 links to folders or out of run left out, folder among them" in result.stderr
    assert tree(store) == {"a": "run/a", "same": "run/a", "sub/b": "run/sub/b"}


def test_what_is_there_is_left_alone(source: Path, store: Path, here: Path) -> None:
    fill(here, "run/a", "run/b")
    done(buckets(source, "put", "run", "lab/run"))
    before = (store / "run/a").stat()
    (here / "run/b").write_text("RUN/B")
    done(buckets(source, "put", "run", "lab/run"), "1 object copied, 5 bytes; 1 there already")
    assert (store / "run/a").stat() == before
    assert (store / "run/b").read_text() == "RUN/B"
    done(buckets(source, "get", "lab/run/", "run"), "0 objects copied, 0 bytes; 2 there already")


def test_sync_removes_only_what_it_is_told_to(source: Path, store: Path, here: Path) -> None:
    fill(here, "run/a", "run/b")
    fill(store, "run/old", "runs")
    done(buckets(source, "sync", "run", "lab/run"), "2 objects copied")
    assert tree(store).keys() == {"run/a", "run/b", "run/old", "runs"}
    said = done(buckets(source, "sync", "run", "lab/run", "--delete", "--dry-run"))
    assert said.splitlines()[0] == "would remove run/old"
    assert tree(store).keys() == {"run/a", "run/b", "run/old", "runs"}
    done(buckets(source, "sync", "run", "lab/run", "--delete"), "2 there already; 1 removed")
    assert tree(store).keys() == {"run/a", "run/b", "runs"}
    done(buckets(source, "sync", "lab/run", "back"))
    assert tree(here / "back") == tree(here / "run")
    done(buckets(source, "sync", "lab/run", "lab/copy"))
    assert tree(store / "copy") == tree(here / "run")


def test_a_dry_sync_changes_nothing(source: Path, store: Path, here: Path) -> None:
    fill(here, "run/a")
    said = done(buckets(source, "sync", "run", "lab", "--dry-run"))
    assert said.splitlines() == ["would copy a", "1 object to copy, 5 bytes"]
    assert tree(store) == {}


def test_what_fails_holds_up_nothing_and_removes_nothing(
    source: Path, store: Path, here: Path
) -> None:
    fill(here, "run/a", "run/b/c", "run/d")
    fill(store, "b", "old")
    failed(buckets(source, "sync", "run", "lab", "--delete"), "b/c: bucket lab, the folder")
    assert tree(store) == {"a": "run/a", "b": "b", "d": "run/d", "old": "old"}


def test_removes_an_object_or_all_below_a_prefix(source: Path, store: Path) -> None:
    fill(store, "pi/0", "pi/1", "pi2", "other")
    done(buckets(source, "rm", "lab/other", "--yes"), "1 object removed")
    failed(buckets(source, "rm", "lab/pi/", "--yes"), "--recursive removes all", 64)
    failed(buckets(source, "rm", "lab/pi", "--yes"), "write lab/pi/")
    failed(buckets(source, "rm", "lab/pi/", "-r"), "--yes says that 2 objects of lab/pi/ shall", 64)
    done(buckets(source, "rm", "lab/pi/", "-r", "--yes"), "2 objects removed")
    assert tree(store) == {"pi2": "pi2"}


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("ls", "lap"), "no manifest declares a bucket 'lap'; there are away, lab", 64),
        (("ls", "away"), "bucket away: there is no folder", 1),
        (("ls", "lab/../x"), "no object's name begins with '../x'", 1),
        (("get", "lab/nothing", "x"), "bucket lab has no nothing", 1),
        (("get", "lab/pi", "x"), "bucket lab has no pi; for all that is below, write lab/pi/", 1),
        (("get", "lab/../secret", "x"), "cannot be an object's name", 1),
        (("put", "nothing", "lab"), "there is no file or folder nothing", 1),
        (("sync", "x", "y"), "neither x nor y is a declared bucket: away, lab", 64),
        (("sync", "file", "lab"), "file is a file, and `sync` takes folders", 64),
        (("rm", "lab/nothing"), "bucket lab has no nothing", 1),
    ],
)
def test_says_what_cannot_be(
    source: Path, store: Path, here: Path, words: tuple[str, ...], said: str, code: int
) -> None:
    fill(store, "pi/0")
    fill(here, "file")
    failed(buckets(source, *words), said, code)


def test_manifests_with_errors_are_told(tmp_path: Path) -> None:
    source = write(tmp_path / "demo", a="kind: Bucket")
    failed(buckets(source, "ls"), "a.yaml:1:")


def test_a_large_file_is_gone_on_with(source: Path, store: Path, here: Path) -> None:
    content = os.urandom(20 * MIB)
    (store / "large").write_bytes(content)
    done(buckets(source, "get", "lab/large", "x"))
    assert (here / "x").read_bytes() == content
    assert [path.name for path in here.iterdir()] == ["x"]


def test_rm_asks_on_a_terminal(source: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, "a")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    result = given("n\n", "buckets", "rm", "lab/a", "-s", source)
    assert result.exit_code == 130
    assert tree(store) == {"a": "a"}
    result = given("y\n", "buckets", "rm", "lab/a", "-s", source)
    assert "Remove lab/a?" in result.output
    assert tree(store) == {}
