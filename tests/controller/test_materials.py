"""What images are made of, from a source to the record and back, and on its way to an engine."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.controller.materials import RECORD, supplying
from reconciler.controller.revisions import as_loaded, kept_snapshot, load
from reconciler.engines.engine import PermanentError, TransientError
from reconciler.model.action import Action, Cause, Verb
from reconciler.model.desired import DesiredTask
from reconciler.model.images import Archive, Origin
from reconciler.model.policy import FOLDER
from reconciler.sources import FolderSource
from reconciler.sources.git import read_revision
from reconciler.sources.source import Snapshot
from tests.support.repository import Repository

TASK = """\
apiVersion: reconciler/v1
kind: Task
metadata: {name: built}
spec: {container: {image: {build: {context: app}}}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "app").mkdir(parents=True)
    (root / "app" / "Dockerfile").write_text("FROM scratch\n")
    (root / "task.yaml").write_text(TASK)
    return root


def taken(snapshot: Snapshot) -> tuple[Snapshot, DesiredTask]:
    catalog = load(snapshot, "demo", FOLDER)
    assert catalog.desired is not None
    assert catalog.desired.revision == catalog.revision
    return as_loaded(snapshot, catalog), catalog.desired.tasks["built"]


def pull_of(origin: Origin | None, revision: str = "r") -> Action:
    cause = Cause("", revision=revision)
    return Action(
        verb=Verb.PULL,
        node="n",
        subject="s",
        task="t",
        run=1,
        cause=cause,
        image="i",
        origin=origin,
    )


def test_a_changed_content_is_another_revision_and_other_work(root: Path) -> None:
    source = FolderSource(root)
    before, one = taken(source.read())
    assert taken(source.read()) == (before, one)
    (root / "app" / "other").write_text("x")
    after, other = taken(source.read())
    assert before.revision != after.revision
    assert one.work != other.work


def test_a_revision_from_the_record_means_the_same_images(root: Path) -> None:
    snapshot, one = taken(FolderSource(root).read())
    assert set(snapshot.files) == {"task.yaml", RECORD}
    (root / "app" / "Dockerfile").unlink()
    kept = kept_snapshot("demo", snapshot.revision, dict(snapshot.files))
    again, other = taken(kept)
    assert (again.revision, other.work, other.spec) == (snapshot.revision, one.work, one.spec)


def test_a_record_of_an_earlier_version_starts_nothing(root: Path) -> None:
    kept = kept_snapshot("demo", "r", {"task.yaml": (root / "task.yaml").read_bytes()})
    assert "is not on record" in taken(kept)[1].blocked


def test_what_is_missing_refuses_the_revision(root: Path) -> None:
    (root / "app" / "Dockerfile").unlink()
    catalog = load(FolderSource(root).read(), "demo", FOLDER)
    assert [str(problem.at) for problem in catalog.errors] == ["task.yaml:4:45"]


def test_a_commit_is_called_as_ever_and_means_what_the_folder_did(root: Path) -> None:
    commit = Repository(root).commit()
    folder, commits = taken(FolderSource(root).read()), taken(read_revision(root, "HEAD").snapshot)
    assert commits[0].revision == commit
    assert commits[1].work == folder[1].work


def test_content_is_handed_out_as_it_was_read(root: Path) -> None:
    source = FolderSource(root)
    origin = taken(source.read())[1].spec.origin
    assert b"FROM scratch" in b"".join(supplying(source)(pull_of(origin)))
    (root / "app" / "Dockerfile").write_text("FROM busybox\n")
    with pytest.raises(TransientError, match="could not make i: app is no longer as it was"):
        list(supplying(source)(pull_of(origin)))
    (root / "app" / "Dockerfile").unlink()
    with pytest.raises(TransientError, match="there is no file or folder app/Dockerfile"):
        list(supplying(source)(pull_of(origin)))


def test_a_source_without_content_hands_out_nothing() -> None:
    with pytest.raises(PermanentError, match="has nothing but manifests"):
        list(supplying(None)(pull_of(Archive(path="a"))))


def test_a_reading_without_images_of_its_own_is_as_it_was(root: Path) -> None:
    (root / "task.yaml").write_text(TASK.replace("{build: {context: app}}", "busybox"))
    snapshot = FolderSource(root).read()
    assert taken(snapshot)[0] == replace(snapshot)
