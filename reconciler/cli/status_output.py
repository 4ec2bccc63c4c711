"""What `status` prints. The JSON is a contract: schemas/output/status.json."""

from collections import Counter
from typing import Final

from reconciler.cli import pools_output
from reconciler.cli.endpoints import Endpoint, endpoints_of
from reconciler.cli.past import usage_json
from reconciler.cli.plan_output.values import hold_json
from reconciler.cli.standing import (
    Standing,
    attempt_of,
    finished_at,
    headway_of,
    node_of,
    seen_of,
    shut_nodes,
    standings,
    started_at,
    transfer_of,
    unknown_nodes,
    values_of,
)
from reconciler.cli.text import (
    COLOURS,
    ago,
    columns,
    complain,
    moved,
    paint,
    percent,
    plural,
    rfc3339,
)
from reconciler.controller.reading import Report
from reconciler.ledger import Holder
from reconciler.model.action import InstanceState, Verdict
from reconciler.model.plain import one_line
from reconciler.planning.firing import AWAITS, time_of
from reconciler.planning.numbering import worded
from reconciler.planning.suspending import suspense_of

_MOST: Final = 10
_QUIET: Final = {InstanceState.SUCCEEDED, InstanceState.RUNNING}


def as_json(report: Report) -> dict[str, object]:
    """Return where everything stands, for machines."""
    return {
        "project": report.desired.project,
        "revision": report.desired.revision or None,
        "pinned": report.history.pinned_revision or None,
        "tasks": [_task(report, standing) for standing in standings(report)],
        "pools": pools_output.items(report),
        "nodes": [_node(report, name) for name in sorted(report.desired.nodes)],
        "writer": writer_json(report.writer),
        "holds": [hold_json(hold) for hold in report.plan.holds],
    }


def _node(report: Report, name: str) -> dict[str, object]:
    found = node_of(report, name)
    return {
        "name": name,
        "state": found.condition.value,
        "known": found.known,
        "reason": found.reason,
        "since": rfc3339(found.since) if found.since else None,
        "declared": not report.desired.nodes[name].leaving,
        "instances": found.instances,
    }


def writer_json(writer: Holder | None) -> dict[str, object] | None:
    """Return who writes, as machines read it."""
    if writer is None:
        return None
    return {
        "verb": writer.verb,
        "pid": writer.pid,
        "host": writer.host,
        "since": rfc3339(writer.since),
    }


def as_text(report: Report) -> list[str]:
    """Return where everything stands, for people."""
    all_of_them = standings(report)
    lines = head(report)
    if not all_of_them:
        nothing = "no task is asked for, and nothing runs"
        return [*lines, "", nothing, *pools_output.summary(report)]
    header = ("TASK", "STATE", "INSTANCES", "RUN", "IMAGE", "WHY")
    rows = [header, *(_row(standing) for standing in all_of_them)]
    lines += ["", *columns(rows, {1: COLOURS})]
    for standing in all_of_them:
        lines += _instances(report, standing)
    return lines + pools_output.summary(report)


def head(report: Report) -> list[str]:
    """Return what there is to say of the project as a whole."""
    return [_head(report), *_notes(report)]


def warn(report: Report) -> None:
    """Say on stderr what the answer does not rest on."""
    if not report.recorded:
        complain(f"there is no ledger in {report.folder}: nothing has been applied from here yet")


def _head(report: Report) -> str:
    revision = report.desired.revision or "none"
    runs = f"kept so by {report.writer}" if report.writer else "nobody runs it now"
    said = f"project {report.desired.project}, revision {revision}; {runs}"
    return paint(one_line(said), bold=True)


def _notes(report: Report) -> list[str]:
    said = [paint(one_line(note), "magenta") for note in unknown_nodes(report)]
    said += [paint(one_line(note), "magenta") for note in shut_nodes(report)]
    said += [paint(one_line(hold.message), "magenta") for hold in report.plan.holds]
    if report.history.pinned_revision:
        pinned = one_line(report.history.pinned_revision)
        said.append(paint(f"revision {pinned} is pinned, whatever the source says", "magenta"))
    if report.history.lost:
        said.append(paint("the ledger was lost; batch work waits for `relearn`", "magenta"))
    if report.recorded and report.history.destroyed_revision:
        said.append("destroyed by request; the next `apply` brings it back")
    return said


def _row(standing: Standing) -> tuple[str, ...]:
    found = Counter(v.state.value.lower() for v in standing.verdicts)
    counts = ", ".join(f"{n} {state}" for state, n in sorted(found.items())) or "0"
    image = standing.task.spec.image if standing.task else "-"
    why = standing.reason if standing.reason != counts else ""
    if standing.next_firing and AWAITS not in why:
        following = f"next firing at {time_of(standing.next_firing)}"
        why = f"{why}; {following}" if why else following
    if standing.task is None:
        why = f"not asked for any more; {why}" if why else "not asked for any more"
    return standing.name, standing.state.value, counts, str(standing.run or "-"), image, why


