"""Revisions of real repositories, read from their objects."""

import os
from pathlib import Path

import pytest

from reconciler.sources import FolderSource
from reconciler.sources.folder import MAX_BYTES
from reconciler.sources.git import RevisionError, read_revision
from tests.support.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "My Jobs")


def refusal(folder: Path, revision: str) -> str:
    with pytest.raises(RevisionError) as caught:
        read_revision(folder, revision)
    return str(caught.value)


def test_a_revision_is_read_whatever_the_work_tree_holds(repository: Repository) -> None:
    first = repository.commit(a="one")
    repository.commit(a="two", b="new")
    (repository.root / "a.yaml").write_text("three")
    read = read_revision(repository.root, first).snapshot
    assert dict(read.files) == {"a.yaml": b"one"}
    assert (read.revision, read.complete, read.project) == (first, True, "my-jobs")
    assert dict(read_revision(repository.root, "main").snapshot.files) == {
        "a.yaml": b"two",
        "b.yaml": b"new",
    }


def test_it_reads_what_a_look_at_the_checked_out_folder_would(repository: Repository) -> None:
    root = repository.root
    (root / "deep").mkdir()
    (root / ".kept").mkdir()
    (root / ".kept" / "k.yaml").write_text("kept")
    (root / "deep" / "b\n.yml").write_text("b")
    (root / "deep" / "run.sh").write_text("no")
    (root / "deep" / "run.sh").chmod(0o755)
    (root / "link.yaml").symlink_to(".kept/k.yaml")
    (root / "folder").symlink_to(".kept")
    repository.commit(a="a", empty="")
    assert dict(read_revision(root, "HEAD").snapshot.files) == dict(FolderSource(root).read().files)


def test_it_passes_over_what_the_folder_would(repository: Repository) -> None:
    root = repository.root
    for name in ("old/a", "deep/old/b", "deep/keep/c", "tmp/d", "deep/e"):
        path = root / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / ".reconcilerignore").write_text("old/\n/tmp\nlink.yaml\nreconciler.yaml\n")
    (root / "deep" / ".reconcilerignore").write_text("*.yaml\n!c.yaml\n")
    (root / "link.yaml").symlink_to("old/a.yaml")
    repository.commit(a="a", reconciler="project: x")
    found = dict(read_revision(root, "HEAD").snapshot.files)
    assert found == dict(FolderSource(root).read().files)
    assert sorted(found) == ["a.yaml", "deep/keep/c.yaml", "reconciler.yaml"]


@pytest.mark.parametrize("kind", ["binary", "large", "link", "pattern"])
def test_what_cannot_be_followed_makes_the_reading_incomplete(
    repository: Repository, kind: str
) -> None:
    path = repository.root / ".reconcilerignore"
    if kind == "link":
        path.symlink_to("a.yaml")
    else:
        said = {"binary": b"a\0", "large": b"a\n" * 40_000, "pattern": b"a*b*c*d*e\n"}
        path.write_bytes(said[kind])
    repository.commit(a="a")
    read = read_revision(repository.root, "HEAD").snapshot
    assert not read.complete
    assert ".reconcilerignore" in read.problem
    assert not FolderSource(repository.root).read().complete


def test_a_folder_within_is_a_source_of_its_own(repository: Repository) -> None:
    (repository.root / "jobs").mkdir()
    (repository.root / "jobs" / "out.yaml").symlink_to("../a.yaml")
    repository.commit(a="a", **{"jobs/b": "b"})
    read = read_revision(repository.root / "jobs", "HEAD").snapshot
    assert dict(read.files) == {"b.yaml": b"b"}
    assert read.project == "jobs"
    assert not read.complete
    assert read.problem == "out.yaml is a link out of the source and is not followed"


def test_a_folder_that_is_not_there_at_a_revision_is_an_empty_source(
    repository: Repository,
) -> None:
    repository.commit(a="a")
    repository.commit(**{"jobs/b": "b"})
    read = read_revision(repository.root / "jobs", "HEAD~1")
    assert (dict(read.snapshot.files), read.snapshot.complete) == ({}, True)
    assert read.notes == ("there is no folder jobs at HEAD~1: that is an empty source",)


def test_a_folder_that_is_not_there_any_more_is_read_where_it_was(repository: Repository) -> None:
    repository.commit(**{"jobs/b": "b"})
    (repository.root / "jobs" / "b.yaml").unlink()
    (repository.root / "jobs").rmdir()
    assert list(read_revision(repository.root / "jobs", "HEAD").snapshot.files) == ["b.yaml"]


def test_a_tag_and_a_branch_are_the_commit_they_name(repository: Repository) -> None:
    commit = repository.commit(a="a")
    repository.git("tag", "--annotate", "--message=v", "v1")
    assert read_revision(repository.root, "v1").snapshot.revision == commit


def test_a_linked_work_tree_and_a_bare_repository(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a="a")
    repository.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "jobs.git"))
    assert list(read_revision(tmp_path / "other", "main").snapshot.files) == ["a.yaml"]
    bare = read_revision(tmp_path / "jobs.git", "main").snapshot
    assert (list(bare.files), bare.project) == (["a.yaml"], "jobs")


def test_the_environment_leads_to_no_other_repository(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(a="a")
    other = Repository(tmp_path / "other")
    other.commit(b="b")
    for name in ("GIT_DIR", "GIT_COMMON_DIR"):
        monkeypatch.setenv(name, str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.root / ".git" / "objects"))
    assert list(read_revision(repository.root, "main").snapshot.files) == ["a.yaml"]
    assert os.environ["GIT_DIR"] == str(other.root / ".git")


