"""What the tests themselves lean on, where it could fool them."""

import os
import signal
from pathlib import Path

from tests.support.process import Running


def test_an_interrupt_is_heeded_also_where_the_tests_run_in_the_background(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        command = ("sh", "-c", "echo up; exec sleep 60")
        running = Running(command, tmp_path, os.environ, tmp_path / "notes")
    finally:
        signal.signal(signal.SIGINT, before)
    running.says("up")
    running.interrupt().ends(-signal.SIGINT)
