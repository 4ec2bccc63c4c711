"""The files of revisions: which is in force, which are kept, and that each content is kept once."""

import sqlite3
import zlib
from pathlib import Path

from reconciler.ledger import Ledger
from reconciler.ledger.connection import migrate
from reconciler.ledger.revisions import KEPT
from reconciler.ledger.schema import MIGRATIONS
from reconciler.model.fact import Pinned


def writer(folder: Path) -> Ledger:
    return Ledger.open(folder, write=True, project="demo")


def contents(ledger: Ledger) -> int:
    (count,) = ledger._connection.execute("SELECT count(*) FROM contents").fetchone()
    return int(count)


def test_the_last_one_is_in_force_and_some_are_kept(tmp_path: Path) -> None:
    many = KEPT + 5
    for number in range(many):
        with writer(tmp_path) as ledger:
            files = {"a/b.yaml": b"%d" % number, "caf\udce9.yml": b"\xff\x00"}
            ledger.keep_revision(f"f-{number}", files, float(number))
            assert ledger.revision_in_force() == (f"f-{number}", files)
    with writer(tmp_path) as ledger:
        assert ledger.kept_revisions() == [f"f-{n}" for n in range(many - 1, 4, -1)]
        assert ledger.revision_files("f-4") is None
        assert ledger.revision_files("f-5") == {"a/b.yaml": b"5", "caf\udce9.yml": b"\xff\x00"}
        assert contents(ledger) == KEPT + 1


def test_a_file_that_comes_and_goes(tmp_path: Path) -> None:
    revisions = {
        "f-1": {"a.yaml": b"1", "b.yaml": b"1"},
        "f-2": {"b.yaml": b"1"},
        "f-3": {"a.yaml": b"1", "b.yaml": b"2"},
    }
    with writer(tmp_path) as ledger:
        for name, files in revisions.items():
            ledger.keep_revision(name, files, 1.0)
        assert {name: ledger.revision_files(name) for name in revisions} == revisions


def test_keeping_what_is_in_force_writes_nothing(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger, Ledger.open(tmp_path, write=False) as reader:
        ledger.keep_revision("f-1", {"a.yaml": b"x"}, 1.0)
        before = reader.data_version()
        ledger.keep_revision("f-1", {"a.yaml": b"x"}, 2.0)
        assert reader.data_version() == before


def test_returning_to_an_earlier_one_puts_it_in_force(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger:
        for name in ("f-1", "f-2", "f-1"):
            ledger.keep_revision(name, {"a.yaml": name.encode()}, 1.0)
        assert ledger.revision_in_force() == ("f-1", {"a.yaml": b"f-1"})


def test_another_than_the_newest_may_be_in_force(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger:
        for name in ("f-1", "f-2"):
            ledger.keep_revision(name, {"a.yaml": name.encode()}, 1.0)
        assert ledger.put_in_force("f-1")
        assert not ledger.put_in_force("f-9")
        ledger.keep_revision("f-3", {"a.yaml": b"f-3"}, 2.0, in_force=False)
        assert ledger.revision_in_force() == ("f-1", {"a.yaml": b"f-1"})
        ledger.keep_revision("f-3", {"a.yaml": b"f-3"}, 2.0)
        assert ledger.revision_in_force() == ("f-3", {"a.yaml": b"f-3"})


def test_what_is_not_put_in_force_does_not_become_so_by_being_the_newest(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger:
        ledger.keep_revision("f-1", {"a.yaml": b"1"}, 1.0)
        ledger.keep_revision("f-2", {"a.yaml": b"2"}, 1.0, in_force=False)
        assert ledger.revision_in_force() == ("f-1", {"a.yaml": b"1"})


def test_a_pinned_one_is_kept_however_many_come(tmp_path: Path) -> None:
    with writer(tmp_path) as ledger:
        ledger.keep_revision("f-0", {"a.yaml": b"0"}, 1.0)
        ledger.record([Pinned("f-0", 1.0)])
        for number in range(1, KEPT + 5):
            ledger.keep_revision(f"f-{number}", {"a.yaml": b"%d" % number}, 1.0)
        assert ledger.revision_files("f-0") == {"a.yaml": b"0"}


def test_the_files_of_a_former_ledger_are_carried_over(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    migrate(raw, MIGRATIONS[:1])
    raw.execute("INSERT INTO meta VALUES ('state_id', 's'), ('project', 'demo')")
    raw.execute("INSERT INTO revisions (revision, at) VALUES ('f-1', 1.0), ('f-2', 2.0)")
    for row, content in ((1, b"1"), (2, b"2")):
        raw.execute(
            "INSERT INTO revision_files VALUES (?, ?, ?)", (row, b"a.yaml", zlib.compress(content))
        )
    raw.execute("PRAGMA application_id = 1380270926")
    raw.close()
    with writer(tmp_path) as ledger:
        assert ledger.revision_in_force() == ("f-2", {"a.yaml": b"2"})
        assert ledger.revision_files("f-1") == {"a.yaml": b"1"}
