"""Killed while writing: what was reported as recorded is there, and nothing by halves."""

import random
import sqlite3
import time
from pathlib import Path

from reconciler.ledger import Ledger
from tests.ledger.processes import end, next_line, python

_WRITER = """
import sys
from pathlib import Path
from reconciler.ledger import Ledger, LogEntry
from reconciler.model.fact import AttemptEnded, AttemptReserved, Result
from reconciler.model.identity import AttemptKey, InstanceKey

ledger = Ledger.open(Path(sys.argv[1]), write=True, project="demo")
number = int(sys.argv[2])
while True:
    key = AttemptKey(InstanceKey("pi", number), 1, 1)
    ledger.record(
        [
            AttemptReserved(key, "local", "s1-a", "f-1", 1.0),
            AttemptEnded(key, "local", Result.SUCCEEDED, 2.0, 0, logs=b"x" * 2000),
        ],
        [LogEntry(at=1.0, kind="end", message=str(number))],
    )
    print(number, flush=True)
    number += 1
"""

_ASKER = """
import sys
from pathlib import Path
from reconciler.ledger import Ledger

for number in range(int(sys.argv[2])):
    print(Ledger.append_request(Path(sys.argv[1]), "stop", {"n": number}), flush=True)
"""


def test_a_killed_writer_leaves_a_prefix(tmp_path: Path) -> None:
    chance = random.Random(1)
    written = 0
    for _ in range(12):
        process = python(_WRITER, tmp_path, written)
        next_line(process)
        time.sleep(chance.uniform(0, 0.15))
        said = end(process).split("\n")
        last = max([written, *(int(line) for line in said[:-1])])
        with Ledger.open(tmp_path, write=True, project="demo") as ledger:
            attempts = ledger.load().tasks["pi"].runs[1].attempts
            written = len(attempts)
            assert sorted(attempts) == list(range(written))
            assert written > last
            assert all(found[0].ended for found in attempts.values())
            assert [e.message for e in ledger.events(limit=10**6)] == [
                str(number) for number in range(written)
            ]
        raw = sqlite3.connect(tmp_path / "ledger.db")
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        raw.close()


def test_others_may_ask_while_one_writes(tmp_path: Path) -> None:
    Ledger.open(tmp_path, write=True, project="demo").close()
    process = python(_WRITER, tmp_path, 0)
    next_line(process)
    askers = [python(_ASKER, tmp_path, 25) for _ in range(2)]
    with Ledger.open(tmp_path, write=False) as reader:
        ids = [int(line) for asker in askers for line in asker.communicate()[0].split()]
        assert sorted(ids) == list(range(1, 51))
        assert [request.id for request in reader.pending_requests()] == sorted(ids)
    end(process)
