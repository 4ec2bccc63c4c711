"""What nodes are and what they bear, asked of all of them at once, for whoever looks.

Decides nothing. What instances have asked for is told by the record, what they use by whom has
seen it last.
"""

import json
import time
from collections.abc import Iterator

from msgspec import Struct

from reconciler.controller.reading import Report
from reconciler.controller.side_by_side import ask_all
from reconciler.engines.engine import Engine, EngineError, EngineInfo
from reconciler.model.desired import Amounts, NodeSpec
from reconciler.model.observed import Container, NodeView, Phase
from reconciler.planning.nodes import Condition, condition_of


class Survey(Struct, frozen=True):
    """One node. `info` and `seconds`, which its answer took, are None where it gave none.

    `since` is when its condition began, epoch seconds, 0.0 where that is not on record. `asked` is
    what the instances there have reserved, `used` the memory in bytes that they were seen to use.
    """

    spec: NodeSpec
    condition: Condition
    reason: str
    since: float
    info: EngineInfo | None
    seconds: float | None
    capacity: Amounts
    asked: Amounts
    used: int
    instances: int


def survey(report: Report) -> list[Survey]:
    """Return all nodes of a project, by name."""
    known = [name for name, view in report.observed.nodes.items() if view.known]
    answers = ask_all({name: report.engines[name] for name in known}, _timed)
    return [_surveyed(report, name, answers.get(name)) for name in sorted(report.desired.nodes)]


def _timed(engine: Engine) -> tuple[EngineInfo, float]:
    began = time.monotonic()
    info = engine.info()
    return info, time.monotonic() - began


def _surveyed(
    report: Report, name: str, answer: tuple[EngineInfo, float] | EngineError | None
) -> Survey:
    spec, record = report.desired.nodes[name], report.history.nodes.get(name)
    view = report.observed.nodes.get(name) or NodeView(name, known=False)
    info, seconds = answer if isinstance(answer, tuple) else (None, None)
    if view.known and isinstance(answer, EngineError):
        view = NodeView(name, known=False, reason=str(answer))
    condition, reason, since = condition_of(spec, record, view)
    live = [c for c in view.containers.values() if c.phase in {Phase.CREATED, Phase.RUNNING}]
    asked = list(_resources(report, live))
    return Survey(
        spec=spec,
        condition=condition,
        reason=reason,
        since=since,
        info=info,
        seconds=seconds,
        capacity=_capacity(spec, info),
        asked=Amounts(
            cpus=sum(a.cpus or 0.0 for a in asked),
            memory=sum(a.memory or 0 for a in asked),
            gpus=sum(a.gpus or 0 for a in asked),
        ),
        used=sum(g.usage.memory for c in live if (g := report.glimpses.get(c.id))),
        instances=len(live),
    )


def _capacity(spec: NodeSpec, info: EngineInfo | None) -> Amounts:
    """Return what a node has: as declared, else as its engine says."""
    given = spec.capacity
    return Amounts(
        cpus=given.cpus if given.cpus is not None else (float(info.cpus) if info else None),
        memory=given.memory if given.memory is not None else (info.memory if info else None),
        gpus=given.gpus,
    )


def _resources(report: Report, containers: list[Container]) -> Iterator[Amounts]:
    for container in containers:
        said = json.loads(report.history.specs.get(container.shape, "{}")).get("resources") or {}
        yield Amounts(said.get("cpus") or 0.0, said.get("memory") or 0, said.get("gpus") or 0)
