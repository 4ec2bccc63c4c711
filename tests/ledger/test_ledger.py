import sqlite3
import stat
from pathlib import Path

import pytest

from reconciler.ledger import (
    Answer,
    Ledger,
    LedgerError,
    LedgerForeign,
    LogEntry,
    NoLedger,
)
from reconciler.ledger.attempts import LOG_TAIL
from reconciler.ledger.connection import open_writer
from reconciler.ledger.schema import MIGRATIONS
from reconciler.model import fact as facts
from reconciler.model.fact import Fact
from reconciler.model.history import History
from tests.ledger.samples import ended, fold, key, opened, reserved


def writer(folder: Path, project: str = "demo", kept: int = 100_000) -> Ledger:
    return Ledger.open(folder, write=True, project=project, kept=kept)


def test_a_new_ledger_is_private_and_says_what_it_is(tmp_path: Path) -> None:
    writer(tmp_path).close()
    file = tmp_path / "ledger.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    raw = sqlite3.connect(file)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert raw.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert raw.execute("PRAGMA application_id").fetchone() == (0x5245434E,)
    raw.close()


def test_it_keeps_its_identity(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger:
        first = ledger.state_id
    with writer(tmp_path) as ledger:
        assert first
        assert (ledger.state_id, ledger.project) == (first, "demo")


def test_it_keeps_the_hosts_that_were_given_last(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger:
        assert ledger.hosts() == ""
        ledger.keep_hosts("[1]")
    with Ledger.open(tmp_path, write=False) as reader:
        assert reader.hosts() == "[1]"
    with writer(tmp_path) as ledger:
        ledger.keep_hosts("")
        assert ledger.hosts() == ""


def test_another_project_is_refused_to_write_and_to_read(tmp_path: Path) -> None:
    writer(tmp_path).close()
    for write in (True, False):
        with pytest.raises(LedgerForeign, match="'demo', not to 'other'"):
            Ledger.open(tmp_path, write=write, project="other")
    Ledger.open(tmp_path, write=False).close()


def test_one_that_is_just_being_made_is_none_yet(tmp_path: Path) -> None:
    open_writer(tmp_path).close()  # its writer names it in a second step
    for project in ("", "demo"):
        with pytest.raises(NoLedger):
            Ledger.open(tmp_path, write=False, project=project)
    writer(tmp_path).close()
    Ledger.open(tmp_path, write=False, project="demo").close()


def test_a_batch_is_recorded_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger:
        ledger.record([opened()])
        before = ledger.load()
        unknown = facts.RunCancelled("pi", 9, None, "no such run", 2.0)
        with pytest.raises(LedgerError, match="run 9 of task pi"):
            ledger.record([reserved(key()), unknown], [LogEntry(at=1.0, kind="x", message="y")])
        assert ledger.load() == before
        assert ledger.events() == []
        ledger.record([reserved(key())])
        assert ledger.load().attempt(key()) is not None


def test_recording_nothing_writes_nothing(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger, Ledger.open(tmp_path, write=False) as reader:
        before = reader.data_version()
        ledger.record([])
        assert reader.data_version() == before


def test_text_that_is_no_text_does_not_stop_the_writer(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger:
        ledger.record(
            [facts.TroubleSeen("x", "caf\udce9", 1, 2.0, 1.0)],
            [LogEntry(at=1.0, kind="x", message="\udcff", cause={"path": "\udcff"})],
        )
        assert ledger.load().troubles["x"].message == "caf?"
        assert ledger.events()[0].cause == {"path": "\udcff"}


def test_a_number_beyond_measure_is_an_error_not_a_crash(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger, pytest.raises(LedgerError, match="too large"):
        ledger.record([facts.RunOpened("pi", 1, "w", 10**30, "", "", 1.0)])


class TestReading:
    def test_without_a_ledger_nothing_is_created(self, tmp_path: Path) -> None:
        for folder in (tmp_path, tmp_path / "missing"):
            with pytest.raises(NoLedger):
                Ledger.open(folder, write=False)
            with pytest.raises(NoLedger):
                Ledger.append_request(folder, "stop", {})
        assert list(tmp_path.iterdir()) == []

    def test_a_creation_that_was_interrupted_is_no_ledger_yet(self, tmp_path: Path) -> None:
        (tmp_path / "ledger.db").touch()
        with pytest.raises(NoLedger):
            Ledger.open(tmp_path, write=False)
        writer(tmp_path).close()

    def test_it_leaves_the_folder_as_it_found_it(self, tmp_path: Path) -> None:
        writer(tmp_path).close()
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with Ledger.open(tmp_path, write=False) as reader:
            reader.load()
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_it_sees_what_a_live_writer_has_recorded(self, tmp_path: Path) -> None:
        with writer(tmp_path) as ledger, Ledger.open(tmp_path, write=False) as reader:
            history = History()
            for instance in range(5):
                batch: list[Fact] = [reserved(key(instance)), ended(key(instance))]
                ledger.record(batch)
                assert reader.load() == fold(history, batch)

    def test_it_does_not_wait_for_a_writer_in_the_middle(self, tmp_path: Path) -> None:
        with writer(tmp_path) as ledger:
            ledger.record([opened()])
            other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            other.execute("DELETE FROM runs")
            with Ledger.open(tmp_path, write=False) as reader:
                assert 1 in reader.load().tasks["pi"].runs
            other.execute("ROLLBACK")
            other.close()

    def test_it_cannot_write(self, tmp_path: Path) -> None:
        writer(tmp_path).close()
        with Ledger.open(tmp_path, write=False) as reader, pytest.raises(LedgerError):
            reader.record([opened()])


class TestLogs:
    def test_the_end_is_kept(self, tmp_path: Path) -> None:
        printed = b"begin" + bytes(range(256)) * 2048 + b"end"
        with writer(tmp_path) as ledger:
            ledger.record([ended(key(0), printed), ended(key(1))])
            assert ledger.logs(key(0)) == printed[-LOG_TAIL:]
            assert ledger.logs(key(1)) is None
            assert ledger.logs(key(2)) is None

    def test_recording_the_end_again_without_logs_loses_none(self, tmp_path: Path) -> None:
        with writer(tmp_path) as ledger:
            ledger.record([ended(key(), b"said"), ended(key())])
            assert ledger.logs(key()) == b"said"

    def test_the_oldest_go(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("reconciler.ledger.attempts.LOGS_KEPT", 2)
        with writer(tmp_path) as ledger:
            for number in range(4):
                ledger.record([ended(key(number), b"said")])
            kept = [ledger.logs(key(number)) for number in range(4)]
            assert kept == [None, None, b"said", b"said"]
            assert len(ledger.load().tasks["pi"].runs[1].attempts) == 4, "outcomes stay"


class TestEvents:
    def test_they_come_in_order_with_ids(self, tmp_path: Path) -> None:
        entry = LogEntry(
            at=1.5, kind="create", level="warning", message="m", task="pi", instance=0, run=1,
            attempt=2, node="local", cause={"field": "image", "old": "a", "new": "b"},
        )  # fmt: skip
        other = LogEntry(at=2.0, kind="note", message="n")
        with writer(tmp_path) as ledger:
            ledger.record([], [entry, other])
            first, second = ledger.events()
            assert (first.id, second.id) == (1, 2)
            assert first.cause == entry.cause
            assert (first.level, first.task, first.node) == ("warning", "pi", "local")
            assert [e.id for e in ledger.events(after_id=1)] == [2]
            assert [e.id for e in ledger.events(task="pi")] == [1]
            assert [e.id for e in ledger.events(limit=1)] == [1]
            assert [e.id for e in ledger.last_events(1)] == [2]
            assert [e.id for e in ledger.last_events(5, task="pi")] == [1]

    def test_the_oldest_go(self, tmp_path: Path) -> None:
        with writer(tmp_path, kept=10) as ledger:
            for number in range(25):
                ledger.record([], [LogEntry(at=float(number), kind="x", message=str(number))])
            assert [entry.message for entry in ledger.events()] == [str(n) for n in range(15, 25)]


class TestRequests:
    def test_asked_answered_once_and_told(self, tmp_path: Path) -> None:
        with writer(tmp_path) as ledger:
            before = ledger.data_version()
            asked = Ledger.append_request(tmp_path, "stop", {"task": "pi", "instances": [1, 2]})
            assert ledger.data_version() != before
            own = ledger.request("approve", {})
            first, second = ledger.pending_requests()
            assert (first.id, first.verb) == (asked, "stop")
            assert first.arguments == {"task": "pi", "instances": [1, 2]}
            assert second.id == own
            assert ledger.answer_of(asked) is None
            ledger.answer(asked, ok=True, message="stopped")
            ledger.answer(asked, ok=False, message="again")
            assert [request.id for request in ledger.pending_requests()] == [own]
            with Ledger.open(tmp_path, write=False) as reader:
                assert reader.answer_of(asked) == Answer(ok=True, message="stopped")

    def test_they_outlive_the_writer(self, tmp_path: Path) -> None:
        writer(tmp_path).close()
        Ledger.append_request(tmp_path, "destroy", {})
        with writer(tmp_path) as ledger:
            assert [request.verb for request in ledger.pending_requests()] == ["destroy"]


def test_forgetting_a_task_leaves_the_others(tmp_path: Path) -> None:
    kept: list[Fact] = [
        opened("keep"),
        ended(key(task="keep"), b"logs"),
        facts.TroubleSeen("keep/0", "no", 1, 2.0, 1.0),
        facts.TroubleSeen("image:gone/0:gone/x", "no", 1, 2.0, 1.0),
    ]
    gone: list[Fact] = [
        opened("gone"),
        facts.ImageResolved("gone", 1, "local", "sha256:1", 1.0),
        facts.RunCancelled("gone", 1, None, "", 1.0),
        ended(key(task="gone"), b"logs"),
        facts.TroubleSeen("demo.gone.1.0.1", "no", 1, 2.0, 1.0),
        facts.TroubleSeen("gone/0", "no", 1, 2.0, 1.0),
        facts.TaskRenamed("gone", "newly", 1.0),
        facts.TaskRenamed("newly", "gone", 1.0),
        facts.Suspended("task/gone", 1.0),
    ]
    with writer(tmp_path) as ledger:
        ledger.record(
            kept + gone, [LogEntry(at=1.0, kind="x", message="m", task=t) for t in ("keep", "gone")]
        )
        ledger.forget({"gone", "never-was"})
        assert ledger.load() == fold(History(), kept)
        assert ledger.logs(key(task="gone")) is None
        assert ledger.logs(key(task="keep")) == b"logs"
        assert [entry.task for entry in ledger.events()] == ["keep"]
