"""What is said while a writer works: a live view on a terminal, log lines elsewhere.

Decides which of them speaks. Both stay silent, and are not even imported, until there is
something to say: a pass that changes nothing costs nothing.
"""

import sys
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.cli.text import on_terminal
from reconciler.ledger import LogEntry
from reconciler.model.action import Action
from reconciler.model.plain import one_line

if TYPE_CHECKING:
    from reconciler.controller.core import Core

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Teller(Protocol):
    """Somebody who is told what happens, on the controller's thread."""

    def entry(self, entry: LogEntry) -> None:
        """Hear of an entry of the event log."""

    def turn(self, core: "Core") -> None:
        """Look at the core after a turn."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def teller(*, quiet: bool, verbose: bool) -> Teller:
    """Return who speaks in this process."""
    if on_terminal() and not quiet and not verbose:
        from reconciler.cli.live import Live  # noqa: PLC0415  # pipes never need it

        return Live()
    return Log("warning" if quiet else "debug" if verbose else "info")


class Log:
    """Lines on stderr: JSON unless a person reads them."""

    def __init__(self, level: str) -> None:
        self._least = _LEVELS[level]
        self._logger: Any = None

    def entry(self, entry: LogEntry) -> None:
        """Log an entry."""
        said: dict[str, object] = {
            "kind": entry.kind,
            "task": entry.task,
            "instance": entry.instance,
            "run": entry.run,
            "attempt": entry.attempt,
            "node": entry.node,
            "cause": dict(entry.cause) if entry.cause else None,
        }
        self._say(entry.level, entry.message, said)

    def turn(self, core: "Core") -> None:
        """Log the calls that were handed out."""
        if self._least > _LEVELS["debug"]:
            return
        for action in core.latest:
            self._say("debug", f"{action.verb.value} {action.subject}", _said(action))

    def close(self) -> None:
        """Do nothing: each line is out already."""

    def _say(self, level: str, message: str, said: dict[str, object]) -> None:
        if _LEVELS[level] < self._least:
            return
        if self._logger is None:
            self._logger = _logger()
        given = {name: value for name, value in said.items() if value is not None and value != ""}
        getattr(self._logger, level)(message, **given)


def _said(action: Action) -> dict[str, object]:
    return {"kind": action.verb.value, "task": action.task, "run": action.run, "node": action.node}


def _logger() -> Any:  # noqa: ANN401  # structlog's loggers have no static type
    import structlog  # noqa: PLC0415  # see the module's docstring

    readable = sys.stderr.isatty()
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=not readable)
    renderer: list[Any] = (
        [_escaped, structlog.dev.ConsoleRenderer()]
        if readable
        else [structlog.processors.JSONRenderer()]
    )
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[structlog.processors.add_log_level, stamp, *renderer],
    )


def _escaped(_: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """Keep foreign text from steering the terminal."""
    return {k: one_line(v) if isinstance(v, str) else v for k, v in event.items()}
