"""Copies of a ledger: whole while others write, and refused before anything is replaced."""

import stat
import threading
from pathlib import Path

import pytest

from reconciler.ledger import (
    Ledger,
    LedgerCorrupt,
    LedgerError,
    LedgerForeign,
    LedgerUnwritable,
    LogEntry,
    NoLedger,
    back_up,
    restore,
)
from reconciler.ledger.connection import FILE_NAME
from reconciler.model.fact import Fact
from tests.ledger.samples import ended, key, opened, reserved


def state(folder: Path, name: str = "state") -> Path:
    made = folder / name
    made.mkdir()
    return made


def begin(folder: Path, project: str = "demo") -> Ledger:
    return Ledger.open(folder, write=True, project=project)


def test_a_copy_is_the_ledger_of_one_moment_while_it_is_written(tmp_path: Path) -> None:
    folder, ending = state(tmp_path), threading.Event()

    def copy() -> None:
        back_up(folder, tmp_path / "copy")
        ending.set()

    with begin(folder) as ledger:
        ledger.record([opened()])
        copying = threading.Thread(target=copy)
        copying.start()
        number = 0
        while not ending.wait(0) or number < 50:
            pair: list[Fact] = [reserved(key(number)), ended(key(number))]
            ledger.record(pair, [LogEntry(at=1.0, kind="pair", message=str(number))])
            number += 1
        copying.join()
    restored = state(tmp_path, "other")
    assert restore(restored, tmp_path / "copy", "demo") is None
    with begin(restored) as copied:
        attempts = copied.load().tasks["pi"].runs[1].attempts
        assert all(attempt.ended for group in attempts.values() for attempt in group)
        assert len(copied.events(limit=100_000)) == len(attempts)


def test_a_copy_is_private_and_one_file(tmp_path: Path) -> None:
    folder = state(tmp_path)
    begin(folder).close()
    back_up(folder, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "state"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    folder = state(tmp_path)
    begin(folder).close()
    (tmp_path / "copy").write_text("mine")
    with pytest.raises(LedgerUnwritable, match="exists"):
        back_up(folder, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "state"]


def test_what_is_not_there_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(NoLedger):
        back_up(state(tmp_path), tmp_path / "copy")
    with pytest.raises(NoLedger, match="no file"):
        restore(tmp_path / "state", tmp_path / "copy", "demo")


def test_a_restored_ledger_is_one_that_lost_its_end(tmp_path: Path) -> None:
    folder = state(tmp_path)
    with begin(folder) as ledger:
        ledger.record([opened()])
        state_id = ledger.state_id
    back_up(folder, tmp_path / "copy")
    with begin(folder) as ledger:
        ledger.record([opened(run=2)])
    kept = restore(folder, tmp_path / "copy", "demo")
    assert kept == folder / f"{FILE_NAME}.1"
    with begin(folder) as ledger:
        assert list(ledger.load().tasks["pi"].runs) == [1]
        assert ledger.load().lost
        assert ledger.state_id == state_id
    kept.rename(folder / FILE_NAME)
    with begin(folder) as ledger:
        assert list(ledger.load().tasks["pi"].runs) == [1, 2], "what was there is kept whole"
        assert not ledger.load().lost


def test_a_damaged_ledger_is_set_aside_with_its_journal(tmp_path: Path) -> None:
    folder = state(tmp_path)
    begin(folder).close()
    back_up(folder, tmp_path / "copy")
    (folder / FILE_NAME).write_bytes(b"scribble" * 100)
    (folder / f"{FILE_NAME}-wal").write_bytes(b"more")
    restore(folder, tmp_path / "copy", "demo")
    begin(folder).close()
    assert (folder / f"{FILE_NAME}.1").read_bytes() == b"scribble" * 100
    assert (folder / f"{FILE_NAME}.1-wal").read_bytes() == b"more"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", LedgerForeign),
        (b"no database, but long enough to be taken for one" * 5, LedgerCorrupt),
        (None, LedgerForeign),
    ],
)
def test_what_is_no_copy_of_ours_replaces_nothing(
    tmp_path: Path, content: bytes | None, error: type[LedgerError]
) -> None:
    folder = state(tmp_path)
    begin(folder).close()
    before = (folder / FILE_NAME).read_bytes()
    if content is None:
        begin(state(tmp_path, "other"), "another").close()
        back_up(tmp_path / "other", tmp_path / "copy")
    else:
        (tmp_path / "copy").write_bytes(content)
    with pytest.raises(error):
        restore(folder, tmp_path / "copy", "demo")
    assert [path.name for path in folder.iterdir()] == [FILE_NAME]
    assert (folder / FILE_NAME).read_bytes() == before
