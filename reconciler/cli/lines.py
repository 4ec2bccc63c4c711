"""An entry of the event log as a line for people, or as JSON for machines."""

from typing import Final

from reconciler.cli.text import local_time, paint, rfc3339
from reconciler.ledger import LogEntry
from reconciler.model.plain import one_line

COLOURS: Final = {"warning": "yellow", "error": "red"}
_KIND_COLOURS: Final = {"succeeded": "green", "failed": "red", "lost": "red", "started": "cyan"}


def subject_of(entry: LogEntry) -> str:
    """Return whom an entry is about: TASK/INSTANCE, TASK, a node, or nobody in particular."""
    if entry.task and entry.instance is not None:
        return f"{entry.task}/{entry.instance}"
    return entry.task or entry.node


def as_text(entry: LogEntry, now: float | None = None) -> str:
    """Return `TIME  SUBJECT  KIND  MESSAGE`, then what differs and where it stands."""
    colour = COLOURS.get(entry.level) or _KIND_COLOURS.get(entry.kind, "")
    kind = paint(f"{entry.kind:<9}", colour)
    time = paint(local_time(entry.at, now), dim=True)
    return f"{time}  {subject_of(entry):<14}  {kind}  {one_line(entry.message)}{_why(entry)}"


def as_json(entry: LogEntry) -> dict[str, object]:
    """Return an entry as `events --format json` prints it, one a line."""
    return {
        "id": entry.id,
        "at": rfc3339(entry.at),
        "kind": entry.kind,
        "level": entry.level,
        "message": entry.message,
        "task": entry.task or None,
        "instance": entry.instance,
        "run": entry.run,
        "attempt": entry.attempt,
        "node": entry.node or None,
        "cause": dict(entry.cause) if entry.cause else None,
    }


def _why(entry: LogEntry) -> str:
    cause = entry.cause or {}
    said = ""
    if cause.get("old") or cause.get("new"):
        old, new = cause.get("old", "none"), cause.get("new", "none")
        said = f" ({cause.get('field')}: {old} → {new})"
    if cause.get("path"):
        said += f" {cause['path']}:{cause.get('line')}:{cause.get('column')}"
    return one_line(said) and f" {one_line(said)}"
