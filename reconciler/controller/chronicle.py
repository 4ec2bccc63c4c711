"""Facts as sentences for the event log. What is not worth a line has none."""

from functools import singledispatch

from reconciler.ledger import LogEntry
from reconciler.model import fact as facts
from reconciler.model.data import Results
from reconciler.model.fact import Fact, Result
from reconciler.model.identity import AttemptKey
from reconciler.model.images import digest_in
from reconciler.model.quantities import size
from reconciler.model.suspension import wording_of
from reconciler.planning.firing import time_of

_LEVELS = {Result.FAILED: "warning", Result.LOST: "warning"}


def _about(attempt: AttemptKey, at: float, kind: str, message: str, level: str) -> LogEntry:
    return LogEntry(
        at=at,
        kind=kind,
        message=message,
        level=level,
        task=attempt.key.task,
        instance=attempt.key.instance,
        run=attempt.run,
        attempt=attempt.attempt,
    )


@singledispatch
def said_of(fact: Fact) -> LogEntry | None:
    """Return the line for a fact, None where it has none."""
    del fact
    return None


@said_of.register
def _(fact: facts.RunOpened) -> LogEntry:
    message = f"run {fact.run} opened: {fact.reason}"
    return LogEntry(at=fact.at, kind="run", message=message, task=fact.task, run=fact.run)


@said_of.register
def _(fact: facts.FiringPassed) -> LogEntry:
    message = f"firing at {time_of(fact.nominal)} {fact.reason}"
    return LogEntry(at=fact.at, kind="firing", message=message, level="warning", task=fact.task)


@said_of.register
def _(fact: facts.ImageResolved) -> LogEntry | None:
    if not fact.before:
        return None
    name, _, digest = fact.reference.partition("@")
    message = f"image {name} has moved since the run before: {digest_in(fact.before)} → {digest}"
    return LogEntry(
        at=fact.at, kind="image", message=message, level="warning",
        task=fact.task, run=fact.run, node=fact.node,
    )  # fmt: skip


@said_of.register
def _(fact: facts.RunCancelled) -> LogEntry:
    return LogEntry(
        at=fact.at,
        kind="cancel",
        message=fact.reason,
        task=fact.task,
        instance=fact.instance,
        run=fact.run,
    )


@said_of.register
def _(fact: facts.RetryGranted) -> LogEntry:
    what = "the run goes on" if fact.instance is None else "goes on, whatever has failed before"
    return LogEntry(
        at=fact.at,
        kind="retry",
        message=f"{what}: {fact.reason or 'by request'}",
        task=fact.task,
        instance=fact.instance,
        run=fact.run,
    )


@said_of.register
def _(fact: facts.AttemptEnded) -> LogEntry:
    level = _LEVELS.get(fact.result, "info")
    return _about(fact.attempt, fact.at, fact.result.value, fact.reason, level)


@said_of.register
def _(fact: facts.ResultsSent) -> LogEntry:
    return _about(fact.attempt, fact.at, "results", said_of_results(fact.results), "info")


@said_of.register
def _(fact: facts.ResultsDiscarded) -> LogEntry:
    message = "what is not stored of its results is given up, by request"
    return _about(fact.attempt, fact.at, "discard", message, "warning")


@said_of.register
def _(fact: facts.ResultTakenOver) -> LogEntry:
    stored = f"; {said_of_results(fact.results)}" if fact.results else ""
    message = f"taken over from {fact.origin}{stored}"
    return _about(fact.attempt, fact.at, "taken-over", message, "info")


@said_of.register
def _(fact: facts.ResultsGone) -> LogEntry:
    message = f"runs after all, for nothing can be taken over from {fact.attempt}: {fact.reason}"
    return _about(fact.wanted, fact.at, "results-gone", message, "warning")


@said_of.register
def _(fact: facts.SnapshotTaken) -> LogEntry:
    message = f"stored what had changed: {_files(fact.files, fact.bytes)}"
    return _about(fact.attempt, fact.at, "snapshot-taken", message, "info")


def _files(number: int, total: int) -> str:
    return f"{number} {'file' if number == 1 else 'files'} of {size(total)} bytes"


def said_of_results(results: Results) -> str:
    """Word what is stored of an attempt's files."""
    note = f"; {results.note}" if results.note else ""
    where = f"bucket {results.bucket}, {results.prefix}" if results.prefix else results.bucket
    return f"{_files(results.files, results.bytes)} in {where}{note}"


@said_of.register
def _(fact: facts.AttemptForsaken) -> LogEntry:
    return _about(fact.attempt, fact.at, "forsaken", fact.reason, "warning")


@said_of.register
def _(fact: facts.NodeLost) -> LogEntry:
    return _of_node(fact.node, fact.at, "node-lost", fact.reason, "warning")


@said_of.register
def _(fact: facts.NodeFound) -> LogEntry:
    return _of_node(fact.node, fact.at, "node-back", f"node {fact.node} answers again")


