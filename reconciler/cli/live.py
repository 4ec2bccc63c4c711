"""The live view on a terminal: a line for each task below, what happens scrolling by above.

Decides only how a core looks. rich is imported, and the view opened, when the first call is
made: where nothing is to be done nothing moves.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from reconciler.cli import lines
from reconciler.cli.text import COLOURS, echo
from reconciler.ledger import LogEntry
from reconciler.model.action import InstanceState, TaskState, Verdict
from reconciler.model.plain import one_line
from reconciler.planning.status import task_state

if TYPE_CHECKING:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    from reconciler.controller.core import Core

_EVERY: Final = 0.1
_MOST: Final = 12
_BAR: Final = 24
_ENDED: Final = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}
_CALM: Final = {TaskState.SUCCEEDED}


class Live:
    """A view of the tasks that is drawn anew after each turn."""

    def __init__(self) -> None:
        self._live: Any = None
        self._drawn = 0.0
        self._seen: Mapping[str, tuple[Verdict, ...]] = {}

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
        if now - self._drawn < _EVERY or core.verdicts is self._seen:
            return
        self._drawn, self._seen = now, core.verdicts
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
    from rich.table import Table  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415

    grid = Table.grid(padding=(0, 2))
    rows = [(name, core.verdicts.get(name, ())) for name in _names(core)]
    shown = sorted(rows, key=lambda row: task_state(row[1])[0] in _CALM)[:_MOST]
    for name, verdicts in shown:
        state, reason = task_state(verdicts)
        task = core.desired.tasks.get(name)
        done = _done(verdicts, service=bool(task and task.service))
        grid.add_row(
            Text(name, style="bold"),
            Text(state.value, style=COLOURS[state.value]),
            _bar(done, len(verdicts)),
            Text(f"{done}/{len(verdicts)}"),
            Text(one_line(counts(verdicts, reason)), overflow="ellipsis", no_wrap=True),
        )
    if len(rows) > len(shown):
        grid.add_row(Text(f"… and {len(rows) - len(shown)} more tasks", style="dim"))
    return grid


def counts(verdicts: Sequence[Verdict], reason: str) -> str:
    """Return how many instances are in which state, or why a task is stuck."""
    if any(v.blocked for v in verdicts):
        return reason
    found = Counter(v.state.value.lower() for v in verdicts)
    return ", ".join(f"{number} {state}" for state, number in sorted(found.items()))


def _names(core: "Core") -> list[str]:
    return sorted({*core.desired.tasks, *core.verdicts})


def _done(verdicts: Sequence[Verdict], *, service: bool) -> int:
    return sum(v.ready if service else v.state in _ENDED for v in verdicts)


def _bar(done: int, total: int) -> "ProgressBar":
    from rich.progress_bar import ProgressBar  # noqa: PLC0415  # as above

    total, done = (total, done) if total else (1, 1)
    return ProgressBar(total, done, _BAR, complete_style="cyan", finished_style="green")