class TestRefusals:
    def test_no_repository(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, "HEAD") == (
            f"{tmp_path} lies in no git repository, so it has no revisions"
        )

    @pytest.mark.parametrize("name", ["--output=x", "-", "", "a\nb", "a\0b"])
    def test_what_is_no_revision(self, repository: Repository, name: str) -> None:
        assert "cannot be a revision" in refusal(repository.root, name)

    def test_an_unknown_one_names_the_nearest(self, repository: Repository) -> None:
        repository.commit(a="a")
        assert refusal(repository.root, "mian") == "there is no revision mian; did you mean main?"
        assert refusal(repository.root, "zz9") == "there is no revision zz9 in this repository"

    def test_nothing_is_committed_yet(self, repository: Repository) -> None:
        assert "there is no revision HEAD" in refusal(repository.root, "HEAD")

    def test_a_branch_that_only_a_remote_has(self, repository: Repository, tmp_path: Path) -> None:
        repository.commit(a="a")
        repository.git("branch", "stable")
        repository.git("clone", "--quiet", ".", str(tmp_path / "clone"))
        assert refusal(tmp_path / "clone", "stable").endswith("did you mean origin/stable?")

    def test_a_shallow_clone(self, repository: Repository, tmp_path: Path) -> None:
        repository.commit(a="a")
        repository.commit(a="b")
        clone = tmp_path / "clone"
        repository.git("clone", "--quiet", "--depth=1", f"file://{repository.root}", str(clone))
        assert "this clone, which is shallow: fetch more" in refusal(clone, "HEAD~1")

    def test_a_partial_clone_fetches_nothing(self, repository: Repository, tmp_path: Path) -> None:
        repository.commit(a="a")
        repository.git("config", "uploadpack.allowFilter", "true")
        clone, url = tmp_path / "clone", f"file://{repository.root}"
        repository.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", url, str(clone))
        assert "a partial clone" in refusal(clone, "HEAD")

    def test_an_object_that_is_gone(self, repository: Repository) -> None:
        repository.commit(a="a")
        blob = repository.git("rev-parse", "HEAD:a.yaml")
        (repository.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        assert "this clone is not complete" in refusal(repository.root, "HEAD")

    def test_a_file_in_place_of_the_folder(self, repository: Repository) -> None:
        repository.commit(a="a")
        read = read_revision(repository.root / "a.yaml", "HEAD")
        assert read.notes == ("there is no folder a.yaml at HEAD: that is an empty source",)


class TestHostileCommits:
    def test_names_that_no_file_system_would_take(self, repository: Repository) -> None:
        blob = repository.git("hash-object", "-w", "--stdin", stdin=b"x")
        names = [b"a\nb.yaml", b"-n.yaml", b"\xff.yaml", b"tab\t.yaml", b'"q".yaml', b" .yaml"]
        tree = _tree(repository, [(b"100644", blob, name) for name in names])
        found = read_revision(repository.root, _commit(repository, tree)).snapshot.files
        assert {os.fsencode(path) for path in found} == set(names)

    def test_folders_that_lead_out(self, repository: Repository) -> None:
        """Git itself refuses such names in a checkout; from the objects they are only names."""
        blob = repository.git("hash-object", "-w", "--stdin", stdin=b"../../etc")
        tree = _tree(repository, [(b"120000", blob, b"l.yaml"), (b"100755", blob, b"run.yaml")])
        read = read_revision(repository.root, _commit(repository, tree)).snapshot
        assert list(read.files) == ["run.yaml"]
        assert "l.yaml is a link out of the source" in read.problem

    def test_a_huge_file_is_left_for_its_reader_to_refuse(self, repository: Repository) -> None:
        repository.commit(a="a", huge="x" * (3 * MAX_BYTES))
        read = read_revision(repository.root, "HEAD").snapshot
        assert {path: len(content) for path, content in read.files.items()} == {
            "a.yaml": 1,
            "huge.yaml": MAX_BYTES + 1,
        }

    def test_a_link_that_says_too_much(self, repository: Repository) -> None:
        blob = repository.git("hash-object", "-w", "--stdin", stdin=b"a" * 100_000)
        tree = _tree(repository, [(b"120000", blob, b"l.yaml")])
        read = read_revision(repository.root, _commit(repository, tree)).snapshot
        assert not read.complete

    def test_a_source_that_is_too_large(
        self, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repository.commit(a="x" * 700, b="x" * 700)
        monkeypatch.setattr("reconciler.sources.git.content.MAX_TOTAL", 1000)
        assert not read_revision(repository.root, "HEAD").snapshot.complete

    def test_a_submodule_is_passed_over(self, repository: Repository) -> None:
        commit = repository.commit(a="a")
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub.yaml")
        repository.git("commit", "--quiet", "--message=sub")
        read = read_revision(repository.root, "HEAD")
        assert list(read.snapshot.files) == ["a.yaml"]
        assert read.notes == ("sub.yaml is a submodule and is not read",)


def _tree(repository: Repository, entries: list[tuple[bytes, str, bytes]]) -> str:
    listing = b"".join(b"%s blob %s\t%s\0" % (m, b.encode(), n) for m, b, n in entries)
    return repository.git("mktree", "-z", stdin=listing)


def _commit(repository: Repository, tree: str) -> str:
    return repository.git("commit-tree", "-m", "hostile", tree)