@said_of.register
def _(fact: facts.NodeOrdered) -> LogEntry:
    what = {"": "takes instances again", "cordon": "takes nothing new", "drain": "is to be emptied"}
    message = f"node {fact.node} {what[fact.order]}, by request"
    return _of_node(fact.node, fact.at, "node", message)


@said_of.register
def _(fact: facts.NodeDraining) -> LogEntry | None:
    if not fact.at:
        return None
    return _of_node(fact.node, fact.at, "draining", f"node {fact.node} is being emptied")


@said_of.register
def _(fact: facts.NodeDrained) -> LogEntry:
    return _of_node(fact.node, fact.at, "drained", f"node {fact.node} is drained")


@said_of.register
def _(fact: facts.NodeForgotten) -> LogEntry:
    return _of_node(fact.node, fact.at, "node", f"node {fact.node} is let go")


def _of_node(node: str, at: float, kind: str, message: str, level: str = "info") -> LogEntry:
    return LogEntry(at=at, kind=kind, message=message, level=level, node=node)


@said_of.register
def _(fact: facts.SlotOpened) -> LogEntry:
    message = f"slot {fact.pool}/{fact.slot} is opened on node {fact.node}"
    return _of_node(fact.node, fact.at, "slot", message)


@said_of.register
def _(fact: facts.SlotReady) -> LogEntry:
    return _of_pool(fact.at, "slot", f"slot {fact.pool}/{fact.slot} is ready")


@said_of.register
def _(fact: facts.SlotClosing) -> LogEntry:
    said = f"slot {fact.pool}/{fact.slot} takes nothing any more: {fact.reason}"
    return _of_pool(fact.at, "slot", said)


@said_of.register
def _(fact: facts.SlotClosed) -> LogEntry:
    said = f"slot {fact.pool}/{fact.slot} is closed: {fact.reason}"
    return _of_pool(fact.at, "slot", said)


@said_of.register
def _(fact: facts.PolicyApplied) -> LogEntry | None:
    what = f"policy {fact.policy} applies" if fact.policy else "no policy applies"
    return _of_pool(fact.at, "pool", f"pool {fact.pool}: {what}")


def _of_pool(at: float, kind: str, message: str) -> LogEntry:
    return LogEntry(at=at, kind=kind, message=message)


@said_of.register
def _(fact: facts.TroubleSeen) -> LogEntry:
    task, _, number = fact.subject.partition("/")
    known = number.isdecimal()
    wait = max(0.0, fact.retry_at - fact.at)
    return LogEntry(
        at=fact.at,
        kind="trouble",
        level="warning",
        message=f"{fact.message} (next try in {wait:.0f} s)",
        task=task if known else "",
        instance=int(number) if known else None,
    )


@said_of.register
def _(fact: facts.Approved) -> LogEntry:
    return LogEntry(at=fact.at, kind="approve", message=f"revision {fact.revision} approved")


@said_of.register
def _(fact: facts.Destroyed) -> LogEntry:
    what = f"revision {fact.revision} is to be torn down" if fact.revision else "applied again"
    return LogEntry(at=fact.at, kind="destroy", message=what)


@said_of.register
def _(fact: facts.TaskRenamed) -> LogEntry:
    message = f"takes over what was called {fact.old}"
    return LogEntry(at=fact.at, kind="rename", message=message, task=fact.task)


@said_of.register
def _(fact: facts.RevisionConverged) -> LogEntry:
    message = f"everything is as revision {fact.revision} asks for it"
    return LogEntry(at=fact.at, kind="converged", message=message)


@said_of.register
def _(fact: facts.Pinned) -> LogEntry:
    what = f"revision {fact.revision} pinned" if fact.revision else "no revision pinned any more"
    return LogEntry(at=fact.at, kind="pin", message=what)


@said_of.register
def _(fact: facts.Suspended) -> LogEntry:
    reason = f": {fact.reason}" if fact.reason else ""
    message = f"{wording_of(fact.target)} suspended by request{reason}"
    return _of_target(fact.target, fact.at, "suspend", message)


@said_of.register
def _(fact: facts.Resumed) -> LogEntry:
    reason = f": {fact.reason}" if fact.reason else ""
    return _of_target(fact.target, fact.at, "resume", f"{wording_of(fact.target)} resumed{reason}")


def _of_target(target: str, at: float, kind: str, message: str) -> LogEntry:
    task = target.removeprefix("task/") if target.startswith("task/") else ""
    return LogEntry(at=at, kind=kind, message=message, task=task)


@said_of.register
def _(fact: facts.Relearned) -> LogEntry:
    if fact.confirmed:
        return LogEntry(at=fact.at, kind="relearn", message="what Docker shows is confirmed")
    message = "the ledger was lost; batch work waits until `relearn` confirms what Docker shows"
    return LogEntry(at=fact.at, kind="relearn", message=message, level="warning")
