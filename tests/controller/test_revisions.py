"""Which revision is in force while its source changes under the reader's eyes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.controller import requests
from reconciler.controller.revisions import QUIET_SECONDS, Change, Revisions, load
from reconciler.controller.writing import last_valid, nothing_wanted
from reconciler.ledger import Ledger
from reconciler.model.desired import Desired, NodeSpec
from reconciler.model.fact import RevisionSeen
from reconciler.model.history import History
from reconciler.model.hosts import Hosts
from reconciler.model.policy import FOLDER, Policy
from reconciler.sources.folder import FolderSource
from reconciler.sources.source import CommitInfo, Snapshot, Watch

TASK = """\
apiVersion: reconciler/v1
kind: Task
metadata: {{name: {}}}
spec: {{profile: docker-batch}}
"""
NODE = """\
apiVersion: reconciler/v1
kind: Node
metadata: {name: n1, labels: {zone: a}}
spec: {endpoint: "ssh://n1"}
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

    def list(self, *hosts: str) -> None:
        """Give other hosts for nodes."""
        given = Hosts(tuple(NodeSpec(host, f"ssh://{host}") for host in hosts))
        change = self.reader.listed(given, self.in_force)
        self.said = [message for _, _, message in change.said]
        self.in_force = change.desired or self.in_force


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
        desk.write(
            name,
            TASK.format(name).replace("batch}", "batch, cache: true, placement: {gang: true}}"),
        )
    desk.read()
    assert [said for said in desk.said if "cache: the instances" in said] == desk.said[1:6]
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


class TestPinned:
    def see(self, desk: Desk, pinned: str) -> Change:
        change = desk.reader.read(desk.in_force, pinned)
        desk.in_force = change.desired or desk.in_force
        return change

    def two(self, desk: Desk) -> tuple[str, str]:
        """Put one revision in force after the other; return their names."""
        desk.write("one")
        desk.read()
        first = desk.in_force.revision
        desk.write("two")
        desk.read()
        return first, desk.in_force.revision

    def test_it_is_gone_back_to_without_the_source(self, desk: Desk) -> None:
        first, _ = self.two(desk)
        (desk.folder / "one.yaml").unlink()
        change = self.see(desk, first)
        assert [*desk.in_force.tasks] == ["one"]
        assert (change.said[0][0], desk.in_force.revision) == ("revision", first)
        assert desk.ledger.revision_in_force() is not None
        assert desk.ledger.revision_in_force()[0] == first  # type: ignore[index]

    def test_what_the_source_says_is_remembered_and_not_applied(self, desk: Desk) -> None:
        first, second = self.two(desk)
        self.see(desk, first)
        change = self.see(desk, first)
        assert change.desired is None
        assert [fact.revision for fact in change.facts] == [second]  # type: ignore[union-attr]
        assert "is seen and not applied" in change.said[0][2]
        assert self.see(desk, first) == Change()
        desk.write("bad", "kind: [")
        assert [fact.valid for fact in self.see(desk, first).facts] == [False]  # type: ignore[union-attr]
        assert desk.in_force.revision == first

    def test_a_reader_that_begins_pinned_changes_nothing(self, desk: Desk) -> None:
        _, second = self.two(desk)
        assert self.see(desk, second).said == ()
        assert desk.in_force.revision == second

    def test_the_source_decides_again(self, desk: Desk) -> None:
        first, second = self.two(desk)
        self.see(desk, first)
        self.see(desk, first)
        self.see(desk, "")
        assert desk.in_force.revision == second
        assert desk.ledger.revision_in_force()[0] == second  # type: ignore[index]

    def test_files_that_are_not_kept_any_more(self, desk: Desk) -> None:
        desk.write("one")
        change = self.see(desk, "f-unknown")
        assert change.desired is None
        assert "not kept any more" in change.said[0][2]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("f-12", "revision f-123 is pinned"),
        ("f-1", "f-1 may be any of f-123, f-145: give more of it"),
        ("f-9", "no revision f-9 is kept to go back to; kept: f-123, f-145"),
        ("", "no revision  is kept to go back to"),
    ],
)
def test_a_name_to_pin_may_be_short(desk: Desk, name: str, said: str) -> None:
    kept = ["f-123", "f-145", "f-123"]
    judged = requests.judge("pin", {"revision": name}, desk.in_force, History(), 1.0, kept)
    assert judged.message.startswith(said)
    assert judged.ok == bool(judged.facts) == (name == "f-12")


