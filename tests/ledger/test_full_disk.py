"""A real disk, really full: no crash, nothing lost, and it goes on when there is room."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.ledger import Ledger, LedgerFull, LedgerUnwritable, LogEntry
from reconciler.model.history import History
from tests.ledger.samples import ended, fold, key, opened
from tests.support.disk import fill, freeze, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as place:
        yield place


def record_until_refused(ledger: Ledger, history: History, noise: list[LogEntry]) -> int:
    """Return the first instance whose end did not find room."""
    for number in range(1_000):
        try:
            ledger.record([ended(key(number), os.urandom(5_000))], noise)
        except LedgerFull:
            return number
        fold(history, [ended(key(number))])
    pytest.fail("the disk is larger than it was made")


def test_recording_goes_on_once_there_is_room(disk: Path) -> None:
    noise = [LogEntry(at=1.0, kind="x", message=os.urandom(20_000).hex())]
    history = History()
    with Ledger.open(disk, write=True, project="demo") as ledger:
        ledger.record([opened()])
        fold(history, [opened()])
        ballast = fill(disk)
        number = record_until_refused(ledger, history, noise)
        assert ledger.load() == history
        with pytest.raises(LedgerFull, match="free some space and it goes on"):
            ledger.record([ended(key(number))], noise)
        with pytest.raises(LedgerFull):
            Ledger.append_request(disk, "stop", {"why": noise[0].message})
        with Ledger.open(disk, write=False) as reader:
            assert reader.load() == history
        ballast.unlink()
        ledger.record([ended(key(number))], noise)
        assert ledger.load() == fold(history, [ended(key(number))])
    with Ledger.open(disk, write=True, project="demo") as ledger:
        assert ledger.load() == history


def test_a_ledger_closed_on_a_full_disk_is_whole(disk: Path) -> None:
    with Ledger.open(disk, write=True, project="demo") as ledger:
        ledger.record([opened()])
        ballast = fill(disk)
    ballast.unlink()
    with Ledger.open(disk, write=True, project="demo") as ledger:
        assert ledger.load() == fold(History(), [opened()])


def test_a_ledger_that_cannot_be_made_can_be_made_later(disk: Path) -> None:
    ballast = fill(disk)
    with pytest.raises(LedgerFull, match="no room left"):
        Ledger.open(disk, write=True, project="demo")
    ballast.unlink()
    Ledger.open(disk, write=True, project="demo").close()


def test_a_read_only_file_system_can_be_read(disk: Path) -> None:
    with Ledger.open(disk, write=True, project="demo") as ledger:
        ledger.record([opened()])
    freeze(disk)
    with Ledger.open(disk, write=False) as reader:
        assert reader.load() == fold(History(), [opened()])
    with pytest.raises(LedgerUnwritable):
        Ledger.open(disk, write=True, project="demo")
