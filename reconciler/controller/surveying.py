"""What nodes are and what they bear, asked of all of them at once, for whoever looks.

Decides nothing. What instances have asked for is told by the record, what they use by whom has
seen it last.
"""

import time

from msgspec import Struct

from reconciler.controller.reading import Report
from reconciler.controller.side_by_side import ask_all
from reconciler.engines.engine import Engine, EngineError, EngineInfo
from reconciler.model.amounts import Amounts
from reconciler.model.desired import NodeSpec
from reconciler.model.observed import NodeView
from reconciler.planning.fleet import capacity_of, shares_of, taken_of
from reconciler.planning.nodes import Condition, condition_of


class Survey(Struct, frozen=True):
    """One node. `info` and `seconds`, which its answer took, are None where it gave none.

    `since` is when its condition began, epoch seconds, 0.0 where that is not on record. `asked` is
    what the instances there have reserved, `others` what containers have that are not of the
    project, `used` the memory in bytes that its own were seen to use.
    """

    spec: NodeSpec
    condition: Condition
    reason: str
    since: float
    info: EngineInfo | None
    seconds: float | None
    capacity: Amounts
    asked: Amounts
    others: Amounts
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
    live = [c for c in view.containers.values() if c.occupies]
    taken = taken_of(view, (), shares_of(report.history)[name], {})
    return Survey(
        spec=spec,
        condition=condition,
        reason=reason,
        since=since,
        info=info,
        seconds=seconds,
        capacity=capacity_of(spec, view.has),
        asked=Amounts(taken.cpus, taken.memory, taken.gpus),
        others=Amounts(view.others.cpus, view.others.memory, view.others.gpus),
        used=sum(g.usage.memory for c in live if (g := report.glimpses.get(c.id))),
        instances=len(live),
    )