class Commit:
    """A source whose newest commit cannot be read whole."""

    name = "a repository"

    def __init__(self, revision: str, *, commit: bool = True) -> None:
        info = CommitInfo(id=revision, author="A", subject="empty it", authored_at=0.0)
        self.snapshot = Snapshot(
            root="", project="demo", revision=revision, files={}, complete=False,
            problem="it holds no manifests", commit=info if commit else None,
        )  # fmt: skip

    def read(self) -> Snapshot:
        return self.snapshot

    def watch(self, callback: Callable[[], None]) -> Watch:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("revision", "commit", "remembered"),
    [("6dcb", True, True), ("a0b1", True, False), ("6dcb", False, False)],
)
def test_a_commit_that_cannot_be_read_whole_is_remembered(
    desk: Desk, revision: str, *, commit: bool, remembered: bool
) -> None:
    source = Commit(revision, commit=commit)
    reader = Revisions(source, desk.ledger, "demo", lambda: 1.0, lambda: 60.0)
    in_force = replace(desk.in_force, revision="a0b1")
    change = reader.read(in_force)
    assert [said[0] for said in change.said] == ["refused"]
    known = RevisionSeen(
        "6dcb", 1.0, valid=False, problem="it holds no manifests", author="A", subject="empty it"
    )
    assert list(change.facts) == ([known] if remembered else [])
    assert reader.read(in_force) == Change()


def test_other_hosts_are_nodes_of_the_revision_in_force(desk: Desk) -> None:
    desk.write("one")
    desk.read()
    before = desk.in_force
    desk.list("n1", "n2")
    assert list(desk.in_force.nodes) == ["n1", "n2"]
    assert (desk.in_force.revision, desk.in_force.tasks) == (before.revision, before.tasks)
    assert desk.said == ["nodes are the hosts that are listed: n1, n2"]
    valid = last_valid(desk.folder.parent, "demo", FOLDER)
    assert valid is not None
    assert valid.nodes == desk.in_force.nodes
    desk.write("two")
    desk.read()
    assert (list(desk.in_force.tasks), list(desk.in_force.nodes)) == (["one", "two"], ["n1", "n2"])


def test_hosts_on_which_nothing_fits_are_refused(desk: Desk) -> None:
    desk.write("node", NODE)
    desk.write("one", TASK.format("one").replace("batch}", "batch, placement: {nodes: {zone: a}}}"))
    desk.read()
    desk.list("n1", "n2")
    desk.list("n2")
    assert "these hosts are refused, those that were listed before stay: " in desk.said[0]
    assert list(desk.in_force.nodes) == ["n1", "n2"]
    desk.write("two")
    desk.read()
    assert list(desk.in_force.nodes) == ["n1", "n2"]


def test_hosts_that_are_listed_before_anything_is_valid(desk: Desk) -> None:
    desk.in_force = nothing_wanted("demo")
    desk.list("n1")
    desk.write("one")
    desk.read()
    assert (list(desk.in_force.tasks), list(desk.in_force.nodes)) == (["one"], ["n1"])


def test_of_many_hosts_a_few_are_named(desk: Desk) -> None:
    desk.write("one")
    desk.read()
    desk.list(*(f"n{number:04}" for number in range(1000)))
    (said,) = desk.said
    assert said.endswith("n0008, n0009 and 990 more")


def test_hosts_count_while_the_source_has_errors(desk: Desk) -> None:
    desk.write("one")
    desk.read()
    desk.write("two", "kind: [")
    desk.read()
    desk.list("n1")
    assert (list(desk.in_force.tasks), list(desk.in_force.nodes)) == (["one"], ["n1"])


def test_hosts_have_nothing_torn_down_that_a_source_at_work_lacks(desk: Desk) -> None:
    desk.write("one")
    desk.write("two")
    desk.read()
    (desk.folder / "two.yaml").unlink()
    desk.quiet = 0.0
    desk.read()
    desk.list("n1")
    assert not desk.prunable()
