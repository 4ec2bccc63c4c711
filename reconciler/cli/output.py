"""What instances print, on its way to whoever asked: raw in a pipe, harmless on a terminal.

Decides how several outputs share one: whole lines, each with its instance in front. May be
fed from several threads at once.
"""

import codecs
import json
import sys
import threading
from collections.abc import Mapping
from typing import Final

import click

from reconciler.cli.text import paint
from reconciler.model.identity import AttemptKey
from reconciler.model.plain import escape

_COLOURS: Final = ("cyan", "yellow", "green", "magenta", "blue")
_LONGEST: Final = 64 * 1024  # a line without an end is cut here rather than kept for ever


class Output:
    """Standard output, or standard error, for the output of containers.

    `names` are what instances are called in front of their lines, in a colour of each on a
    terminal; with none nothing is. They may be given while instances come and go.
    """

    def __init__(self, form: str, names: Mapping[int, str], *, error: bool = False) -> None:
        self._json = form == "json"
        self.names = names
        self._error = error
        self._terminal = (sys.stderr if error else sys.stdout).isatty()
        self._lock = threading.Lock()
        self._partial: dict[AttemptKey, bytes] = {}
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._closed = False

    def feed(self, origin: AttemptKey, chunk: bytes) -> None:
        """Take some of an attempt's output and print what can be printed."""
        with self._lock:
            if self._closed:
                return
            if not self._json and not self.names:
                self._print(escape(self._decoder.decode(chunk)) if self._terminal else chunk)
                return
            *lines, rest = (self._partial.pop(origin, b"") + chunk).split(b"\n")
            if len(rest) > _LONGEST:
                lines, rest = [*lines, rest], b""
            if rest:
                self._partial[origin] = rest
            self._print(b"".join(self._line(origin, line) for line in lines))

    def end(self, origin: AttemptKey) -> None:
        """Print the last line of an attempt, should its end be missing."""
        with self._lock:
            rest = self._partial.pop(origin, b"")
            if rest and not self._closed:
                self._print(self._line(origin, rest))

    def close(self) -> None:
        """Print nothing more, whoever is still feeding."""
        with self._lock:
            self._closed = True

    def _line(self, origin: AttemptKey, line: bytes) -> bytes:
        if not self._json:
            number = origin.key.instance
            width = max(map(len, self.names.values()), default=0)
            prefix = f"{self.names.get(number, str(number)):>{width}} | "
            if not self._terminal:
                return prefix.encode() + line + b"\n"
            said = escape(line.removesuffix(b"\r").decode("utf-8", "replace"))
            return f"{paint(prefix, _COLOURS[number % len(_COLOURS)])}{said}\n".encode()
        told = {
            "task": origin.key.task,
            "instance": origin.key.instance,
            "run": origin.run,
            "attempt": origin.attempt,
            "line": line.decode("utf-8", "replace").removesuffix("\r"),
        }
        text = json.dumps(told, ensure_ascii=False)
        return (escape(text) if self._terminal else text).encode() + b"\n"

    def _print(self, data: str | bytes) -> None:
        click.echo(data, nl=False, err=self._error)
