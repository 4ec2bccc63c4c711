import os
import time
from itertools import count
from pathlib import Path

import pytest

from reconciler.sources import FolderSource, folder, scan
from reconciler.sources.folder import MAX_BYTES
from reconciler.sources.scan import Found
from reconciler.sources.source import revision_of


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)


def names(root: Path) -> list[str]:
    return list(FolderSource(root).read().files)


def test_manifests_in_any_layout(tmp_path: Path) -> None:
    root = tmp_path / "My Jobs"
    write(root, "b.yaml", "a.yml", "deep/er/c.json", "README.md", "x.yaml.bak", "run.sh")
    read = FolderSource(root).read()
    assert dict(read.files) == {
        "a.yml": b"a.yml",
        "b.yaml": b"b.yaml",
        "deep/er/c.json": b"deep/er/c.json",
    }
    assert (read.complete, read.problem) == (True, "")
    assert read.project == "my-jobs"
    assert read.root == str(root)
    assert read.revision == revision_of(read.files)


def test_files_that_age_has_encrypted_go_along_and_count(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "secrets/b.age", "secrets/c.key", ".d.age")
    before = FolderSource(tmp_path).read()
    assert list(before.files) == ["a.yaml", "secrets/b.age"]
    (tmp_path / "secrets/b.age").write_bytes(b"another")
    assert FolderSource(tmp_path).read().revision != before.revision


def test_nothing_hidden_and_no_editors_leftovers(tmp_path: Path) -> None:
    write(
        tmp_path, "a.yaml", ".git/x.yaml", ".venv/y.yaml", "sub/.hidden.yaml", ".a.yaml.swp",
        "a.yaml~", "#a.yaml#", "#a.yaml", "4913", "a.yaml.tmp",
    )  # fmt: skip
    (tmp_path / ".#a.yaml").symlink_to("someone@somewhere.123")
    assert names(tmp_path) == ["a.yaml"]
    assert FolderSource(tmp_path).read().complete


def test_an_empty_folder_is_complete(tmp_path: Path) -> None:
    read = FolderSource(tmp_path).read()
    assert (dict(read.files), read.complete) == ({}, True)


class TestNotAllThere:
    def test_a_missing_root(self, tmp_path: Path) -> None:
        read = FolderSource(tmp_path / "gone").read()
        assert (dict(read.files), read.complete) == ({}, False)
        assert "gone cannot be read: No such file" in read.problem

    def test_a_link_out_of_the_source(self, tmp_path: Path) -> None:
        write(tmp_path, "in/a.yaml", "out/secret.yaml")
        (tmp_path / "in" / "b.yaml").symlink_to(tmp_path / "out" / "secret.yaml")
        (tmp_path / "in" / "folder").symlink_to(tmp_path / "out")
        (tmp_path / "in" / "notes.txt").symlink_to("/etc/passwd")
        read = FolderSource(tmp_path / "in").read()
        assert list(read.files) == ["a.yaml"]
        assert not read.complete
        assert "b.yaml is a link out of the source" in read.problem
        assert "folder is a link out of the source" in read.problem
        assert "notes" not in read.problem

    def test_a_link_to_a_sibling_of_a_like_name(self, tmp_path: Path) -> None:
        write(tmp_path, "in/a.yaml", "in-secret/b.yaml")
        (tmp_path / "in" / "b.yaml").symlink_to("../in-secret/b.yaml")
        assert names(tmp_path / "in") == ["a.yaml"]

    def test_a_link_to_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").symlink_to("b.yaml")
        read = FolderSource(tmp_path).read()
        assert "a.yaml cannot be read: No such file" in read.problem

    def test_a_pipe_does_not_hold_us_up(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.yaml")
        assert "a.yaml is no regular file" in FolderSource(tmp_path).read().problem

    def test_what_may_not_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # Root may read everything, so the refusal is played.
        write(tmp_path, "a.yaml", "b.yaml", "shut/c.yaml")
        plain_open, plain_scandir = os.open, os.scandir

        def refusing_open(path: str, flags: int) -> int:
            if path.endswith("a.yaml"):
                raise PermissionError(13, "Permission denied")
            return plain_open(path, flags)

        def refusing_scandir(path: str) -> "os._ScandirIterator[str]":
            if path.endswith("shut"):
                raise PermissionError(13, "Permission denied")
            return plain_scandir(path)

        monkeypatch.setattr("reconciler.sources.folder.os.open", refusing_open)
        monkeypatch.setattr("reconciler.sources.scan.os.scandir", refusing_scandir)
        read = FolderSource(tmp_path).read()
        assert list(read.files) == ["b.yaml"]
        assert not read.complete
        assert "a.yaml cannot be read: Permission denied" in read.problem
        assert "the folder shut cannot be read: Permission denied" in read.problem

    def test_too_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scan, "MAX_FILES", 3)
        write(tmp_path, *(f"{n}.yaml" for n in range(5)))
        read = FolderSource(tmp_path).read()
        assert (len(read.files), read.complete) == (3, False)
        assert "more than 3 manifests" in read.problem

    def test_too_many_folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scan, "MAX_FOLDERS", 3)
        write(tmp_path, *(f"{n}/a.yaml" for n in range(5)))
        assert "more than 3 folders" in FolderSource(tmp_path).read().problem

    def test_too_many_bytes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(folder, "MAX_TOTAL", 10)
        write(tmp_path, "first.yaml", "second.yaml")
        read = FolderSource(tmp_path).read()
        assert list(read.files) == ["first.yaml"]
        assert not read.complete

    def test_many_problems_are_not_all_told(self, tmp_path: Path) -> None:
        for number in range(20):
            (tmp_path / f"{number}.yaml").symlink_to("/nowhere")
        assert FolderSource(tmp_path).read().problem.endswith("; and 15 more")


