"""The live view on a terminal: a line for each task below, what happens scrolling by above.

Decides only how a core looks. rich is imported, and the view opened, when the first call is
made: where nothing is to be done nothing moves.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from reconciler.cli import lines
from reconciler.cli.table import Line, line_of, table
from reconciler.cli.text import echo
from reconciler.ledger import LogEntry
from reconciler.model.action import Verdict
from reconciler.model.headway import Glimpse

if TYPE_CHECKING:
    from rich.table import Table

    from reconciler.controller.core import Core

_EVERY: Final = 0.1


class Live:
    """A view of the tasks that is drawn anew after each turn."""

    def __init__(self) -> None:
        self._live: Any = None
        self._drawn = 0.0
        self._seen: tuple[Mapping[str, tuple[Verdict, ...]], Mapping[str, Glimpse]] = ({}, {})

    @property
    def open(self) -> bool:
        """Whether there is anything to see yet."""
        return self._live is not None

    def entry(self, entry: LogEntry) -> None:
        """Scroll a line by, above the view."""
        line = lines.as_text(entry, entry.at)
        if self._live is None:
            echo(line)
            return
        from rich.text import Text  # noqa: PLC0415  # see the module's docstring

        self._live.console.print(Text.from_ansi(line), soft_wrap=True)

    def turn(self, core: "Core") -> None:
        """Draw the tasks as they stand."""
        if self._live is None and not core.underway:
            return
        now = time.monotonic()
        seen = self._seen
        same = core.verdicts is seen[0] and core.glimpses is seen[1]
        if now - self._drawn < _EVERY or same:
            return
        self._drawn, self._seen = now, (core.verdicts, core.glimpses)
        if self._live is None:
            self._open()
        self._live.update(_view(core), refresh=True)

    def close(self) -> None:
        """Take the view down."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _open(self) -> None:
        from rich.live import Live as RichLive  # noqa: PLC0415  # see the module's docstring

        self._live = RichLive(auto_refresh=False, transient=True, redirect_stdout=False)
        self._live.start()


def _view(core: "Core") -> "Table":
    names = sorted({*core.desired.tasks, *core.verdicts})
    return table([_line(core, name) for name in names])


def _line(core: "Core", name: str) -> Line:
    return line_of(name, core.desired.tasks.get(name), core.verdicts.get(name, ()), core.glimpses)
