"""What is only about folders: links, leftovers, and what file systems refuse."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.buckets import partial
from reconciler.buckets.bucket import AbsentError, BucketError, ChangedError, FullError
from reconciler.buckets.folder import FolderBucket
from tests.support.disk import small_disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("outside")
    return tmp_path / "bucket"


@pytest.fixture
def bucket(folder: Path) -> FolderBucket:
    return FolderBucket("lab", str(folder))


def names(bucket: FolderBucket, prefix: str = "") -> list[str]:
    return [entry.name for entry in bucket.list(prefix)]


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    bucket = FolderBucket("lab", str(tmp_path / "none"))
    for use in (
        lambda: [*bucket.list()],
        lambda: [*bucket.list("a/b")],
        lambda: bucket.look("a"),
        lambda: bucket.write("a", [b""]),
        lambda: bucket.remove("a"),
    ):
        with pytest.raises(AbsentError, match=r"bucket lab: there is no folder /.*/none; make it"):
            use()
    assert not (tmp_path / "none").exists()


def test_no_link_leads_out(bucket: FolderBucket, folder: Path) -> None:
    (folder / "folder").symlink_to("../outside")
    (folder / "file").symlink_to("../outside/secret")
    (folder / "absolute").symlink_to(folder.parent / "outside" / "secret")
    (folder / "up").symlink_to("..")
    (folder / "loop").symlink_to("loop")
    (folder / "nowhere").symlink_to("nothing")
    assert names(bucket) == []
    for name in ("folder/secret", "file", "absolute", "up/outside/secret", "loop", "nowhere"):
        assert bucket.look(name) is None
    with pytest.raises(BucketError, match="a file is where a folder should be"):
        bucket.write("folder/new", [b"x"])
    bucket.remove("folder/secret")
    bucket.write("file", [b"mine"])
    assert (folder.parent / "outside" / "secret").read_text() == "outside"
    assert [path.name for path in (folder.parent / "outside").iterdir()] == ["secret"]
    assert names(bucket) == ["file"]


def test_a_link_to_a_file_inside_is_an_object(bucket: FolderBucket, folder: Path) -> None:
    bucket.write("runs/1/log", [b"hello"])
    (folder / "latest").symlink_to("runs/1/log")
    (folder / "runs" / "last").symlink_to("1")
    assert names(bucket) == ["latest", "runs/1/log"]
    entry = bucket.look("latest")
    assert entry is not None
    assert b"".join(bucket.read(entry)) == b"hello"


def test_what_is_no_file_is_no_object(bucket: FolderBucket, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "empty").mkdir()
    assert names(bucket) == []
    assert bucket.look("pipe") is None
    assert bucket.look("empty") is None


def test_a_name_that_no_object_can_have_is_told(bucket: FolderBucket, folder: Path) -> None:
    (folder / "new\nline").touch()
    with pytest.raises(BucketError, match="cannot be an object's name: it has control characters"):
        names(bucket)


def test_what_is_being_written_has_no_name(bucket: FolderBucket, folder: Path) -> None:
    def content() -> Iterator[bytes]:
        yield b"x"
        assert [*folder.rglob("*")] == [folder / "a"]
        yield b"y"

    bucket.write("a/b", content())
    assert [*folder.rglob("*")] == [folder / "a", folder / "a" / "b"]


def test_where_files_cannot_be_nameless_they_are_hidden(
    bucket: FolderBucket, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on NFS: no such flag.
    monkeypatch.setattr(partial, "_NAMELESS", os.O_WRONLY | os.O_DIRECTORY)

    def content() -> Iterator[bytes]:
        yield b"x"
        (left,) = (folder / "a").iterdir()
        assert left.name.startswith(".reconciler-part-")
        assert names(bucket) == []
        yield b"y"

    bucket.write("a/b", content())
    assert names(bucket) == ["a/b"]
    with pytest.raises(ZeroDivisionError):
        bucket.write("a/c", (bytes(1 // n) for n in (1, 0)))
    assert [*folder.rglob("*")] == [folder / "a", folder / "a" / "b"]


def test_what_a_crash_left_is_never_seen(bucket: FolderBucket, folder: Path) -> None:
    (folder / ".reconciler-part-0123").write_text("half")
    assert names(bucket) == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        bucket = FolderBucket("lab", str(disk))
        with pytest.raises(FullError, match=r"bucket lab, the folder /.*No space left.*make room"):
            bucket.write("a/b", [bytes(1_500_000)] * 2)
        assert names(bucket) == []
        bucket.write("a/b", [bytes(1_500_000)])


def test_a_file_in_the_way_of_a_folder_is_told(bucket: FolderBucket) -> None:
    bucket.write("a", [b"file"])
    with pytest.raises(BucketError, match="a file is where a folder should be"):
        bucket.write("a/b", [b"x"])
    bucket.write("c/d", [b"x"])
    with pytest.raises(BucketError, match="a file is where a folder should be"):
        bucket.write("c", [b"x"])
    assert names(bucket) == ["a", "c/d"]


def test_empty_folders_go_with_their_last_file(bucket: FolderBucket, folder: Path) -> None:
    bucket.write("a/b/c", [b"x"])
    bucket.write("a/d", [b"x"])
    bucket.remove("a/b/c")
    assert [*folder.rglob("*")] == [folder / "a", folder / "a" / "d"]
    bucket.remove("a/d")
    assert [*folder.rglob("*")] == []
    assert folder.is_dir()


def test_a_folder_that_goes_while_a_file_is_written_is_made_again(
    bucket: FolderBucket, folder: Path
) -> None:
    def content() -> Iterator[bytes]:
        yield b"x"
        (folder / "a").rmdir()

    bucket.write("a/b", content())
    assert names(bucket) == ["a/b"]


def test_of_many_one_that_cannot_be_stored_leaves_nothing_half(
    bucket: FolderBucket, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a" / "2").mkdir(parents=True)
    for nameless in (partial._NAMELESS, os.O_WRONLY | os.O_DIRECTORY):
        monkeypatch.setattr(partial, "_NAMELESS", nameless)
        with pytest.raises(BucketError, match="a file is where a folder should be"):
            [*bucket.write_all({f"a/{n}": b"new" for n in range(5)})]
        left = {path.name for path in (folder / "a").iterdir()}
        assert left == {"0", "1", "2"}
        assert names(bucket) == ["a/0", "a/1"]


def test_a_folder_that_goes_while_files_get_their_names_is_made_again(
    bucket: FolderBucket, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sync(file: int) -> None:
        os.fdatasync(file)
        for path in (folder / "a").glob("*"):
            path.unlink()
        if (folder / "a").exists():
            (folder / "a").rmdir()

    monkeypatch.setattr(partial.Partial, "sync", lambda self: sync(self._file))
    assert len([*bucket.write_all({"a/1": b"1", "a/2": b"2"})]) == 2
    assert names(bucket) == ["a/1", "a/2"]


def test_a_file_that_changes_under_the_reader_is_told(bucket: FolderBucket, folder: Path) -> None:
    entry = bucket.write("a", [bytes(3_000_000)])
    reading = bucket.read(entry)
    next(reading)
    with (folder / "a").open("r+b") as file:
        file.truncate(2_000_000)
    with pytest.raises(ChangedError, match="bucket lab: a has changed"):
        list(reading)