def test_a_huge_file_is_passed_on_one_byte_too_long(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"x" * (MAX_BYTES * 3))
    (tmp_path / "b.yaml").write_bytes(b"x" * MAX_BYTES)
    read = FolderSource(tmp_path).read()
    assert [len(content) for content in read.files.values()] == [MAX_BYTES + 1, MAX_BYTES]
    assert read.complete


class TestLinksInside:
    def test_the_root_may_be_one(self, tmp_path: Path) -> None:
        write(tmp_path, "real/a.yaml")
        (tmp_path / "link").symlink_to("real")
        assert names(tmp_path / "link") == ["a.yaml"]

    def test_nothing_is_read_twice_and_circles_end(self, tmp_path: Path) -> None:
        write(tmp_path, "z/a.yaml")
        (tmp_path / "a-link").symlink_to("z")
        (tmp_path / "z" / "up").symlink_to("..")
        (tmp_path / "b.yaml").symlink_to("z/a.yaml")
        (tmp_path / "self.yaml").symlink_to("self.yaml")
        read = FolderSource(tmp_path).read()
        assert list(read.files) == ["z/a.yaml"]

    def test_what_is_mounted_as_a_config_map_is_read(self, tmp_path: Path) -> None:
        write(tmp_path, "..2024/a.yaml")
        (tmp_path / "..data").symlink_to("..2024")
        (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
        assert names(tmp_path) == ["a.yaml"]


class TestOneFile:
    def test_it_belongs_to_the_enclosing_source(self, tmp_path: Path) -> None:
        write(tmp_path, "src/reconciler.yaml", "src/jobs/a.yaml", "src/b.yaml")
        source = FolderSource(tmp_path / "src" / "jobs" / "a.yaml")
        assert source.root == tmp_path / "src"
        assert source.focus == "jobs/a.yaml"
        assert list(source.read().files) == ["b.yaml", "jobs/a.yaml", "reconciler.yaml"]

    def test_else_to_its_folder(self, tmp_path: Path) -> None:
        write(tmp_path, "src/.git/HEAD", "src/jobs/a.yaml", "reconciler.yaml")
        source = FolderSource(tmp_path / "src" / "jobs" / "a.yaml")
        assert source.root == tmp_path / "src" / "jobs"

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_another_users_source_above_does_not_claim_it(self, tmp_path: Path) -> None:
        write(tmp_path, "reconciler.yaml", "mine/a.yaml")
        os.chown(tmp_path / "reconciler.yaml", 12345, 12345)
        assert FolderSource(tmp_path / "mine" / "a.yaml").root == tmp_path / "mine"


class TestChangingUnderneath:
    def test_what_never_holds_still_is_not_complete(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path, "a.yaml")
        plain, numbers = folder._read, count()

        def reading(found: Found) -> folder._Content:
            content = plain(found)
            (tmp_path / "a.yaml").write_text(str(next(numbers)))
            return content

        monkeypatch.setattr(folder, "_read", reading)
        read = FolderSource(tmp_path).read()
        assert not read.complete
        assert "keep changing" in read.problem

    def test_a_file_being_filled_is_waited_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "a.yaml"
        target.touch()
        pause, settling = time.sleep, folder._SETTLING

        def pausing(seconds: float) -> None:
            if not target.stat().st_size:
                target.write_bytes(b"whole")
                monkeypatch.setattr(folder, "_SETTLING", settling)
            pause(seconds)

        monkeypatch.setattr(folder, "_SETTLING", 3600)  # just made, however slow the machine is
        monkeypatch.setattr(time, "sleep", pausing)
        read = FolderSource(tmp_path).read()
        assert (dict(read.files), read.complete) == ({"a.yaml": b"whole"}, True)

    def test_a_file_that_comes_while_reading_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path, "a.yaml")
        plain = folder._read

        def reading(found: Found) -> folder._Content:
            write(tmp_path, "b.yaml")
            return plain(found)

        monkeypatch.setattr(folder, "_read", reading)
        assert names(tmp_path) == ["a.yaml", "b.yaml"]
