import os
import sys
import threading
from pathlib import Path

import pytest

from reconciler.sources import FolderSource
from reconciler.sources.ignore import MAX_BYTES, Ignored, IgnoreFaultError


def tree(root: Path, **files: str) -> Path:
    """Write files; `__` in a name stands for a slash, and `ignore` for .reconcilerignore."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("ignore", ".reconcilerignore")
        if "ignore" not in name:
            path = path.with_suffix(".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def names(root: Path) -> list[str]:
    read = FolderSource(root).read()
    assert read.complete, read.problem
    return list(read.files)


def test_what_is_ignored_is_not_read(tmp_path: Path) -> None:
    root = tree(tmp_path, ignore="# comment\n\nvalues-*.yaml\nchart/\n/top.yaml\n", a="", top="",
                chart__b="", deep__chart__c="", deep__top="")  # fmt: skip
    (root / "values-x.yaml").write_text("")
    assert names(root) == ["a.yaml", "deep/top.yaml"]


def test_the_last_line_and_the_deepest_file_count(tmp_path: Path) -> None:
    root = tree(tmp_path, ignore="*.yaml\n!keep.yaml\n", keep="", drop="", sub__ignore="!b.yaml\n",
                sub__b="", sub__c="", other__ignore="keep.yaml\n", other__keep="")  # fmt: skip
    assert names(root) == ["keep.yaml", "sub/b.yaml"]


def test_what_is_in_an_ignored_folder_stays_ignored(tmp_path: Path) -> None:
    root = tree(tmp_path, ignore="gen/\n!gen/a.yaml\n", gen__a="", gen__ignore="!a.yaml\n", b="")
    assert names(root) == ["b.yaml"]


def test_ignored_folders_are_not_entered(tmp_path: Path) -> None:
    root = tree(tmp_path, ignore="out/\n", a="")
    (root / "out").mkdir()
    (root / "out" / "b.yaml").symlink_to("/nowhere/b.yaml")
    assert names(root) == ["a.yaml"]


def test_links_are_known_by_their_own_names(tmp_path: Path) -> None:
    root = tree(tmp_path, ignore="alias.yaml\nlinked/\n", real__a="")
    (root / "alias.yaml").symlink_to("/nowhere")
    (root / "linked").symlink_to("/")
    assert names(root) == ["real/a.yaml"]


def test_the_sources_own_configuration_is_always_read(tmp_path: Path) -> None:
    root = tree(tmp_path, ignore="*\n", reconciler="project: p\n", sub__reconciler="")
    assert names(root) == ["reconciler.yaml"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", ".reconcilerignore is not UTF-8"),
        (b"a\0b", ".reconcilerignore is no text"),
        (b"ok\n[z-a].yaml\n", ".reconcilerignore:2: '[z-a].yaml' is no pattern"),
        (b"!\n", ".reconcilerignore:1: '!' is no pattern"),
        (b"*a*b*c*d\n", ".reconcilerignore:1: more than 3 * in one part"),
        (b"**/a/**/b/**/c/**\n", ".reconcilerignore:1: more than 3 ** in one line"),
        (b"x\n" * MAX_BYTES, f".reconcilerignore has more than {MAX_BYTES} bytes"),
    ],
)
def test_one_that_cannot_be_followed_leaves_the_reading_incomplete(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    tree(tmp_path, a="")
    (tmp_path / ".reconcilerignore").write_bytes(content)
    read = FolderSource(tmp_path).read()
    assert not read.complete
    assert problem in read.problem


def test_a_link_or_folder_in_its_place_is_not_followed(tmp_path: Path) -> None:
    tree(tmp_path, a="", other="*.yaml")
    (tmp_path / ".reconcilerignore").symlink_to("other.yaml")
    (tmp_path / "sub" / ".reconcilerignore").mkdir(parents=True)
    read = FolderSource(tmp_path).read()
    assert not read.complete
    assert ".reconcilerignore cannot be read: " in read.problem
    assert "sub/.reconcilerignore " in read.problem


def test_a_pipe_in_its_place_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".reconcilerignore")
    read = FolderSource(tree(tmp_path, a="")).read()
    assert (read.complete, read.problem) == (
        False,
        ".reconcilerignore is no regular file and is not read",
    )


def test_an_edit_of_it_is_noticed(tmp_path: Path) -> None:
    root = tree(tmp_path, a="", b="")
    changed = threading.Event()
    watch = FolderSource(root).watch(changed.set)
    try:
        tree(root, ignore="b.yaml\n")
        assert changed.wait(10)
    finally:
        watch.stop()
    assert names(root) == ["a.yaml"]


def test_paths_alone() -> None:
    ignored = Ignored()
    ignored.learn("", b"gen/\n*.tmp.yaml\n")
    ignored.learn("a", b"!x.tmp.yaml\n/b.yaml\n")
    asked = ["gen/a.yaml", "a/gen/b.yaml", "x.tmp.yaml", "a/x.tmp.yaml", "a/b.yaml", "a/c/b.yaml",
             "gen", "reconciler.yaml"]  # fmt: skip
    assert [path for path in asked if not ignored.covers_wholly(path)] == [
        "a/x.tmp.yaml", "a/c/b.yaml", "gen", "reconciler.yaml",
    ]  # fmt: skip
    with pytest.raises(IgnoreFaultError, match=r"deep/er/\.reconcilerignore is not UTF-8"):
        ignored.learn("deep/er", b"\xff")


def test_without_such_a_file_nothing_is_imported_for_it(tmp_path: Path) -> None:
    known = {name: sys.modules.pop(name) for name in list(sys.modules) if "pathspec" in name}
    try:
        assert names(tree(tmp_path, a="")) == ["a.yaml"]
        assert "pathspec" not in sys.modules
    finally:
        sys.modules.update(known)
