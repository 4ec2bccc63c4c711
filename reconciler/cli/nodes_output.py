"""What `nodes` prints. The JSON is a contract: schemas/output/nodes.json."""

from typing import Final

from reconciler.cli.text import columns, length, paint, rfc3339
from reconciler.controller.reading import Report
from reconciler.controller.surveying import Survey
from reconciler.model.amounts import Amounts
from reconciler.model.plain import one_line
from reconciler.model.quantities import format_bytes, format_cpus, size
from reconciler.planning.nodes import Condition

_COLOURS: Final = {
    Condition.READY: "green",
    Condition.UNKNOWN: "red",
    Condition.CORDONED: "yellow",
    Condition.DRAINING: "yellow",
    Condition.DRAINED: "yellow",
}
_HEADER: Final = (
    "NODE", "STATE", "ENGINE", "CPUS", "MEMORY", "GPUS", "OTHERS", "USED", "INSTANCES", "LATENCY",
    "WHY",
)  # fmt: skip


def as_json(report: Report, surveys: list[Survey]) -> dict[str, object]:
    """Return all nodes, for machines."""
    return {"project": report.desired.project, "nodes": [_node(one) for one in surveys]}


def as_text(report: Report, surveys: list[Survey]) -> list[str]:
    """Return all nodes, for people."""
    head = paint(one_line(f"project {report.desired.project}: what is reserved of what"), bold=True)
    rows = [_HEADER, *(_row(report, one) for one in surveys)]
    return [head, "", *columns(rows, {1: {c.value: colour for c, colour in _COLOURS.items()}})]


def _node(one: Survey) -> dict[str, object]:
    spec = one.spec
    return {
        "name": spec.name,
        "endpoint": spec.endpoint,
        "labels": dict(spec.labels),
        "state": one.condition.value,
        "reason": one.reason,
        "since": rfc3339(one.since) if one.since else None,
        "declared": not spec.leaving,
        "engine": one.info.version if one.info else None,
        "latencySeconds": round(one.seconds, 4) if one.seconds is not None else None,
        "capacity": _amounts(one.capacity),
        "reserve": _amounts(spec.reserve),
        "reserved": _amounts(one.asked),
        "reservedByOthers": _amounts(one.others),
        "usedMemory": one.used,
        "instances": one.instances,
    }


def _amounts(amounts: Amounts) -> dict[str, object]:
    return {"cpus": amounts.cpus, "memory": amounts.memory, "gpus": amounts.gpus}


def _row(report: Report, one: Survey) -> tuple[str, ...]:
    has, asked = one.capacity, one.asked
    since = f", for {length(report.at - one.since)}" if one.since else ""
    return (
        one.spec.name,
        one.condition.value,
        one_line(one.info.version) if one.info else "-",
        _of(format_cpus(asked.cpus or 0.0), format_cpus(has.cpus) if has.cpus is not None else ""),
        _of(format_bytes(asked.memory or 0), _rough(has.memory)),
        _of(str(asked.gpus or 0), str(has.gpus)) if has.gpus else "-",
        _others(one.others),
        size(one.used) if one.used else "-",
        str(one.instances),
        f"{one.seconds * 1000:.0f} ms" if one.seconds is not None else "-",
        one_line(f"{one.reason}{since}".strip()),
    )


def _of(asked: str, has: str) -> str:
    return f"{asked} of {has}" if has else asked


def _others(taken: Amounts) -> str:
    """Return what others have reserved, in short."""
    said = [f"{format_cpus(taken.cpus)} cpus"] if taken.cpus else []
    said += [size(taken.memory)] if taken.memory else []
    said += [f"{taken.gpus} gpus"] if taken.gpus else []
    return ", ".join(said) or "-"


def _rough(memory: int | None) -> str:
    return size(memory) if memory is not None else ""
