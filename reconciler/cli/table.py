"""The live table: a line with a bar for each task, and for instances that say how far they are.

Decides only how things look. rich is imported when the first table is made.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from reconciler.cli.text import COLOURS, percent
from reconciler.model.action import InstanceState, TaskState, Verdict
from reconciler.model.desired import DesiredTask
from reconciler.model.headway import Glimpse, Headway
from reconciler.model.plain import one_line
from reconciler.planning.status import task_state

if TYPE_CHECKING:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

_BAR: Final = 24
_MOST: Final = 12  # tasks
_MOST_BELOW: Final = 4  # instances of one task
_ENDED: Final = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}
_CALM: Final = {TaskState.SUCCEEDED}


class Line(Struct, frozen=True, kw_only=True):
    """A task: how many of its instances are done, the part of all its work, and what is said.

    `below` are instances that say how far they are.
    """

    name: str
    state: TaskState
    done: int
    total: int
    part: float
    said: str
    below: tuple[tuple[str, Headway], ...] = ()


def line_of(
    name: str,
    task: DesiredTask | None,
    verdicts: Sequence[Verdict],
    seen: Mapping[str, Glimpse],
) -> Line:
    """Return a task's line from what the planner thinks, and what is seen of containers by id.

    `task` is what is asked for, None of what is not asked for any more.
    """
    state, reason = task_state(verdicts, task)
    service = task is not None and task.service
    ended = [v.ready if service else v.state in _ENDED for v in verdicts]
    below = tuple(_below(verdicts, seen))
    moving = 0.0 if service else sum(headway.done for _, headway in below)
    return Line(
        name=name,
        state=state,
        done=sum(ended),
        total=len(verdicts),
        part=min(1.0, (sum(ended) + moving) / len(verdicts)) if verdicts else 1.0,
        said=counts(verdicts, reason),
        below=below,
    )


def counts(verdicts: Sequence[Verdict], reason: str) -> str:
    """Return how many instances are in which state, or why a task is stuck."""
    if any(v.blocked for v in verdicts):
        return reason
    found = Counter(v.state.value.lower() for v in verdicts)
    return ", ".join(f"{number} {state}" for state, number in sorted(found.items()))


def table(lines: Sequence[Line]) -> "Table":
    """Return the table of some tasks; of many, those that have succeeded are left out first."""
    from rich.table import Table  # noqa: PLC0415  # see the module's docstring
    from rich.text import Text  # noqa: PLC0415  # as above

    grid = Table.grid(padding=(0, 2))
    shown = sorted(lines, key=lambda line: line.state in _CALM)[:_MOST]
    for line in shown:
        grid.add_row(
            Text(line.name, style="bold"),
            Text(line.state.value, style=COLOURS[line.state.value]),
            _bar(line.part),
            Text(f"{line.done}/{line.total}"),
            Text(one_line(line.said), overflow="ellipsis", no_wrap=True),
        )
        for key, headway in line.below[:_MOST_BELOW]:
            said = Text(one_line(percent(headway)), overflow="ellipsis", no_wrap=True)
            grid.add_row(Text(f"  {key}", style="dim"), "", _bar(headway.done), "", said)
        if len(line.below) > _MOST_BELOW:
            grid.add_row(Text(f"  … and {len(line.below) - _MOST_BELOW} more", style="dim"))
    if len(lines) > len(shown):
        grid.add_row(Text(f"… and {len(lines) - len(shown)} more tasks", style="dim"))
    return grid


def _below(
    verdicts: Sequence[Verdict], seen: Mapping[str, Glimpse]
) -> Iterator[tuple[str, Headway]]:
    for verdict in verdicts:
        glimpse = seen.get(verdict.container)
        if verdict.state is InstanceState.RUNNING and glimpse and glimpse.headway:
            yield str(verdict.key), glimpse.headway


def _bar(part: float) -> "ProgressBar":
    from rich.progress_bar import ProgressBar  # noqa: PLC0415  # as above

    return ProgressBar(1.0, part, _BAR, complete_style="cyan", finished_style="green")
