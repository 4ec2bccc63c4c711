"""A reader's view: what the ledger and the engines say now, without a lock or a change.

The same planner that decides for the writer words the state for the reader, so that `status`
and `why` cannot tell another story than the one that is acted upon.
"""

import time
from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from reconciler.controller import glimpses
from reconciler.controller.almanac import Wall, scheduled
from reconciler.controller.clock import SteadyClock, clock_of
from reconciler.controller.folders import state_folder
from reconciler.controller.glimpses import Glimpses
from reconciler.controller.manning import OpenEngine
from reconciler.controller.relearning import unknown_containers
from reconciler.controller.side_by_side import ask_all
from reconciler.controller.writing import last_valid, nothing_wanted
from reconciler.engines.engine import Engine, EngineError
from reconciler.ledger import Holder, Ledger, NoLedger, holder
from reconciler.model.action import Plan, Underway
from reconciler.model.calendar import Calendar
from reconciler.model.desired import Desired
from reconciler.model.fact import TaskRenamed
from reconciler.model.history import History
from reconciler.model.observed import Containers, NodeView, Observed
from reconciler.model.policy import Policy
from reconciler.planning import plan
from reconciler.planning.nodes import lost_nodes, with_leaving
from reconciler.planning.numbering import as_kept
from reconciler.planning.renaming import owned


class Report(Struct, frozen=True):
    """All that is known of a project at one moment. `plan` holds what the planner thinks of it.

    `at` is that moment by the ledger's clock, `calendar` by the wall's.
    """

    desired: Desired
    observed: Observed
    history: History
    plan: Plan
    engines: Mapping[str, Engine]
    writer: Holder | None
    folder: Path
    recorded: bool
    at: float
    calendar: Calendar
    glimpses: Glimpses = {}


class Past(Struct, frozen=True):
    """What is on record, whether there is a record at all, and the time by its clock."""

    history: History
    recorded: bool
    now: float


def report(project: str, chosen: Path | None, open_engine: OpenEngine, policy: Policy) -> Report:
    """Look at everything once, as the revision in force according to the ledger has it."""
    folder = state_folder(project, chosen)
    past = past_of(folder, project)
    history, now = past.history, past.now
    desired = last_valid(folder, project, policy) if past.recorded else None
    wanted = with_leaving(desired or nothing_wanted(project), history)
    if history.destroyed(wanted.revision):
        wanted = replace(wanted, tasks={}, pools={}, prunable=True)
    engines = {name: open_engine(spec) for name, spec in wanted.nodes.items()}
    observed = observe(project, engines, lost_nodes(history))
    learn(history, observed, now)
    wanted = as_kept(wanted, history)
    calendar = Wall(time.time).look(scheduled(wanted), wanted.pools.values())
    made = thought(wanted, observed, history, now, calendar)
    for fact in made.facts:
        if isinstance(fact, TaskRenamed):
            history.apply(fact)
    observed = by_name_now(observed, history)
    found = holder(folder)
    return Report(
        desired=wanted,
        observed=observed,
        history=history,
        plan=made,
        engines=engines,
        writer=found,
        folder=folder,
        recorded=past.recorded,
        at=now,
        calendar=calendar,
        glimpses=glimpses.read(folder, found),
    )


def thought(
    wanted: Desired, observed: Observed, history: History, now: float, calendar: Calendar
) -> Plan:
    """Return what the planner thinks, as a writer knows it that has planned before.

    Pools are looked at before what waits for them, which is known when all has been planned once.
    """
    made = plan(wanted, observed, history, now, calendar=calendar)
    if not made.queued:
        return made
    return plan(wanted, observed, history, now, Underway(queued=made.queued), calendar=calendar)


def past_of(folder: Path, project: str) -> Past:
    """Return what is on record."""
    try:
        with Ledger.open(folder, write=False, project=project) as ledger:
            return Past(ledger.load(), recorded=True, now=clock_of(ledger).now())
    except NoLedger:
        return Past(History(), recorded=False, now=SteadyClock().now())


def observe(project: str, engines: Mapping[str, Engine], lost: Collection[str] = ()) -> Observed:
    """List every node; one that does not answer is unknown. Those `lost` get little time."""
    views: dict[str, NodeView] = {}
    for name, seen in ask_all(engines, lambda engine: _view(engine, project), lost).items():
        silent = NodeView(name, known=False, reason=str(seen))
        views[name] = silent if isinstance(seen, EngineError) else seen
    return Observed(views)


def _view(engine: Engine, project: str) -> NodeView:
    shown, info = engine.list(project), engine.info()
    return NodeView(
        engine.node,
        containers=Containers(shown),
        has=info.amounts,
        others=engine.others(project),
        networks={one.name: one for one in engine.networks(project)},
        fabric=info.fabric,
    )


def learn(history: History, observed: Observed, now: float) -> None:
    """Add to a reader's own copy of the history what only the containers tell."""
    for view in observed.nodes.values():
        for fact in unknown_containers(history, view.containers.values(), now):
            history.apply(fact)


def by_name_now(observed: Observed, history: History) -> Observed:
    """Return containers as of the names that their tasks have now."""
    if not history.moved:
        return observed
    views = {
        name: replace(
            view, containers=Containers(owned(c, history) for c in view.containers.values())
        )
        for name, view in observed.nodes.items()
    }
    return Observed(views)


def images_present(desired: Desired, engines: Mapping[str, Engine]) -> dict[str, dict[str, str]]:
    """Return for each node the images that are asked for and there, and what they mean there.

    Of an image that is locked that is asked for, too, which is locked.
    """
    written = {task.spec.image for task in desired.tasks.values() if not task.blocked}
    locks = desired.locks
    wanted = written | {f"{image}@{locks[image]}" for image in written & locks.keys()}

    def present(engine: Engine) -> dict[str, str]:
        return {image: found for image in wanted if (found := _resolved(engine, image))}

    found = ask_all(engines, present)
    return {n: {} if isinstance(there, EngineError) else there for n, there in found.items()}


def _resolved(engine: Engine, image: str) -> str | None:
    try:
        return engine.resolve(image)
    except EngineError:
        return None
