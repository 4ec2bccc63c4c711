"""What `history TARGET` prints. The JSON is a contract: schemas/output/runs.json."""

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.cli.past import PastAttempt, PastRun, usage_json, used_by, wall_seconds
from reconciler.cli.standing import finished_at, started_at
from reconciler.cli.text import ago, columns, length, local_time, paint, rfc3339
from reconciler.controller.reading import Report
from reconciler.model.fact import Result
from reconciler.model.plain import one_line
from reconciler.model.quantities import size
from reconciler.model.run import Attempt
from reconciler.planning.numbering import worded

_HEADER: Final = ("INSTANCE", "ATTEMPT", "RESULT", "EXIT", "STARTED", "TOOK", "CPU", "MEMORY",
                  "NODE", "WHY")  # fmt: skip
_COLOURS: Final = {
    "succeeded": "green",
    "failed": "red",
    "lost": "red",
    "cancelled": "yellow",
    "running": "cyan",
}


def as_json(report: Report, target: str, runs: Sequence[PastRun]) -> dict[str, object]:
    """Return runs and attempts for machines, oldest first."""
    return {
        "project": report.desired.project,
        "target": target,
        "runs": [_run_json(report, one) for one in runs],
    }


def as_text(report: Report, runs: Sequence[PastRun]) -> list[str]:
    """Return runs and attempts for people, oldest first, each with what it printed last."""
    if not runs:
        return ["nothing of it has run yet"]
    return [line for one in runs for line in (*_run_text(report, one), "")][:-1]


def result_of(attempt: Attempt) -> str:
    """Return how an attempt has ended, or what it does."""
    if attempt.result is not None:
        return attempt.result.value
    return "running" if attempt.start_requested_at else "preparing"


def _run_json(report: Report, one: PastRun) -> dict[str, object]:
    run = one.run
    whole = run.cancels.get(None)
    return {
        "task": one.task,
        "run": run.number,
        "reason": run.reason,
        "revision": run.revision or None,
        "openedAt": rfc3339(run.opened_at),
        "nominalTime": rfc3339(run.nominal),
        "closed": run.closed,
        "cancelled": whole.reason if whole else None,
        "attempts": [_attempt_json(report, one, past) for past in one.attempts],
    }


def _attempt_json(report: Report, one: PastRun, past: PastAttempt) -> dict[str, object]:
    record = past.record
    return {
        "instance": past.key.key.instance,
        "values": dict(one.values.get(past.key.key.instance, ())),
        "attempt": record.number,
        "node": record.node or None,
        "container": past.container,
        "revision": record.revision or None,
        "result": record.result.value if record.result else None,
        "exitCode": record.exit_code,
        "outOfMemory": record.oom,
        "reason": record.reason or record.stop_reason,
        "reservedAt": rfc3339(record.reserved_at),
        "startedAt": rfc3339(started_at(record)),
        "finishedAt": rfc3339(finished_at(record)),
        **usage_json(record, past.seen, report.at),
        "logsExpired": record.expired,
        "logTail": list(past.lines),
    }


def _run_text(report: Report, one: PastRun) -> Iterator[str]:
    run = one.run
    opened = f"opened {ago(run.opened_at, report.at)}" if run.opened_at else "on record"
    why = f": {run.reason}" if run.reason else ""
    revision = f"; revision {run.revision}" if run.revision else ""
    yield paint(one_line(f"{one.task}, run {run.number}, {opened}{why}{revision}"), bold=True)
    if None in run.cancels:
        yield one_line(f"ended as a whole: {run.cancels[None].reason}")
    rows = [_HEADER, *(_row(report, one, past) for past in one.attempts)]
    header, *table = columns(rows, {2: _COLOURS})
    if table:
        yield header
    for past, line in zip(one.attempts, table, strict=True):
        yield line
        for said in past.lines:
            yield f"{paint('  | ', dim=True)}{one_line(said)}"
        if past.record.expired:
            yield f"{paint('  | ', dim=True)}(its ttl is over: what it printed is gone)"


def _row(report: Report, one: PastRun, past: PastAttempt) -> tuple[str, ...]:
    record = past.record
    values = worded(one.values.get(past.key.key.instance, ()))
    wall = wall_seconds(record, report.at)
    began, used = started_at(record), used_by(record, past.seen)
    return (
        f"{past.key.key} {values}".rstrip(),
        str(record.number),
        result_of(record),
        _exit(record),
        local_time(began, report.at) if began else "-",
        "-" if wall is None or record.result is Result.BURNT else length(wall),
        _cpu(used.cpu_seconds),
        size(used.memory) if used.memory else "-",
        record.node or "-",
        record.reason or record.stop_reason or "-",
    )


def _cpu(seconds: float) -> str:
    if not seconds:
        return "-"
    return f"{seconds:.1f}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms"


def _exit(record: Attempt) -> str:
    if record.exit_code is None:
        return "-"
    return f"{record.exit_code} (out of memory)" if record.oom else str(record.exit_code)
