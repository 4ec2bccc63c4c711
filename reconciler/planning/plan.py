"""The planner: every task's share, in a stable order, under the holds that span tasks."""

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from reconciler.model.action import Action, Cause, Hold, Plan, Underway, Verb
from reconciler.model.calendar import Calendar
from reconciler.model.desired import Desired
from reconciler.model.fact import Fact
from reconciler.model.history import History
from reconciler.model.observed import Observed
from reconciler.planning.cause import GONE
from reconciler.planning.expiry import expiry_of
from reconciler.planning.fleet import Fleet
from reconciler.planning.forgetting import forgotten
from reconciler.planning.hold import rerun_hold, teardown_hold
from reconciler.planning.jobs import deadlines
from reconciler.planning.limiting import waits_over
from reconciler.planning.milestones import reached
from reconciler.planning.networks import networked, surplus
from reconciler.planning.nodes import drain_facts, let_go
from reconciler.planning.numbering import newly_numbered, numbered
from reconciler.planning.renaming import renamings, still_underway, taken_over
from reconciler.planning.scene import Pass, Pulling
from reconciler.planning.sightings import Sightings
from reconciler.planning.suspending import ended
from reconciler.planning.task import Draft, plan_task, plan_vanished
from reconciler.planning.tending import tend

# What frees room comes first, then what begins, the higher priority before the lower.
_ORDER = {verb: (group, rank) for group, verbs in enumerate(
    ((Verb.UPLOAD, Verb.COLLECT, Verb.KILL, Verb.STOP),
     (Verb.REUSE, Verb.PULL, Verb.FETCH, Verb.NETWORK, Verb.START, Verb.CREATE),
     (Verb.REMOVE, Verb.SNAPSHOT, Verb.DISSOLVE))
) for rank, verb in enumerate(verbs)}  # fmt: skip


def plan(  # noqa: PLR0913  # the planner's whole world, each part named
    desired: Desired,
    observed: Observed,
    history: History,
    now: float,
    underway: Underway | None = None,
    only: Collection[str] | None = None,
    calendar: Calendar | None = None,
    *,
    afresh: bool = False,
) -> Plan:
    """Return what to record and do next, and what is left alone and why.

    `now` is epoch seconds, of a clock that nobody sets. `only` limits the pass to these tasks;
    None plans all of them. It is to name all that may have changed since they were planned, and
    all that were held then. Without a `calendar` no schedule fires.
    `afresh`: nothing is taken over that has completed before.
    Planning again with what the actions brought about leads on to a plan that is empty.
    """
    renamed = renamings(desired, history, now, desired.tasks if only is None else only)
    history = taken_over(history, renamed)
    desired = numbered(desired, history, only)
    busy = still_underway(underway or Underway(), renamed)
    asked = None if only is None else len(only)
    dates, seen = calendar or Calendar(now), Sightings(observed, history, asked)
    given = Pass(desired, observed, history, busy, now, dates, seen, afresh=afresh)
    names = _names(given, only)
    holds = {"teardown": teardown_hold(given, names), "rerun": rerun_hold(given, names)}
    given.notes.held.update(_held(holds["rerun"]))
    draft = Draft(facts=[*renamed, *newly_numbered(given, only), *ended(history, now)])
    draft.facts += drain_facts(given)
    pulling: dict[str, Pulling] = {}
    fleet = Fleet(given)
    tended = tend(given, fleet, busy.queued, only)
    draft.facts += tended.facts
    shared = (fleet, pulling)
    past: list[Fact] = []
    for name in names:
        task = desired.tasks.get(name)
        if task is not None:
            before = len(draft.actions)
            plan_task(given, draft, task, seen.of(name), shared, holds["rerun"])
            if task.ttl is not None:
                taken = {action.subject for action in draft.actions[before:]}
                draft.expire(name, expiry_of(given, task, seen.of(name), taken))
            past += forgotten(given, task, seen.of(name))
        else:
            plan_vanished(given, draft, name, seen.of(name), _why_gone(given), holds["teardown"])
    draft.actions += surplus(given, names, draft.verdicts, draft.actions)
    draft.facts += let_go(given, draft.actions)
    draft.facts += waits_over(given, names, draft.lacking)
    for name, at in (*deadlines(given, names), *tended.wakes.items()):
        draft.wake(name, at)
    return Plan(
        facts=(*draft.facts, *past),
        actions=tuple(sorted((_shared(a, pulling) for a in draft.actions), key=_rank)),
        verdicts=tuple(draft.verdicts),
        holds=tuple(hold for hold in holds.values() if hold),
        wakes=draft.wakes,
        halts=draft.halts,
        crowded=frozenset(key.task for key, _ in draft.lacking) | tended.crowded,
        queued=dict(fleet.queued),
        pools=tuple(tended.views),
        quiet=tended.quiet,
        reached={name: reached(given, name) for name in names if _is_followed(given, name)},
    )


def _names(given: Pass, only: Collection[str] | None) -> Sequence[str]:
    """Return the tasks to plan, those first to which room goes that there is.

    That is by priority, then by age: who has been asked for longest.
    """
    wanted, past, seen = given.desired.tasks, given.history.tasks, given.seen
    if only is None:
        names = {*wanted, *past, *seen.tasks(), *networked(given)}
    else:
        names = {name for name in only if name in wanted or name in past or seen.of(name)}
        names |= networked(given) & {*only}
    return sorted(names, key=lambda name: _before(given, name))


def _before(given: Pass, name: str) -> tuple[int, float, str]:
    task, known = given.desired.tasks.get(name), given.history.tasks.get(name)
    if task is None:
        return 0, 0.0, name
    since = known.waits_since(task) if known else None
    return -task.priority, given.now if since is None else since, name


def _is_followed(given: Pass, name: str) -> bool:
    return name in given.desired.tasks and bool(given.desired.followers(name))


def _held(hold: Hold | None) -> dict[str, str]:
    return dict.fromkeys(hold.tasks, hold.message) if hold else {}


def _shared(action: Action, pulling: Mapping[str, Pulling]) -> Action:
    """Return a pull with whom it is for besides, any other action as it is."""
    asked = pulling.get(action.subject)
    return replace(action, sharers=tuple(asked.runs[1:])) if asked else action


def _why_gone(given: Pass) -> Cause:
    if given.history.destroyed_revision:
        return Cause("destroyed by request", revision=given.desired.revision)
    return Cause(GONE, revision=given.desired.revision)


def _rank(action: Action) -> tuple[int, int, int, str, int, int, str]:
    key, (group, rank) = action.key, _ORDER[action.verb]
    instance = key.instance if key else -1
    return group, -action.priority, rank, action.task, instance, action.run, action.subject
