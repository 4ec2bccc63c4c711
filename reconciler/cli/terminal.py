"""The terminal that a person sits at, and a dialogue that is held at it.

Decides what of the keyboard and of the window is passed on, and leaves a terminal as it was,
however the dialogue ends. Who is talked to is not known here.
"""

import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Final

from reconciler.engines.dialogue import Dialogue, Said, Size

_PIECE: Final = 64 * 1024
_WINDOW: Final = b"w"
_SIGTERM: Final = 128 + signal.SIGTERM


def window() -> Size:
    """Return the size of the window, of 80 by 24 where nobody knows."""
    for stream in (sys.stdout, sys.stdin, sys.stderr):
        with suppress(OSError, ValueError):
            columns, rows = os.get_terminal_size(stream.fileno())
            return Size(columns, rows)
    return Size(80, 24)


def converse(dialogue: Dialogue, *, stdin: bool, terminal: bool) -> int:
    """Hold a dialogue with standard input and output; return the program's exit code.

    Raises:
        EngineError: as the dialogue.
    """
    with _hung_up(dialogue), _raw(wanted=stdin and terminal):
        with _Hands(dialogue, stdin=stdin, terminal=terminal):
            for said in dialogue.output():
                show(said)
        return dialogue.exit_code()


def show(said: Said) -> None:
    """Pass some output on as it is."""
    stream = sys.stderr if said.error else sys.stdout
    stream.buffer.write(said.data)
    stream.buffer.flush()


@contextmanager
def _hung_up(dialogue: Dialogue) -> Iterator[None]:
    """Hang up at the end; SIGTERM is an orderly end as well."""

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise SystemExit(_SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        dialogue.close()


@contextmanager
def _raw(*, wanted: bool) -> Iterator[None]:
    """Have each key passed on as it is typed, Ctrl-C as well."""
    if not wanted:
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    tty.setraw(keyboard)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


class _Hands:
    """Standard input and the window, passed on by a thread until told to stop."""

    def __init__(self, dialogue: Dialogue, *, stdin: bool, terminal: bool) -> None:
        self._dialogue = dialogue
        self._stdin = stdin
        self._terminal = terminal
        self._bell, self._ring = os.pipe()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> None:
        if self._terminal:
            signal.signal(signal.SIGWINCH, lambda *_: self._tell(_WINDOW))
            self._tell(_WINDOW)
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        os.close(self._ring)

    def _tell(self, word: bytes) -> None:
        with suppress(OSError):
            os.write(self._ring, word)

    def _work(self) -> None:
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        if self._stdin:
            poll.register(sys.stdin.fileno(), select.POLLIN)
        while True:
            for source, _ in poll.poll():
                if source == self._bell:
                    if not os.read(self._bell, _PIECE):
                        os.close(self._bell)
                        return
                    self._dialogue.resize(window())
                elif not self._pass_on(source):
                    poll.unregister(source)

    def _pass_on(self, source: int) -> bool:
        """Pass on what there is to read; return whether there may be more."""
        try:
            data = os.read(source, _PIECE)
        except OSError:  # a terminal that is gone
            data = b""
        if data:
            self._dialogue.send(data)
        else:
            self._dialogue.end_input()
        return bool(data)