def _instances(report: Report, standing: Standing) -> list[str]:
    """Return a line for each instance, or for those that need a look where there are many."""
    shown = list(standing.verdicts)
    if len(shown) > _MOST:
        shown = [v for v in shown if v.state not in _QUIET or v.blocked][:_MOST]
    rows = [_instance(report, verdict) for verdict in shown]
    lines = ["", *columns(rows, {1: COLOURS})] if rows else []
    if rows and len(standing.verdicts) > len(shown):
        rest = len(standing.verdicts) - len(shown)
        lines.append(f"… and {plural(rest, 'instance')} more; --format json has them all")
    return lines


def _instance(report: Report, verdict: Verdict) -> tuple[str, ...]:
    attempt = attempt_of(report, verdict)
    at = finished_at(attempt) or started_at(attempt)
    return (
        f"{verdict.key} {worded(values_of(report, verdict.key))}".rstrip(),
        verdict.state.value,
        _attempt(report, verdict),
        verdict.node or "-",
        verdict.container[:12] or "-",
        ago(at, report.at) if at else "-",
        _why(report, verdict),
    )


def _attempt(report: Report, verdict: Verdict) -> str:
    """Return which attempt an instance is at; of a scheduled task there are many first ones."""
    said = f"attempt {verdict.attempt}" if verdict.attempt else "-"
    task = report.desired.tasks.get(verdict.key.task)
    return f"run {verdict.run}, {said}" if task and task.schedule and verdict.run else said


def _why(report: Report, verdict: Verdict) -> str:
    said = [verdict.reason] if verdict.reason != verdict.state.value.lower() else []
    found = headway_of(report, verdict)
    said += [percent(found)] if found else []
    transfer = transfer_of(report, verdict)
    said += [moved(transfer)] if transfer else []
    said += [str(endpoint) for endpoint in endpoints_of(report, verdict)]
    return "; ".join(said)


def _task(report: Report, standing: Standing) -> dict[str, object]:
    task = standing.task
    return {
        "name": standing.name,
        "job": (task.job if task else _job_of(report, standing)) or None,
        "pool": (task.spec.pool if task else "") or None,
        "profile": task.profile if task else None,
        "state": standing.state.value,
        "reason": standing.reason,
        "run": standing.run,
        "schedule": _schedule(report, standing),
        "suspended": _suspended(report, standing),
        "protected": protected(report, standing),
        "instances": [_instance_json(report, verdict) for verdict in standing.verdicts],
    }


def _schedule(report: Report, standing: Standing) -> dict[str, object] | None:
    schedule = standing.task.schedule if standing.task else None
    known = report.history.tasks.get(standing.name)
    if schedule is None:
        return None
    return {
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "overlap": schedule.overlap.value,
        "last": rfc3339(known.fired) if known else None,
        "next": rfc3339(standing.next_firing),
    }


def _suspended(report: Report, standing: Standing) -> dict[str, object] | None:
    task = standing.task
    suspense = suspense_of(report.history, task, report.at) if task else None
    if suspense is None:
        return None
    return {
        "by": list(suspense.by),
        "until": rfc3339(suspense.until),
        "reason": suspense.reason,
    }


def protected(report: Report, standing: Standing) -> bool:
    """Whether a task's instances stay when its manifest goes, or have stayed so."""
    known = report.history.tasks.get(standing.name)
    return standing.task.protected if standing.task else bool(known and known.protected)


def _instance_json(report: Report, verdict: Verdict) -> dict[str, object]:
    attempt = attempt_of(report, verdict)
    return {
        "id": verdict.key.instance,
        "run": verdict.run or None,
        "state": verdict.state.value,
        "attempt": verdict.attempt or None,
        "node": verdict.node or None,
        "container": verdict.container or None,
        "exitCode": attempt.exit_code if attempt else None,
        "reason": verdict.reason,
        "startedAt": rfc3339(started_at(attempt)),
        "finishedAt": rfc3339(finished_at(attempt)),
        **usage_json(attempt, seen_of(report, verdict.container), report.at),
        "progress": _progress(report, verdict),
        "transfer": _transfer(report, verdict),
        "ports": [_endpoint(one) for one in endpoints_of(report, verdict)],
    }


def _endpoint(endpoint: Endpoint) -> dict[str, object]:
    return {
        "host": endpoint.host or None,
        "port": endpoint.port,
        "container": endpoint.container,
        "protocol": endpoint.protocol,
    }


def _progress(report: Report, verdict: Verdict) -> dict[str, object] | None:
    found = headway_of(report, verdict)
    return {"fraction": round(found.done, 4), "text": found.said} if found else None


def _transfer(report: Report, verdict: Verdict) -> dict[str, object] | None:
    found = transfer_of(report, verdict)
    if found is None:
        return None
    return {"bytes": found.done, "total": found.total, "bytesPerSecond": round(found.rate)}


def _job_of(report: Report, standing: Standing) -> str:
    for view in report.observed.nodes.values():
        for verdict in standing.verdicts:
            seen = view.containers.get(verdict.container)
            if seen is not None:
                return seen.job
    return ""
