"""What a source's content is called: by paths, bytes and who may execute, and by nothing else."""

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.images import Material
from reconciler.sources.contents import (
    ContentChangedError,
    ContentFaultError,
    check,
    digest_of,
    stream_of,
)
from reconciler.sources.disk import DiskContents
from reconciler.sources.git import read_revision
from tests.support.repository import Repository

APP = Material("app", "Dockerfile")
FILES = {"Dockerfile": "FROM scratch\n", "run": "#!/bin/sh\n", "data/a.txt": "a", "data/b.txt": "b"}


def lay(root: Path, files: dict[str, str]) -> Path:
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def digest(root: Path, material: Material = APP) -> str:
    return digest_of(DiskContents(root), material)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    lay(tmp_path / "app", FILES)
    (tmp_path / "app" / "run").chmod(0o755)
    (tmp_path / "app" / "link").symlink_to("data/a.txt")
    return tmp_path


def test_time_stamps_owners_and_empty_folders_mean_nothing(source: Path) -> None:
    before = digest(source)
    for path in (source / "app").rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    (source / "app" / "data" / "a.txt").chmod(0o600)
    (source / "app" / "empty").mkdir()
    (source / "app" / ".git").mkdir()
    (source / "app" / ".git" / "HEAD").write_text("x")
    assert digest(source) == before


def test_bytes_paths_links_and_who_may_execute_matter(source: Path) -> None:
    app, known = source / "app", {digest(source)}
    (app / "data" / "a.txt").write_text("c")
    known.add(digest(source))
    (app / "data" / "a.txt").rename(app / "data" / "c.txt")
    known.add(digest(source))
    (app / "run").chmod(0o644)
    known.add(digest(source))
    (app / "link").unlink()
    (app / "link").symlink_to("data/b.txt")
    known.add(digest(source))
    assert len(known) == 5


def test_what_is_ignored_is_no_part_of_it_but_for_what_the_builder_goes_by(source: Path) -> None:
    (source / "app" / ".dockerignore").write_text("data\nDockerfile\n")
    before = digest(source)
    (source / "app" / "data" / "a.txt").write_text("other")
    assert digest(source) == before
    (source / "app" / "Dockerfile").write_text("FROM busybox\n")
    assert digest(source) != before


def test_a_context_is_packed_alike_wherever_it_comes_from(source: Path) -> None:
    repository = Repository(source)
    repository.commit()
    snapshot = read_revision(source, "HEAD").snapshot
    assert snapshot.contents is not None
    name = digest(source)
    assert digest_of(snapshot.contents, APP) == name
    packed = b"".join(stream_of(DiskContents(source), APP, name))
    assert b"".join(stream_of(snapshot.contents, APP, name)) == packed
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        entries = {one.name: one for one in archive}
        assert sorted(entries) == ["Dockerfile", "data/a.txt", "data/b.txt", "link", "run"]
        assert (entries["run"].mode, entries["Dockerfile"].mode) == (0o755, 0o644)
        assert entries["link"].linkname == "data/a.txt"
        assert {one.mtime for one in entries.values()} == {0}
        body = archive.extractfile("data/b.txt")
        assert body is not None
        assert body.read() == b"b"


def test_a_commit_keeps_its_content_whatever_the_folder_has_become(source: Path) -> None:
    Repository(source).commit()
    before = digest(source)
    (source / "app" / "data" / "a.txt").write_text("other")
    contents = read_revision(source, "HEAD").snapshot.contents
    assert contents is not None
    assert digest_of(contents, APP) == before != digest(source)


def test_content_that_is_not_what_it_was_is_noticed_before_its_end(source: Path) -> None:
    contents = DiskContents(source)
    name = digest_of(contents, APP)
    (source / "app" / "data" / "b.txt").write_text("something longer")
    pieces: list[bytes] = []
    with pytest.raises(ContentChangedError, match="app is no longer as it was"):
        pieces.extend(stream_of(contents, APP, name))
    assert bytes(1024) not in pieces


def test_a_file_is_known_by_its_bytes(source: Path) -> None:
    file = Material("app/data/a.txt")
    contents = DiskContents(source)
    name = digest_of(contents, file)
    assert b"".join(stream_of(contents, file, name)) == b"a"
    (source / "app" / "data" / "a.txt").write_text("other")
    with pytest.raises(ContentChangedError):
        list(stream_of(contents, file, name))


@pytest.mark.parametrize(
    ("material", "why"),
    [
        (Material("other", "Dockerfile"), "there is no file or folder other"),
        (Material("app/run", "Dockerfile"), "app/run is no folder"),
        (Material("app", "Other"), "there is no file or folder app/Other"),
        (Material("app/data"), "app/data is no regular file"),
        (Material("out", "Dockerfile"), "out leads out of the source"),
        (Material("app/far"), "app/far leads out of the source"),
    ],
)
def test_what_is_not_there_or_outside_is_refused(
    source: Path, tmp_path_factory: pytest.TempPathFactory, material: Material, why: str
) -> None:
    outside = lay(tmp_path_factory.mktemp("outside"), FILES)
    (source / "out").symlink_to(outside)
    (source / "app" / "far").symlink_to(outside / "run")
    Repository(source).commit()
    committed = read_revision(source, "HEAD").snapshot.contents
    assert committed is not None
    for contents in (DiskContents(source), committed):
        for ask in (check, digest_of):
            with pytest.raises(ContentFaultError) as refused:
                ask(contents, material)
            assert str(refused.value) == why
            assert refused.value.in_file is (material.file == "Other")


def test_links_inside_the_source_are_followed(source: Path) -> None:
    (source / "here").symlink_to("app")
    Repository(source).commit()
    committed = read_revision(source, "HEAD").snapshot.contents
    assert committed is not None
    for contents in (DiskContents(source), committed):
        assert digest_of(contents, Material("here", "Dockerfile")) == digest(source)


NAMES = st.sampled_from(["a", "b", "ab", "a/b", "b/a", "é"])
TREES = st.dictionaries(NAMES, st.tuples(st.binary(max_size=4), st.booleans()), max_size=4)


def _laid(root: Path, tree: dict[str, tuple[bytes, bool]]) -> str | None:
    (root / "app").mkdir()
    (root / "app" / "Dockerfile").write_text("FROM scratch")
    for path, (content, program) in tree.items():
        file = root / "app" / path
        if file.exists() or (file.parent != root / "app" and file.parent.is_file()):
            return None
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o755 if program else 0o644)
    return digest(root)


@settings(max_examples=60, deadline=None)
@given(TREES, TREES)
def test_contents_are_called_alike_exactly_if_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    one: dict[str, tuple[bytes, bool]],
    other: dict[str, tuple[bytes, bool]],
) -> None:
    first, second = (_laid(tmp_path_factory.mktemp("t"), tree) for tree in (one, other))
    if first is not None and second is not None:
        assert (first == second) is (one == other)
