"""(k) What an attempt costs a ledger that holds a great many, and how long that takes to read."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

from reconciler.ledger import Ledger, LogEntry
from reconciler.ledger.connection import FILE_NAME
from reconciler.model.fact import (
    AttemptEnded,
    AttemptReserved,
    AttemptStarted,
    Fact,
    Result,
    RunOpened,
    StartRequested,
)
from reconciler.model.identity import AttemptKey, InstanceKey
from tests.benchmarks.bench import Bench, timed
from tests.benchmarks.table import Figure, Item, bound, excess, interleaved, ratio

_MILLI = 1000.0
_TASKS = 100
# As many as are under way at once on two cores.
_TOGETHER = 6
_TAKES = 20
_OUTPUT = b"2026-01-01T00:00:00 a line as programs print it, with a number and some words\n" * 12


class _Book:
    """A ledger with some attempts behind it, and another one to come."""

    def __init__(self, folder: Path, attempts: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.ledger = Ledger.open(folder, write=True, project="demo")
        self._opened = count(1)
        for _ in range(min(_TASKS, attempts)):
            self._record(self._attempts(attempts // _TASKS))

    def attempt(self, together: int) -> None:
        """Put all of some attempts on record, each step of theirs in one commit."""
        for step in zip(*map(_steps, self._attempts(together)), strict=True):
            facts, entries = zip(*step, strict=True)
            self.ledger.record(facts, entries)

    def load(self) -> None:
        """Open it as a reader, and read all of it."""
        with Ledger.open(self.folder, write=False) as ledger:
            ledger.load()

    def select(self) -> None:
        """Have SQLite read the attempts alone, and make nothing of them."""
        with closing(sqlite3.connect(self.folder / FILE_NAME)) as connection:
            for _ in connection.execute("SELECT * FROM attempts"):
                pass

    @property
    def size(self) -> int:
        """How long its file is, in bytes."""
        return (self.folder / FILE_NAME).stat().st_size

    def _attempts(self, number: int) -> Sequence[AttemptKey]:
        task = f"task-{next(self._opened)}"
        self.ledger.record([RunOpened(task, 1, "w" * 40, 0, "new", "f-1", 1.0)])
        return [AttemptKey(InstanceKey(task, instance), 1, 1) for instance in range(number)]

    def _record(self, attempts: Sequence[AttemptKey]) -> None:
        facts, entries = zip(*(one for key in attempts for one in _steps(key)), strict=True)
        self.ledger.record(facts, entries)


class _Disk:
    """What the disk itself takes: as many short writes, each one made sure of."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def writes(self) -> None:
        """Write four times."""
        for _ in range(4):
            os.write(self._file, b"." * 4096)
            os.fdatasync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def measure(bench: Bench) -> Item:
    """Measure a full ledger and an empty one in turns."""
    held = bench.sizes.recorded
    item = Item("k", f"the ledger, with {held} attempts on record")
    with _books(bench, held) as (full, empty, disk):
        takes: dict[str, Callable[[], float]] = {
            f"attempt, {_TOGETHER} at once": partial(_each, full, _TOGETHER),
            f"attempt, {_TOGETHER} at once, empty ledger": partial(_each, empty, _TOGETHER),
            "attempt, alone": partial(_each, full, 1),
            "4 writes made sure of": lambda: timed(disk.writes) * _MILLI,
        }
        measured = interleaved(bench.sizes.rounds * _TAKES, list(takes.values()))
        together, fresh, alone, bare = item.figures = [
            Figure(name, "ms", values) for name, values in zip(takes, measured, strict=True)
        ]
        reads = (lambda: timed(full.load) * _MILLI, lambda: timed(full.select) * _MILLI)
        read = interleaved(bench.sizes.rounds, reads)
        item.notes.append(f"its file has {full.size / 1e6:.0f} MB")
    loaded, selected = Figure("open and load", "ms", read[0]), Figure("select", "ms", read[1])
    item.figures += [loaded, selected]
    item.claims += [bound(together, "median", 2.0), excess(alone, bare, 2.0)]
    item.claims += [ratio(together, fresh), ratio(loaded, selected)]
    item.notes.append(
        "an attempt: reserved, its start asked for, seen to run, ended with 1 kB of output; four"
        " commits, with a line of the event log each"
    )
    return item


@contextmanager
def _books(bench: Bench, held: int) -> Iterator[tuple[_Book, _Book, _Disk]]:
    full, empty = _Book(bench.scratch / "full", held), _Book(bench.scratch / "empty", 0)
    disk = _Disk(bench.scratch / "disk")
    try:
        yield full, empty, disk
    finally:
        disk.close()
        full.ledger.close()
        empty.ledger.close()


def _each(book: _Book, together: int) -> float:
    """Return the milliseconds that one of so many attempts takes."""
    return timed(lambda: book.attempt(together)) * _MILLI / together


def _steps(key: AttemptKey) -> list[tuple[Fact, LogEntry]]:
    """Return what goes on record of an attempt, step by step."""
    facts: list[Fact] = [
        AttemptReserved(key, "local", "s" * 40, "f-1", 1.0, 1),
        StartRequested(key, 2.0, "era"),
        AttemptStarted(key, 3.0),
        AttemptEnded(
            key, "local", Result.SUCCEEDED, 4.0, 0,
            started_at=2.0, finished_at=3.5, reason="exited with code 0", logs=_OUTPUT,
        ),
    ]  # fmt: skip
    return [(fact, _said(key, type(fact).__name__)) for fact in facts]


def _said(key: AttemptKey, kind: str) -> LogEntry:
    return LogEntry(
        at=1.0, kind=kind, message=f"{key}: {kind}", task=key.key.task,
        instance=key.key.instance, run=key.run, attempt=key.attempt, node="local",
    )  # fmt: skip
