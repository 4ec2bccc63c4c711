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
from types import FrameType
from typing import Any, Final

from reconciler.cli.exits import Exit, Failure
from reconciler.engines.dialogue import Dialogue, Said, Size

_PIECE: Final = 64 * 1024
_WINDOW: Final = b"w"
_SIGTERM: Final = 128 + signal.SIGTERM


def require_terminal() -> None:
    """Refuse to go on where nobody sits at standard input.

    Raises:
        Failure: it is no terminal.
    """
    if not sys.stdin.isatty():
        raise Failure("standard input is not a terminal: leave out -t", Exit.USAGE)


def converse(dialogue: Dialogue, *, stdin: bool, terminal: bool) -> int:
    """Hold a dialogue with standard input and output; return the program's exit code.

    Raises:
        EngineError: as the dialogue.
    """
    with _hung_up(dialogue), hands(stdin=stdin, terminal=terminal) as ours:
        ours.take(dialogue)
        for said in dialogue.output():
            show(said)
        ours.let_go()
        return dialogue.exit_code()


def show(said: Said) -> None:
    """Pass some output on as it is."""
    stream = sys.stderr if said.error else sys.stdout
    stream.buffer.write(said.data)
    stream.buffer.flush()


def window() -> Size:
    """Return the size of the window, of 80 by 24 where nobody knows."""
    for stream in (sys.stdout, sys.stdin, sys.stderr):
        with suppress(OSError, ValueError):
            columns, rows = os.get_terminal_size(stream.fileno())
            return Size(columns, rows)
    return Size(80, 24)


@contextmanager
def hands(*, stdin: bool, terminal: bool) -> Iterator["Hands"]:
    """Have hands for a block, with an eye on the window; the terminal is as before after it."""
    ours = Hands(stdin=stdin, terminal=terminal)
    before = signal.signal(signal.SIGWINCH, lambda *_: ours.look())
    try:
        yield ours
    finally:
        signal.signal(signal.SIGWINCH, before)
        ours.let_go()


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


class Hands:
    """Standard input and the window, passed on to a dialogue from when it is taken up.

    With `stdin` and a `terminal` each key is passed on as it is typed, Ctrl-C as well.
    """

    def __init__(self, *, stdin: bool, terminal: bool) -> None:
        self._stdin = stdin
        self._terminal = terminal
        self._bell, self._ring = os.pipe()
        self._before: list[Any] | None = None

    def take(self, dialogue: Dialogue) -> None:
        """Begin to pass on, in a thread of its own."""
        if self._stdin and self._terminal:
            keyboard = sys.stdin.fileno()
            self._before = termios.tcgetattr(keyboard)
            tty.setraw(keyboard)
        self.look()
        threading.Thread(target=self._work, args=(dialogue,), daemon=True).start()

    def look(self) -> None:
        """Tell of the window, which may have changed."""
        if self._terminal:
            with suppress(OSError):
                os.write(self._ring, _WINDOW)

    def let_go(self) -> None:
        """Pass nothing on any more, and leave the terminal as it was."""
        with suppress(OSError):
            os.close(self._ring)
            self._ring = -1
        before, self._before = self._before, None
        if before is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)

    def _work(self, dialogue: Dialogue) -> None:
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
                    dialogue.resize(window())
                elif not _pass_on(source, dialogue):
                    poll.unregister(source)


def _pass_on(source: int, dialogue: Dialogue) -> bool:
    """Pass on what there is to read; return whether there may be more."""
    try:
        data = os.read(source, _PIECE)
    except OSError:  # a terminal that is gone
        data = b""
    if data:
        dialogue.send(data)
    else:
        dialogue.end_input()
    return bool(data)
