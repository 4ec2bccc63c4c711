"""What is read while the remote moves, is rewritten, loses things, or the mirror is damaged."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.sources.git import (
    GitSettings,
    GitSource,
    RemoteError,
    RevisionError,
    Rewrite,
    Standing,
)
from tests.support.process import eventually
from tests.support.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "served" / "jobs")


class Followed:
    """A source with what it was told of itself."""

    def __init__(self, repository: Repository, mirror: Path, **settings: object) -> None:
        self.told: list[tuple[Standing, str]] = []
        self.mirror = mirror
        given = {"url": f"file://{repository.root}", "branch": "main", **settings}
        self.settings = GitSettings(**given)  # type: ignore[arg-type]  # whatever a test wants
        self.source = self.again()

    def again(self) -> GitSource:
        """Start over, as another process would."""
        heard = self.told
        self.source = GitSource(
            self.settings, self.mirror, lambda kind, words: heard.append((kind, words))
        )
        return self.source

    @property
    def files(self) -> dict[str, bytes]:
        return dict(self.source.read().files)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "state" / "mirror"


class TestReading:
    def test_what_a_commit_says_of_itself(self, repository: Repository, mirror: Path) -> None:
        repository.commit(a="one")
        author, message = "E\x1b[31mv\x07e <e@example.org>", "Do it\n\nat length"
        who = (f"--author={author}", "--date=@1700000000 +0000")
        repository.git("commit", "--quiet", "--allow-empty", *who, f"--message={message}")
        followed = Followed(repository, mirror)
        followed.source.poll()
        commit = followed.source.read().commit
        assert commit is not None
        assert (commit.author, commit.subject) == ("E\x1b[31mv\x07e", "Do it")
        assert (commit.authored_at, commit.signer) == (1700000000.0, "")
        assert commit.id == followed.source.revision

    def test_a_folder_within(self, repository: Repository, mirror: Path) -> None:
        repository.commit(a="a", **{"fleet/b": "b"})
        followed = Followed(repository, mirror, path="fleet/")
        followed.source.poll()
        assert followed.files == {"b.yaml": b"b"}
        assert followed.source.read().project == "fleet"

    def test_the_default_branch(self, repository: Repository, mirror: Path) -> None:
        repository.commit(a="a")
        repository.git("checkout", "--quiet", "-b", "stable")
        repository.commit(a="b")
        followed = Followed(repository, mirror, branch="")
        followed.source.poll()
        assert followed.files == {"a.yaml": b"b"}

    @pytest.mark.parametrize(
        "change",
        ["content", "new", "gone", "moved", "ignored", "linked", "link changed", "was a folder"],
    )
    def test_the_next_commit_is_as_if_it_was_read_alone(
        self, repository: Repository, mirror: Path, change: str
    ) -> None:
        root = repository.root
        (root / ".hidden").mkdir()
        (root / ".hidden" / "h.yaml").write_text("hidden")
        if change == "link changed":
            (root / "l.yaml").symlink_to(".hidden/h.yaml")
        repository.commit(a="a", b="b", **{"deep/c": "c", "deep/d": "d"})
        followed = Followed(repository, mirror)
        followed.source.poll()
        before = followed.source.read().files
        changes: dict[str, dict[str, str | None]] = {
            "content": {"a": "other", "deep/c": "another"},
            "new": {"deep/e/f": "new"},
            "gone": {"deep/c": None},
            "moved": {"deep/c": None, "e": "c"},
        }
        if change == "ignored":
            (root / ".reconcilerignore").write_text("deep/\n")
        elif change == "linked":
            (root / "l.yaml").symlink_to(".hidden/h.yaml")
        elif change == "link changed":
            (root / ".hidden" / "h.yaml").write_text("changed")
        elif change == "was a folder":
            shutil.rmtree(root / "deep")
            (root / "deep").write_text("a file")
        repository.commit(**changes.get(change, {}))
        followed.source.poll()
        alone = Followed(repository, mirror.with_name("other"))
        alone.source.poll()
        assert followed.files == alone.files != before

    def test_another_commit_of_the_mirror(self, repository: Repository, mirror: Path) -> None:
        first = repository.commit(a="one")
        second = repository.commit(a="two")
        followed = Followed(repository, mirror)
        followed.source.poll()
        assert dict(followed.source.at(first[:10]).files) == {"a.yaml": b"one"}
        assert followed.source.read().revision == second
        for unknown in ("0" * 40, "main", "--all", "HEAD~1"):
            with pytest.raises(RevisionError):
                followed.source.at(unknown)


class TestNothingIsPrunedFor:
    def test_a_branch_that_is_deleted(self, repository: Repository, mirror: Path) -> None:
        commit = repository.commit(a="a")
        repository.git("checkout", "--quiet", "-b", "other")
        followed = Followed(repository, mirror)
        followed.source.poll()
        repository.git("branch", "--quiet", "-D", "main")
        assert followed.source.poll()
        read = followed.source.read()
        assert (read.complete, read.revision, dict(read.files)) == (False, commit, {"a.yaml": b"a"})
        assert f"does not have the branch main; {commit[:12]}" in read.problem
        assert followed.source.standing[0] is Standing.VANISHED
        repository.git("branch", "main", "other")
        assert followed.source.poll()
        assert followed.source.read().complete

    def test_a_branch_that_is_deleted_where_a_webhook_told_of_news(
        self, repository: Repository, mirror: Path
    ) -> None:
        repository.commit(a="a")
        followed = Followed(repository, mirror)
        followed.source.poll()
        repository.git("checkout", "--quiet", "-b", "other")
        repository.git("branch", "--delete", "--force", "main")
        assert followed.source.poll(hinted=True)
        assert followed.source.standing[0] is Standing.VANISHED
        assert not followed.source.read().complete
        shutil.rmtree(repository.root)
        with pytest.raises(RemoteError):
            followed.source.poll(hinted=True)
        assert followed.told[-1][0] is Standing.UNREACHABLE

    def test_a_repository_without_a_commit(self, repository: Repository, mirror: Path) -> None:
        followed = Followed(repository, mirror)
        followed.source.poll()
        read = followed.source.read()
        assert not read.complete
        assert "does not have the branch main" in read.problem

    def test_a_commit_without_manifests(self, repository: Repository, mirror: Path) -> None:
        repository.commit(a="a")
        followed = Followed(repository, mirror)
        followed.source.poll()
        emptied = repository.commit(a=None)
        followed.source.poll()
        read = followed.source.read()
        assert (read.revision, read.complete) == (emptied, False)
        assert read.problem == f"{emptied[:12]} holds no manifests"

    def test_a_folder_that_vanishes(self, repository: Repository, mirror: Path) -> None:
        repository.commit(**{"fleet/a": "a", "b": "b"})
        followed = Followed(repository, mirror, path="fleet")
        followed.source.poll()
        commit = repository.commit(**{"fleet/a": None})
        followed.source.poll()
        read = followed.source.read()
        assert (dict(read.files), read.complete) == ({}, False)
        assert read.problem == f"there is no folder fleet at {commit[:12]}"

    def test_a_remote_that_is_shallow(
        self, repository: Repository, mirror: Path, tmp_path: Path
    ) -> None:
        repository.commit(a="a")
        repository.commit(a="b")
        shallow = Repository(tmp_path / "shallow")
        shallow.git("fetch", "--quiet", "--depth=1", f"file://{repository.root}", "main")
        shallow.git("update-ref", "refs/heads/main", "FETCH_HEAD")
        followed = Followed(shallow, mirror)
        with pytest.raises(RemoteError, match="where it is a shallow clone"):
            followed.source.poll()
        assert not followed.source.read().complete


class TestRewrittenHistory:
    def rewritten(self, repository: Repository, followed: Followed) -> tuple[str, str]:
        """Follow a commit, then put another one in its place."""
        repository.commit(a="base")
        first = repository.commit(a="one")
        followed.source.poll()
        repository.git("reset", "--quiet", "--hard", "HEAD~1")
        return first, repository.commit(a="other")

    def test_it_is_followed(self, repository: Repository, mirror: Path) -> None:
        followed = Followed(repository, mirror)
        _, other = self.rewritten(repository, followed)
        assert followed.source.poll()
        assert followed.source.read().revision == other

    def test_it_is_held_until_it_is_allowed(self, repository: Repository, mirror: Path) -> None:
        followed = Followed(repository, mirror, on_rewrite=Rewrite.HOLD)
        first, other = self.rewritten(repository, followed)
        assert not followed.source.poll()
        assert (followed.source.revision, followed.source.held()) == (first, other)
        assert followed.told[-1][0] is Standing.HELD
        assert (
            f"no successor of {first[:12]}: the branch main was rewritten" in followed.told[-1][1]
        )
        assert followed.source.read().complete
        source = followed.again()
        source.poll()
        assert source.held() == other
        assert not source.allow(first)
        assert not source.allow(other[:6])
        assert not source.poll()
        assert source.allow(other[:12])
        assert source.poll()
        assert (source.revision, source.held()) == (other, "")

    def test_it_is_allowed_without_a_look_by_whoever_asks_next(
        self, repository: Repository, mirror: Path
    ) -> None:
        followed = Followed(repository, mirror, on_rewrite=Rewrite.HOLD)
        _, other = self.rewritten(repository, followed)
        followed.source.poll()
        away = repository.root.with_name("away")
        repository.root.rename(away)
        source = followed.again()
        assert source.held() == other
        assert source.allow(other)
        assert (source.held(), followed.again().held()) == ("", "")
        away.rename(repository.root)
        source = followed.again()
        assert source.poll()
        assert source.revision == other

    def test_a_leave_is_for_that_revision_alone(self, repository: Repository, mirror: Path) -> None:
        followed = Followed(repository, mirror, on_rewrite=Rewrite.HOLD)
        first, other = self.rewritten(repository, followed)
        followed.source.poll()
        followed.source.allow(other)
        third = repository.commit(a="third")
        followed.source.poll()
        assert (followed.source.revision, followed.source.held()) == (first, third)

    def test_a_later_successor_ends_the_wait(self, repository: Repository, mirror: Path) -> None:
        followed = Followed(repository, mirror, on_rewrite=Rewrite.HOLD)
        first, _ = self.rewritten(repository, followed)
        followed.source.poll()
        repository.git("reset", "--quiet", "--hard", first)
        later = repository.commit(a="later")
        assert followed.source.poll()
        assert (followed.source.revision, followed.source.held()) == (later, "")

    def test_it_is_refused(self, repository: Repository, mirror: Path) -> None:
        followed = Followed(repository, mirror, on_rewrite=Rewrite.REFUSE)
        first, other = self.rewritten(repository, followed)
        assert not followed.source.poll()
        assert followed.source.revision == first
        assert followed.source.standing[0] is Standing.REFUSED
        assert not followed.source.allow(other)
        assert not followed.source.poll()

    def test_what_is_told_once_is_not_told_at_each_poll(
        self, repository: Repository, mirror: Path
    ) -> None:
        followed = Followed(repository, mirror, on_rewrite=Rewrite.HOLD)
        self.rewritten(repository, followed)
        for _ in range(3):
            followed.source.poll()
        assert [kind for kind, _ in followed.told] == [
            Standing.NEW,
            Standing.CURRENT,
            Standing.HELD,
        ]

    def test_other_settings_are_no_rewriting(self, repository: Repository, mirror: Path) -> None:
        repository.commit(a="a")
        repository.git("checkout", "--quiet", "--orphan", "other")
        other = repository.commit(b="b")
        Followed(repository, mirror).source.poll()
        followed = Followed(repository, mirror, branch="other", on_rewrite=Rewrite.HOLD)
        assert followed.source.read().revision == ""
        followed.source.poll()
        assert followed.source.revision == other


class TestTagsAndCommits:
    def test_a_tag_that_moves(self, repository: Repository, mirror: Path) -> None:
        first = repository.commit(a="one")
        repository.git("tag", "--annotate", "--message=v", "v1")
        followed = Followed(repository, mirror, branch="", tag="v1")
        followed.source.poll()
        assert followed.source.read().revision == first
        second = repository.commit(a="two")
        assert not followed.source.poll()
        repository.git("tag", "--force", "v1")
        assert followed.source.poll()
        assert followed.source.revision == second

    def test_a_pinned_commit_needs_the_remote_once(
        self, repository: Repository, mirror: Path
    ) -> None:
        first = repository.commit(a="one")
        repository.commit(a="two")
        followed = Followed(repository, mirror, branch="", commit=first)
        assert followed.source.poll()
        repository.root.rename(repository.root.with_name("away"))
        assert not followed.again().poll()
        assert followed.files == {"a.yaml": b"one"}

    def test_a_commit_that_is_nowhere(self, repository: Repository, mirror: Path) -> None:
        repository.commit(a="one")
        followed = Followed(repository, mirror, branch="", commit="1" * 40)
        with pytest.raises(RemoteError, match="no such thing as the commit 111111111111"):
            followed.source.poll()


class TestTheMirror:
    def test_it_has_no_work_tree_hooks_or_remote(
        self, repository: Repository, mirror: Path
    ) -> None:
        repository.commit(a="a")
        repository.git("branch", "other")
        repository.git("tag", "v1")
        source = Followed(repository, mirror).source
        source.poll()
        source.poll()
        path = mirror / "repository.git"
        assert not (path / "hooks").exists()
        assert str(repository.root) not in (path / "config").read_text()
        refs = Repository.at(path).git("for-each-ref", "--format=%(refname)").split()
        assert refs == ["refs/reconciler/fetched", "refs/reconciler/given"]
        assert mirror.stat().st_mode & 0o077 == 0

    def test_what_a_crash_leaves_behind(self, repository: Repository, mirror: Path) -> None:
        repository.commit(a="one")
        Followed(repository, mirror).source.poll()
        path = mirror / "repository.git"
        (path / "objects" / "pack" / "tmp_pack_x").write_bytes(b"half")
        (path / "refs" / "reconciler" / "fetched.lock").touch()
        (path / "shallow.lock").touch()
        (path / "objects" / "incoming-x").mkdir()
        (mirror / "given.new").write_text("{half")
        (mirror / "repository.new").mkdir()
        repository.commit(a="two")
        followed = Followed(repository, mirror)
        assert followed.source.poll()
        assert followed.files == {"a.yaml": b"two"}
        assert not list(path.rglob("tmp_*"))

    def test_a_kill_in_the_middle_of_a_fetch(
        self, repository: Repository, mirror: Path, tmp_path: Path
    ) -> None:
        (repository.root / "large").write_bytes(os.urandom(64 << 20))
        # As many as git leaves in one pack, which it writes to a file of its own first.
        commit = repository.commit(**{f"t{number}": str(number) for number in range(120)})
        program = (
            "import sys; from pathlib import Path\n"
            "from reconciler.sources.git import GitSettings, GitSource\n"
            "GitSource(GitSettings(url=sys.argv[1]), Path(sys.argv[2])).poll()\n"
        )
        url = f"file://{repository.root}"
        killed = subprocess.Popen([sys.executable, "-c", program, url, str(mirror)])
        packs = mirror / "repository.git" / "objects" / "pack"
        eventually(lambda: list(packs.glob("tmp_*")), "a fetch under way", pause=0.001)
        killed.kill()
        killed.wait()
        followed = Followed(repository, mirror)
        followed.source.poll()
        read = followed.source.read()
        assert (read.revision, read.complete) == (commit, True)

    @pytest.mark.parametrize("damage", ["object", "head", "refs", "everything", "record"])
    def test_a_damaged_one_is_made_anew(
        self, repository: Repository, mirror: Path, damage: str
    ) -> None:
        commit = repository.commit(a="one")
        followed = Followed(repository, mirror)
        followed.source.poll()
        path = mirror / "repository.git"
        if damage == "object":
            for found in (path / "objects").rglob("*"):
                if found.is_file():
                    found.chmod(0o600)
                    found.write_bytes(b"rubbish")
        elif damage == "head":
            (path / "HEAD").unlink()
        elif damage == "refs":
            shutil.rmtree(path / "refs")
        elif damage == "record":
            (mirror / "given.json").write_text("{")
        else:
            shutil.rmtree(path)
        followed.again()
        assert followed.source.read().complete is False
        followed.source.poll()
        read = followed.source.read()
        assert (read.complete, read.revision, dict(read.files)) == (
            True,
            commit,
            {"a.yaml": b"one"},
        )

    def test_whoever_saw_the_damage_is_called_back(
        self, repository: Repository, mirror: Path
    ) -> None:
        repository.commit(a="one")
        followed = Followed(repository, mirror)
        followed.source.poll()
        shutil.rmtree(mirror / "repository.git" / "objects")
        assert "the mirror is damaged" in followed.source.read().problem
        assert followed.source.poll()
        assert followed.source.read().complete

    def test_a_damaged_one_keeps_a_rewritten_history_held(
        self, repository: Repository, mirror: Path
    ) -> None:
        repository.commit(a="base")
        first = repository.commit(a="one")
        followed = Followed(repository, mirror, on_rewrite=Rewrite.HOLD)
        followed.source.poll()
        shutil.rmtree(mirror / "repository.git")
        repository.git("reset", "--quiet", "--hard", "HEAD~1")
        other = repository.commit(a="other")
        followed.again().poll()
        assert (followed.source.revision, followed.source.held()) == (first, other)
        assert not followed.source.read().complete
        followed.source.poll()
        assert "does not hold" in followed.source.read().problem
        followed.source.allow(other)
        followed.source.poll()
        assert followed.files == {"a.yaml": b"other"}

    def test_a_folder_that_cannot_be_written(self, repository: Repository, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        followed = Followed(repository, tmp_path / "file" / "mirror")
        with pytest.raises(RemoteError, match="is of no use"):
            followed.source.poll()

    def test_the_environment_leads_nowhere_else(
        self, repository: Repository, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repository.commit(a="a")
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects"))
        monkeypatch.setenv("GIT_SSH_COMMAND", "false")
        followed = Followed(repository, mirror)
        followed.source.poll()
        assert followed.files == {"a.yaml": b"a"}
        assert not (tmp_path / "objects").exists()
        assert os.environ["GIT_DIR"] == str(tmp_path / "elsewhere")


class TestSubmodules:
    def with_submodule(self, repository: Repository, url: str) -> str:
        """Commit a submodule of one's own shared folder, at an address."""
        shared = Repository(repository.root.with_name("shared"))
        commit = shared.commit(s="shared")
        text = f'[submodule "x"]\n\tpath = lib\n\turl = {url}\n'
        (repository.root / ".gitmodules").write_text(text)
        repository.git("add", ".gitmodules")
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},lib")
        (repository.root / "a.yaml").write_text("a")
        repository.git("add", "a.yaml")
        repository.git("commit", "--quiet", "--message=sub")
        return commit

    def test_they_are_not_read_unless_asked_for(self, repository: Repository, mirror: Path) -> None:
        self.with_submodule(repository, "../shared")
        followed = Followed(repository, mirror)
        followed.source.poll()
        assert followed.files == {"a.yaml": b"a"}
        assert followed.source.notes == ("lib is a submodule and is not read",)

    @pytest.mark.parametrize("url", ["../shared", "beside"])
    def test_beside_the_repository(self, repository: Repository, mirror: Path, url: str) -> None:
        beside = f"file://{repository.root.parent}/shared"
        self.with_submodule(repository, beside if url == "beside" else url)
        followed = Followed(repository, mirror, submodules=True)
        followed.source.poll()
        assert followed.files == {"a.yaml": b"a", "lib/s.yaml": b"shared"}
        assert followed.source.notes == ()

    def test_a_damaged_mirror_gets_them_again(self, repository: Repository, mirror: Path) -> None:
        self.with_submodule(repository, "../shared")
        followed = Followed(repository, mirror, submodules=True)
        followed.source.poll()
        shutil.rmtree(mirror / "repository.git" / "objects")
        followed.source.read()
        followed.source.poll()
        assert sorted(followed.files) == ["a.yaml", "lib/s.yaml"]

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("https://example.org/shared", "on another host"),
            ("file:///etc/shared", "does not lie beside"),
            ("../../../shared", "does not lie beside"),
            ("ext::sh -c x", "cannot be a repository's address"),
            ("-x", "cannot be a repository's address"),
        ],
    )
    def test_elsewhere(self, repository: Repository, mirror: Path, url: str, why: str) -> None:
        self.with_submodule(repository, url)
        followed = Followed(repository, mirror, submodules=True)
        followed.source.poll()
        assert followed.files == {"a.yaml": b"a"}
        assert why in followed.source.notes[0]
