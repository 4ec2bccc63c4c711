"""Everything there is to know of a task or an instance, as plain values.

One shape for both formats: what JSON prints, text lays out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import to_builtins
from msgspec.structs import asdict

from reconciler.cli.confidences import listed
from reconciler.cli.following import container_of
from reconciler.cli.options import Target
from reconciler.cli.past import usage_json
from reconciler.cli.standing import (
    Standing,
    finished_at,
    seen_of,
    standing_of,
    started_at,
    values_of,
)
from reconciler.cli.text import rfc3339
from reconciler.controller.reading import Report
from reconciler.engines.engine import EngineError
from reconciler.model.action import Verdict
from reconciler.model.confinement import Confinement, confinement_of
from reconciler.model.desired import Dependency, DesiredTask
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.quantities import format_ranges
from reconciler.model.run import Attempt, Run
from reconciler.model.spec import InstanceSpec

Plain = dict[str, Any]


def describe_task(report: Report, target: Target) -> Plain:
    """Return a task: what is asked for, its runs, and where each instance stands."""
    standing = standing_of(report, target.task)
    known = report.history.tasks.get(target.task)
    return {
        "task": target.task,
        "state": standing.state.value,
        "reason": standing.reason,
        **(_asked(report, standing.task) if standing.task else {"asked": False}),
        "runs": [_run(run) for run in (known.runs.values() if known else ())],
        "instances": [_verdict(report, verdict) for verdict in standing.verdicts],
    }


def describe_instance(report: Report, target: Target) -> Plain:
    """Return an instance: where it stands, its attempts in all runs, and its container."""
    number = target.instance or 0
    standing = standing_of(report, target.task)
    verdict = _find(standing, number)
    known = report.history.tasks.get(target.task)
    attempts = [
        _attempt(report, AttemptKey(InstanceKey(target.task, number), run.number, a.number), a)
        for run in (known.runs.values() if known else ())
        for a in run.attempts_of(number)
    ]
    return {
        "instance": str(target),
        "values": dict(values_of(report, InstanceKey(target.task, number))),
        "state": verdict.state.value if verdict else "Cancelled",
        "reason": verdict.reason if verdict else "not asked for any more",
        "run": verdict.run if verdict else None,
        "attempts": attempts,
        "container": _container(report, verdict) if verdict and verdict.container else None,
    }


def _asked(report: Report, task: DesiredTask) -> Plain:
    return {
        "asked": True,
        "at": str(task.at),
        "revision": report.desired.revision,
        "job": task.job or None,
        "profile": task.profile,
        "instanceIds": format_ranges(task.instances),
        "restart": task.restart.value,
        "schedule": task.schedule and to_builtins(task.schedule),
        "onScale": task.on_scale.value,
        "retry": {"perInstance": task.retry.per_instance, "backoff": asdict(task.retry.backoff)},
        "parallelism": task.parallelism,
        "priority": task.priority,
        "dependsOn": [_dependency(report, one) for one in task.depends_on],
        "rerun": task.rerun,
        "protected": task.protected,
        "renamedFrom": task.renamed_from or None,
        "work": task.work.hash,
        "shape": task.shape.hash,
        "spec": _spec(to_builtins(task.spec)) | _secrets(task.spec),
        "confinement": _confinement(confinement_of(task.spec)),
    }


def _dependency(report: Report, wanted: Dependency) -> Plain:
    """Return what is waited for, and where that task stands."""
    state = standing_of(report, wanted.task).state
    return {"task": wanted.task, "condition": wanted.condition.value, "state": state.value}


def _spec(said: Mapping[str, Any]) -> Plain:
    """Return the effective spec in the spelling of manifests, pairs as mappings."""
    plain: Plain = {}
    for name, value in said.items():
        if isinstance(value, Mapping):
            value = _spec(value)  # noqa: PLW2901  # one value after the other
        elif name in {"env", "constants", "nodes"} and not isinstance(value, str):
            value = dict(value)  # noqa: PLW2901
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = [_spec(v) if isinstance(v, Mapping) else v for v in value]  # noqa: PLW2901
        plain[_camel(name)] = value
    return plain


def _secrets(spec: InstanceSpec) -> Plain:
    """Return what is confidential, where anything is."""
    return {"secrets": listed(spec.secrets)} if spec.secrets else {}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _run(run: Run) -> Plain:
    return {
        "run": run.number,
        "reason": run.reason,
        "openedAt": rfc3339(run.opened_at),
        "revision": run.revision,
        "work": run.work,
        "firing": rfc3339(run.nominal),
        "finishedAt": rfc3339(run.finished_at),
        "closed": run.closed,
        "cancelled": None in run.cancels,
        "inputs": [
            {
                "node": node,
                "inputs": description,
                "key": kept.resolved.key,
                "bytes": kept.resolved.size,
                "files": kept.resolved.files,
            }
            for node, there in sorted(run.inputs.items())
            for description, kept in sorted(there.items())
        ],
        "succeeded": sum(run.succeeded(instance) for instance in run.attempts),
        "instances": len(run.attempts),
    }


def _verdict(report: Report, verdict: Verdict) -> Plain:
    return {
        "id": verdict.key.instance,
        "values": dict(values_of(report, verdict.key)),
        "state": verdict.state.value,
        "run": verdict.run or None,
        "attempt": verdict.attempt or None,
        "node": verdict.node or None,
        "container": verdict.container or None,
        "reason": verdict.reason,
    }


def _attempt(report: Report, key: AttemptKey, attempt: Attempt) -> Plain:
    live = None if attempt.ended else container_of(report, key)
    return {
        "run": key.run,
        "attempt": attempt.number,
        "node": attempt.node,
        "container": report.history.container_name(key, report.desired.project),
        "revision": attempt.revision,
        "result": attempt.result.value if attempt.result else None,
        "exitCode": attempt.exit_code,
        "outOfMemory": attempt.oom,
        "reason": attempt.reason or attempt.stop_reason,
        "startedAt": rfc3339(started_at(attempt)),
        "finishedAt": rfc3339(finished_at(attempt)),
        **usage_json(attempt, seen_of(report, live.id if live else ""), report.at),
        "logsExpired": attempt.expired,
    }


def _container(report: Report, verdict: Verdict) -> Plain:
    """Return what the engine says of a container, as far as it answers."""
    engine = report.engines.get(verdict.node)
    try:
        detail = engine.inspect(verdict.container) if engine else None
    except EngineError as error:
        return {"id": verdict.container, "error": str(error)}
    if detail is None:
        return {"id": verdict.container, "error": "it is gone"}
    seen = detail.container
    return {
        "id": seen.id,
        "name": seen.name,
        "phase": seen.phase.value,
        "health": seen.health or None,
        "image": seen.image_id or None,
        "startedAt": rfc3339(detail.started_at),
        "finishedAt": rfc3339(detail.finished_at),
        "exitCode": seen.exit_code,
        "ports": [
            {"container": port.container, "host": port.host, "protocol": port.protocol}
            for port in seen.ports
        ],
        "error": detail.error or None,
        "confinement": _confinement(detail.confinement) if detail.confinement else None,
    }


def _confinement(confinement: Confinement) -> Plain:
    """Return it in the spelling of manifests, with a word where a limit or a right is not there."""
    plain = _spec(to_builtins(confinement))
    unlimited = {name: plain[name] or "unlimited" for name in ("pids", "memory", "cpus")}
    return plain | unlimited | {"capabilities": plain["capabilities"] or "none"}


def _find(standing: Standing, number: int) -> Verdict | None:
    return next((v for v in standing.verdicts if v.key.instance == number), None)
