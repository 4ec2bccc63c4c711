"""Which revision is in force while its source changes under the reader's eyes."""

from pathlib import Path

import pytest

from reconciler.controller.revisions import QUIET_SECONDS, Revisions, load
from reconciler.controller.writing import last_valid
from reconciler.ledger import Ledger
from reconciler.model.desired import Desired
from reconciler.model.policy import FOLDER, Policy
from reconciler.sources.folder import FolderSource

TASK = """\
apiVersion: reconciler/v1
kind: Task
metadata: {{name: {}}}
spec: {{profile: docker-batch}}
"""


class Desk:
    """A folder, its reader, and the revision in force."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "source"
        self.folder.mkdir()
        (self.folder / "reconciler.yaml").write_text("project: demo\n")
        self.quiet = 60.0
        self.ledger = Ledger.open(folder, write=True, project="demo")
        source = FolderSource(self.folder)
        self.reader = Revisions(source, self.ledger, "demo", lambda: 1.0, lambda: self.quiet)
        catalog = load(source.read(), "demo", FOLDER)
        assert catalog.desired is not None
        self.in_force: Desired = catalog.desired
        self.said: list[str] = []

    def write(self, name: str, text: str | None = None) -> None:
        (self.folder / f"{name}.yaml").write_text(TASK.format(name) if text is None else text)

    def prunable(self) -> bool:
        return self.in_force.prunable

    def read(self) -> float | None:
        change = self.reader.read(self.in_force)
        self.said = [message for _, _, message in change.said]
        self.in_force = change.desired or self.in_force
        return change.again_in


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_new_manifest_is_in_force_at_once(desk: Desk) -> None:
    desk.write("one")
    desk.quiet = 0.05
    assert desk.read() is None
    assert list(desk.in_force.tasks) == ["one"]
    kept = desk.ledger.revision_in_force()
    assert kept is not None
    assert kept[0] == desk.in_force.revision


def test_warnings_of_a_new_revision_are_told_a_few_of_many(desk: Desk) -> None:
    for number in range(8):
        name = f"t{number}"
        desk.write(name, TASK.format(name).replace("batch}", "batch, priority: 3}"))
    desk.read()
    assert [said for said in desk.said if "not supported" in said] == desk.said[1:6]
    assert desk.said[6] == "and 3 more; `validate` shows all"
    desk.read()
    assert desk.said == []


def test_the_last_valid_one_stays_in_force(desk: Desk) -> None:
    desk.write("one")
    desk.read()
    desk.write("one", "kind: Task\n  broken")
    desk.read()
    assert list(desk.in_force.tasks) == ["one"]
    assert "refused" in desk.said[0]
    assert "one.yaml" in desk.said[0]
    desk.read()
    assert desk.said == [], "the same refusal is said once"


def test_a_vanished_manifest_waits_for_quiet(desk: Desk) -> None:
    desk.write("one")
    desk.write("two")
    desk.read()
    (desk.folder / "two.yaml").unlink()
    desk.quiet = 0.5
    assert desk.read() == pytest.approx(QUIET_SECONDS - 0.5)
    assert not desk.prunable()
    desk.quiet = QUIET_SECONDS
    assert desk.read() is None
    assert desk.prunable()
    assert list(desk.in_force.tasks) == ["one"]


def test_what_reappears_in_time_was_never_gone(desk: Desk) -> None:
    desk.write("one")
    desk.read()
    (desk.folder / "one.yaml").unlink()
    desk.quiet = 0.1
    desk.read()
    assert not desk.prunable()
    desk.write("one")
    desk.read()
    desk.quiet = QUIET_SECONDS
    desk.read()
    assert desk.prunable()
    assert list(desk.in_force.tasks) == ["one"]


def test_a_source_that_cannot_be_read_whole_changes_nothing(desk: Desk) -> None:
    desk.write("one")
    desk.read()
    (desk.folder / "two.yaml").symlink_to("/etc/hostname")
    desk.read()
    assert list(desk.in_force.tasks) == ["one"]
    assert desk.said


def test_a_project_keeps_its_name(desk: Desk) -> None:
    (desk.folder / "reconciler.yaml").write_text("project: other\n")
    desk.read()
    assert desk.in_force.project == "demo"
    assert "cannot become other" in desk.said[0]


def test_the_last_valid_one_is_held_against_the_policy_of_today(tmp_path: Path) -> None:
    asking = "spec: {container: {security: {privileged: true}}, "
    text = TASK.format("a").replace("spec: {", asking)
    with Ledger.open(tmp_path, write=True, project="demo") as ledger:
        ledger.keep_revision("f-1", {"a.yaml": text.encode()}, 1.0)
    assert last_valid(tmp_path, "demo", FOLDER) is not None
    assert last_valid(tmp_path, "demo", Policy(privileged=False)) is None
