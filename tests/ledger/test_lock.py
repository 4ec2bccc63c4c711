import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.ledger import Lock, LockHeld, holder
from tests.ledger.processes import end, next_line, python

_HOLDER = """
import sys, time
from pathlib import Path
from reconciler.ledger import Lock

lock = Lock.take(Path(sys.argv[1]), "run")
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_taker_hears_who_holds_it(tmp_path: Path) -> None:
    with Lock.take(tmp_path, "apply"):
        with pytest.raises(LockHeld, match=f"`apply`, process {os.getpid()} on ") as refused:
            Lock.take(tmp_path, "run")
        assert refused.value.holder == holder(tmp_path)
        assert refused.value.holder is not None
        assert refused.value.holder.verb == "apply"
    assert holder(tmp_path) is None
    Lock.take(tmp_path, "run").release()


def test_releasing_twice_does_no_harm(tmp_path: Path) -> None:
    lock = Lock.take(tmp_path, "run")
    lock.release()
    lock.release()
    with Lock.take(tmp_path, "apply"):
        lock.release()
        assert holder(tmp_path) is not None


def test_asking_who_holds_it_creates_nothing(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    assert holder(tmp_path / "missing") is None
    assert list(tmp_path.iterdir()) == []


def test_it_dies_with_its_holder(tmp_path: Path) -> None:
    for _ in range(5):
        process = python(_HOLDER, tmp_path)
        assert next_line(process) == "held"
        found = holder(tmp_path)
        assert found is not None
        assert (found.pid, found.verb) == (process.pid, "run")
        with pytest.raises(LockHeld):
            Lock.take(tmp_path, "apply")
        end(process)
        assert holder(tmp_path) is None
        Lock.take(tmp_path, "apply").release()


def test_those_who_ask_do_not_keep_it_from_a_taker(tmp_path: Path) -> None:
    Lock.take(tmp_path, "run").release()
    asking = "import sys, pathlib\nfrom reconciler.ledger import holder\n"
    asking += "print('asking', flush=True)\nwhile True: holder(pathlib.Path(sys.argv[1]))"
    process = python(asking, tmp_path)
    next_line(process)
    try:
        for _ in range(50):
            Lock.take(tmp_path, "apply").release()
    finally:
        end(process)


def test_programs_that_we_start_do_not_inherit_it(tmp_path: Path) -> None:
    lock = Lock.take(tmp_path, "run")
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False
    )
    lock.release()
    Lock.take(tmp_path, "run").release()
    child.communicate(b"\n")


@pytest.mark.parametrize("words", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff" * 5000])
def test_words_that_make_no_sense_are_no_words(tmp_path: Path, words: bytes) -> None:
    with Lock.take(tmp_path, "run"):
        (tmp_path / "lock").write_bytes(words)
        with pytest.raises(LockHeld, match="only just started"):
            Lock.take(tmp_path, "run")
