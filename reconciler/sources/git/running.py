"""Running git for the length of one question.

Decides how a program is started and ended: in a session of its own, so that a deadline ends
whatever it has started as well; with the environment that it is given and nothing else. What
it is asked, and what its answer means, is not known here.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.sources.git.errors import DeadlineError, RevisionError

PROGRAM: Final = "git"

# What git sets for its own hooks, or a shell for one repository: it would lead to another one.
LOCAL_VARIABLES: Final = frozenset({
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
})  # fmt: skip


class Answer(Struct, frozen=True):
    """How a program ended, what it printed, and what it complained of."""

    status: int
    out: bytes
    said: str


class Interruption:
    """A way to end, from another thread, the program that runs and any that would follow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._now = False

    @property
    def interrupted(self) -> bool:
        """Whether it was asked for."""
        return self._now

    def interrupt(self) -> None:
        """End what runs."""
        with self._lock:
            self._now = True
            if self._process is not None:
                _end(self._process)

    def resume(self) -> None:
        """Let programs run again."""
        with self._lock:
            self._now = False

    def begin(self, process: "subprocess.Popen[bytes]") -> None:
        """Note what runs."""
        with self._lock:
            self._process = process
            if self._now:
                _end(process)

    def done(self) -> bool:
        """Note that it has ended; return whether it was interrupted."""
        with self._lock:
            self._process = None
            return self._now


class Call(Struct, frozen=True, kw_only=True):
    """Where and how a program runs. `open_files` are handed on to it."""

    folder: Path
    environment: Mapping[str, str]
    deadline: float | None = None
    open_files: Sequence[int] = ()
    interruption: Interruption | None = None


def run(words: Sequence[str], call: Call, stdin: bytes = b"") -> Answer:
    """Run a program to its end.

    Raises:
        DeadlineError: when it took too long, or was interrupted.
        RevisionError: when there is no such program.
    """
    process = _start(words, call, subprocess.PIPE)
    interruption = call.interruption or Interruption()
    with process:
        interruption.begin(process)
        try:
            out, said = process.communicate(stdin, call.deadline)
        except subprocess.TimeoutExpired:
            raise DeadlineError(f"no answer within {call.deadline:g} s") from None
        finally:
            _end(process)
            interrupted = interruption.done()
    if interrupted:
        raise DeadlineError("interrupted")
    return Answer(process.returncode, out, said.decode("utf-8", "replace"))


@contextmanager
def begun(words: Sequence[str], call: Call) -> "Iterator[subprocess.Popen[bytes]]":
    """Have a program run for the length of a block, to be talked to by its pipes.

    Raises:
        RevisionError: when there is no such program.
    """
    process = _start(words, call, subprocess.DEVNULL)
    try:
        yield process
    finally:
        _end(process)
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()


def _start(words: Sequence[str], call: Call, stderr: int) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            words,
            cwd=call.folder,
            env=dict(call.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            pass_fds=tuple(call.open_files),
            start_new_session=True,
        )
    except OSError as error:
        raise RevisionError(_unstarted(words[0], call.folder)) from error


def _unstarted(program: str, folder: Path) -> str:
    if not folder.is_dir():
        return f"the folder {folder} is not there, or may not be entered"
    return f"{program} is not installed, or not to be found through PATH"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program that still runs, with all that it has started."""
    if process.returncode is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
