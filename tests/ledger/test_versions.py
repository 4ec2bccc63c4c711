"""What is refused at opening, and that refusing changes nothing."""

import sqlite3
from pathlib import Path

import pytest

from reconciler.ledger import Ledger, LedgerCorrupt, LedgerForeign, LedgerTooNew
from reconciler.ledger.connection import migrate
from tests.ledger.samples import key, opened, reserved


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refuse_unchanged(folder: Path, error: type[Exception], match: str) -> None:
    before = contents(folder)
    for write in (True, False):
        with pytest.raises(error, match=match):
            Ledger.open(folder, write=write, project="demo")
    with pytest.raises(error, match=match):
        Ledger.append_request(folder, "stop", {})
    assert contents(folder) == before


def test_a_later_version_is_left_as_it_is(tmp_path: Path) -> None:
    Ledger.open(tmp_path, write=True, project="demo").close()
    raw = sqlite3.connect(tmp_path / "ledger.db")
    raw.execute("PRAGMA user_version = 1000")
    raw.close()
    refuse_unchanged(tmp_path, LedgerTooNew, r"schema 1000, this one knows \d+.*upgrade reconciler")


def test_a_later_version_that_only_the_journal_tells_of(tmp_path: Path) -> None:
    Ledger.open(tmp_path, write=True, project="demo").close()
    raw = sqlite3.connect(tmp_path / "ledger.db")
    raw.execute("PRAGMA user_version = 1000")
    with pytest.raises(LedgerTooNew):
        Ledger.open(tmp_path, write=True, project="demo")
    assert raw.execute("PRAGMA user_version").fetchone() == (1000,)
    raw.close()


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "ledger.db")
    raw.execute("PRAGMA application_id = 1234")
    raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    refuse_unchanged(tmp_path, LedgerForeign, "another program")


def test_a_nameless_database_is_not_taken_over(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "ledger.db")
    raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    before = contents(tmp_path)
    with pytest.raises(LedgerForeign, match="not a ledger"):
        Ledger.open(tmp_path, write=True, project="demo")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("content", [b"x", b"not a database " * 100])
def test_what_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.db").write_bytes(content)
    refuse_unchanged(tmp_path, LedgerCorrupt, "damaged .* re-learn")


def test_damage_inside_is_found_at_opening(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, write=True, project="demo") as ledger:
        ledger.record([opened(), *(reserved(key(n)) for n in range(2_000))])
    file = tmp_path / "ledger.db"
    content = bytearray(file.read_bytes())
    for page in range(40, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    file.write_bytes(content)
    with pytest.raises(LedgerCorrupt, match="damaged"):
        Ledger.open(tmp_path, write=True, project="demo")
    with Ledger.open(tmp_path, write=False) as reader, pytest.raises(LedgerCorrupt):
        reader.load()


def test_migration_goes_step_by_step(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    steps = [["CREATE TABLE a (x)"], ["ALTER TABLE a ADD y", "INSERT INTO a VALUES (1, 2)"]]
    migrate(raw, steps[:1])
    assert raw.execute("PRAGMA user_version").fetchone() == (1,)
    migrate(raw, steps)
    migrate(raw, steps)
    assert raw.execute("SELECT * FROM a").fetchall() == [(1, 2)]
    assert raw.execute("PRAGMA user_version").fetchone() == (2,)
    raw.close()


def test_a_step_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    steps = [["CREATE TABLE a (x)"], ["ALTER TABLE a ADD y", "INSERT INTO nowhere VALUES (1)"]]
    migrate(raw, steps[:1])
    with pytest.raises(sqlite3.OperationalError):
        migrate(raw, steps)
    assert raw.execute("PRAGMA user_version").fetchone() == (1,)
    assert len(raw.execute("PRAGMA table_info(a)").fetchall()) == 1
    raw.close()
