"""Actions and plans as sentences for the event log and for whoever watches.

What is not worth a line (a container looked at, a start that was asked for) has none.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from reconciler.ledger import LogEntry
from reconciler.model.action import Action, Cause, Hold, Plan, Verb
from reconciler.model.images import Archive, Build

_MADE: Mapping[type, str] = {Build: "build", Archive: "load"}
_UNSAID = {Verb.COLLECT, Verb.START}


def cause_of(cause: Cause) -> dict[str, object]:
    """Return a cause as JSON knows values; what is empty is left out."""
    said: dict[str, object] = {
        "reason": cause.reason,
        "field": cause.field,
        "old": cause.old,
        "new": cause.new,
        "path": cause.at.path,
        "line": cause.at.line,
        "column": cause.at.column,
        "revision": cause.revision,
    }
    return {name: value for name, value in said.items() if value}


def said_of_action(action: Action, now: float) -> LogEntry | None:
    """Return the line for an action that is about to be carried out."""
    if action.verb in _UNSAID:
        return None
    kind = _MADE.get(type(action.origin), action.verb.value)
    said = _of_action(action, now, kind, action.cause.reason)
    return replace(said, cause=cause_of(action.cause))


def said_of_start(action: Action, now: float) -> LogEntry:
    """Return the line for an instance that the engine has started."""
    return _of_action(action, now, "started", f"running on node {action.node}")


def said_of_build(action: Action, output: str, now: float) -> LogEntry:
    """Return the line for a build that has failed: the end of what it printed."""
    return replace(_of_action(action, now, "build", output), level="warning")


def said_of_plan(made: Plan, known: Iterable[Hold], now: float) -> list[LogEntry]:
    """Return the lines for what is about to be done, and for holds that are not known yet."""
    before = {hold.message for hold in known}
    said = [entry for action in made.actions if (entry := said_of_action(action, now))]
    return said + [said_of_hold(hold, now) for hold in made.holds if hold.message not in before]


def said_of_hold(hold: Hold, now: float) -> LogEntry:
    """Return the line for something that waits for a person from now on."""
    return LogEntry(at=now, kind="hold", message=hold.message, level="warning")


def _of_action(action: Action, now: float, kind: str, message: str) -> LogEntry:
    key = action.attempt
    return LogEntry(
        at=now,
        kind=kind,
        message=message,
        task=action.task,
        instance=key.key.instance if key else None,
        run=action.run,
        attempt=key.attempt if key else None,
        node=action.node,
    )


def said_of_halts(
    known: Mapping[str, str], halts: Mapping[str, str], planned: Collection[str] | None, now: float
) -> list[LogEntry]:
    """Return the lines for rollouts that have come to a halt, or go on; `planned` None is all."""
    said = [
        LogEntry(at=now, kind="rollout", message=why, level="warning", task=task)
        for task, why in halts.items()
        if known.get(task) != why
    ]
    over = [t for t in known if t not in halts and (planned is None or t in planned)]
    message = "the rollout is not halted any more"
    return said + [LogEntry(at=now, kind="rollout", message=message, task=task) for task in over]
