"""How far a transfer is: a bar on a terminal, nothing elsewhere."""

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from reconciler.cli.text import on_terminal

if TYPE_CHECKING:
    from rich.progress import TaskID


class Quiet:
    """Sees everything and says nothing."""

    def begin(self, what: str, count: int, size: int) -> None:
        """See how much there is to do."""

    def moved(self, count: int) -> None:
        """See bytes come by."""

    def over(self, size: int, *, moved: bool) -> None:
        """See an object done with."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


class Bar(Quiet):
    """One bar for all: bytes, objects, the rate, and how long it takes still."""

    def __init__(self) -> None:
        from rich.progress import (  # noqa: PLC0415  # only a terminal needs it
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._progress: Progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TextColumn("{task.fields[done]}/{task.fields[count]}"),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            transient=True,
        )
        self._task: TaskID | None = None
        self._done = 0
        self._lock = threading.Lock()

    def begin(self, what: str, count: int, size: int) -> None:
        """Open the bar."""
        self._task = self._progress.add_task(what, total=size, done=0, count=count)
        self._progress.start()

    def moved(self, count: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.advance(self._task, count)

    def over(self, size: int, *, moved: bool) -> None:
        """Count an object; what was there already needs not come by."""
        if self._task is not None:
            with self._lock:
                self._done += 1
                self._progress.update(self._task, advance=0 if moved else size, done=self._done)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()


def view() -> Quiet:
    """Return whoever looks on here."""
    return Bar() if on_terminal() else Quiet()
