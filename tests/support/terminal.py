"""A terminal with a program at it, and hands to type."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.process import PATIENCE


class Terminal:
    """A program at a terminal of its own; `seen` is all that it has shown."""

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        *,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self._ours, self._its = pty.openpty()
        self.seen = b""
        self.resize(columns, rows)
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=cwd,
            env={**env, "TERM": "xterm"},
            stdin=self._its,
            stdout=self._its,
            stderr=self._its,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)
        os.close(self._ours)
        os.close(self._its)
        print(self.seen.decode("utf-8", "replace"))  # noqa: T201  # for a test that has failed

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size, which tells who sits at it."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def types(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def reads(self, text: str, within: float = PATIENCE) -> bytes:
        """Wait until a text is shown that was not before; return what was shown up to then."""
        before, deadline = len(self.seen), time.monotonic() + within
        while text.encode() not in self.seen[before:]:
            left = deadline - time.monotonic()
            assert left > 0, f"not shown within {within:g} s: {text!r}; seen: {self.seen!r}"
            self._look(left)
        return self.seen[before:]

    def ends(self, within: float = PATIENCE) -> int:
        """Return the program's exit code; what it still has to show is shown."""
        deadline = time.monotonic() + within
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"not ended within {within:g} s: {self.seen!r}"
            self._look(0.05)
        self._look(0)
        return self._process.returncode

    @property
    def echoes(self) -> bool:
        """Whether keys are shown as they are typed, as before a program has changed that."""
        return bool(termios.tcgetattr(self._its)[3] & termios.ECHO)

    def _look(self, within: float) -> None:
        if select.select([self._ours], [], [], within)[0]:
            self.seen += os.read(self._ours, 65536)
