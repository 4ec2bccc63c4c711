"""What `apply` would do: the planner run to its fixed point on a copy of reality.

The copy is a simulated engine for each node, seeded with what the real one shows. First as
far as nothing depends on outcomes to come; then on, as if every batch instance succeeds and
every service becomes healthy. A schedule fires once at most: what is due, else what comes next.
Nothing real is changed, and no ledger is written.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import inf

from msgspec import Struct
from msgspec.structs import replace as altered

from reconciler.controller.almanac import scheduled
from reconciler.controller.core import Core
from reconciler.controller.execution import as_if
from reconciler.controller.inline import Inline
from reconciler.engines.engine import EngineInfo
from reconciler.engines.ownership import network_labels
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.ledger import LogEntry
from reconciler.model.action import Action, Hold, Verb, Verdict
from reconciler.model.calendar import Calendar, Firing, Ruling
from reconciler.model.data import Resolved, Stored
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.fact import Fact
from reconciler.model.history import History
from reconciler.model.images import digest_in
from reconciler.model.observed import Observed, Phase
from reconciler.model.pool import DesiredPool
from reconciler.model.run import Kept
from reconciler.planning.rescaling import left_alone

Images = Mapping[str, Mapping[str, str]]
"""By node the images that are there, as they are written, and what is created of each."""

# Rounds of 'as if all succeed'; what a task of parallelism 1 needs, and an end for the rest.
_MOST_ROUNDS = 1_000
# What adding and subtracting times may leave over, in seconds.
_ROUNDED = 0.001


class Preview(Struct, frozen=True):
    """Actions possible now, those that follow as if all succeeds, and what stays as it is.

    `notes` say by task what a change in it does not concern. `unneeded` are instances that then
    have waited in vain, as for another task's failure.
    """

    now: tuple[Action, ...]
    later: tuple[Action, ...]
    verdicts: tuple[Verdict, ...]
    holds: tuple[Hold, ...]
    reruns: int
    notes: Mapping[str, str]
    unneeded: tuple[Verdict, ...] = ()


class _Copied:
    """A history in place of a ledger: read once, written never."""

    def __init__(self, history: History) -> None:
        self._history = copy.deepcopy(history)

    def load(self) -> History:
        return self._history

    def record(self, facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        """Keep nothing: the core itself remembers."""


class _Time:
    """A clock that only `preview` moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class _Ahead:
    """The calendar as time goes on: of each schedule the next firing, and none after it."""

    def __init__(self, calendar: Calendar, clock: _Time) -> None:
        self._calendar = calendar
        self._clock = clock
        self._began = clock.now
        self._over: set[str] = set()

    def wall(self) -> float:
        return self._calendar.wall + self._clock.now - self._began

    def look(self, tasks: Iterable[DesiredTask], pools: Iterable[DesiredPool]) -> Calendar:
        rulings = {pool.name: Ruling(self._calendar.ruling(pool.name).policy) for pool in pools}
        return Calendar(self.wall(), {task.name: self._of(task.name) for task in tasks}, rulings)

    def end(self, task: str) -> None:
        """Let a schedule fire no more."""
        self._over.add(task)

    def _of(self, task: str) -> Firing:
        found = self._calendar.of(task)
        if task in self._over:
            return Firing(found.last)
        if found.next and self.wall() >= found.next - _ROUNDED:
            return Firing(found.next)
        return found


def preview(  # noqa: PLR0913  # all that one looks ahead from, each part named
    desired: Desired,
    observed: Observed,
    history: History,
    now: float,
    images: Images,
    calendar: Calendar | None = None,
    *,
    afresh: bool = False,
) -> Preview:
    """Return what would be done. Inputs are taken to be what they were last.

    Without a `calendar` no schedule fires. `afresh`: no results are taken over.
    """
    clock = _Time(now)
    ahead = _Ahead(calendar or Calendar(now), clock)
    worlds = {
        name: _world(
            desired.project, name, observed, ahead.wall, _creatable(desired, history, name, images)
        )
        for name in desired.nodes
    }
    meanings = _meanings(images)
    for name, world in worlds.items():
        world.tags = meanings
        for key in _kept(history, name):
            world.hoard(desired.project, Stored(key, 0, 0), {})
    core = Core(desired, _Copied(history), clock, ahead)
    core.board.secrets = observed.secrets
    core.afresh = afresh
    for name, view in observed.nodes.items():
        if not view.known and name in worlds:
            worlds[name].unreachable = True
            core.board.lose(name, view.reason)
    engines = {n: SimulatedEngine(w) for n, w in worlds.items() if not w.unreachable}
    driver = Inline(core, engines, partial(as_if, known=_last_inputs(history)))
    possible = driver.settle()
    verdicts, holds = tuple(core.all_verdicts()), core.holds
    for name in core.history.tasks:
        if _fired(core.history, name) != _fired(history, name):
            ahead.end(name)
    core.set_desired(_kept_for_good(_without_deadlines(desired)))
    core.dirty_all()
    later = _as_if_all_succeed(driver, worlds, clock)
    vain = {v.key for v in verdicts if v.in_vain}
    return Preview(
        tuple(_shown(possible, images)),
        tuple(_shown(later, images)),
        verdicts,
        holds,
        _reruns([*possible, *later], desired, history),
        left_alone(desired, history),
        tuple(v for v in core.all_verdicts() if v.in_vain and v.key not in vain),
    )


def _fired(history: History, name: str) -> float:
    known = history.tasks.get(name)
    return known.fired if known else 0.0


def _without_deadlines(desired: Desired) -> Desired:
    """Return a revision whose jobs end in time: here programs take none, and waits go by."""
    jobs = {name: altered(job, deadline=0.0) for name, job in desired.jobs.items()}
    return altered(desired, jobs=jobs)


def _creatable(desired: Desired, history: History, node: str, images: Images) -> dict[str, str]:
    """Return what containers can be created from on a node, and what that means.

    That is what is there, and what open runs have resolved those very references to.
    """
    there = images.get(node, {})
    found = dict(there)
    for name in desired.tasks.keys() & history.tasks.keys():
        if desired.tasks[name].spec.image in there:
            runs = history.tasks[name].runs.values()
            for reference in (run.images[node] for run in runs if node in run.images):
                found.setdefault(reference, reference)
    return found


def _meanings(images: Images) -> dict[str, str]:
    """Return the digests of images that a node has: what others fetch is taken to be the same."""
    found: dict[str, str] = {}
    for there in images.values():
        for image, reference in there.items():
            if digest := digest_in(reference):
                found.setdefault(image, digest)
    return found


def _last_inputs(history: History) -> Mapping[str, Resolved]:
    """Return by their description what inputs have come to last, on whichever node."""
    found: dict[str, Kept] = {}
    for task in history.tasks.values():
        for run in task.runs.values():
            for there in run.inputs.values():
                newer = {d: k for d, k in there.items() if d not in found or found[d].at <= k.at}
                found |= newer
    return {description: kept.resolved for description, kept in found.items()}


def _kept(history: History, node: str) -> set[str]:
    """Return the keys of the data that runs have had on a node."""
    runs = (run for task in history.tasks.values() for run in task.runs.values())
    return {kept.resolved.key for run in runs for kept in run.inputs.get(node, {}).values()}


def _world(
    project: str, name: str, observed: Observed, wall: Callable[[], float], images: dict[str, str]
) -> World:
    world = World(name, wall)
    world.era = ""  # whatever the real engine has been through, what is tried here goes well
    world.images = images
    view = observed.nodes.get(name)
    if view is not None and view.known:
        world.seed(view.containers.values())
        world.others = view.others.copy()
        if view.has.cpus is not None and view.has.memory is not None:
            cpus, memory = int(view.has.cpus), view.has.memory
            world.info = EngineInfo("simulated", cpus, memory, view.fabric)
        for network in view.networks.values():
            world.networks[network.name] = network_labels(project, network)
    return world


def _as_if_all_succeed(driver: Inline, worlds: Mapping[str, World], clock: _Time) -> list[Action]:
    done: list[Action] = []
    for _ in range(_MOST_ROUNDS):
        moved = _fortune(driver.core.desired, driver.core.history, worlds)
        wake = driver.core.wake_at()
        if wake is not None:
            clock.now = max(clock.now, wake)
        driver.look()
        actions = driver.settle()
        done += actions
        if not moved and not actions and wake is None:
            break
    return done


def _kept_for_good(desired: Desired) -> Desired:
    """Return a revision in which nothing goes for its age: that it will one day is not told."""
    tasks = {name: altered(task, ttl=None) for name, task in desired.tasks.items()}
    pools = {name: _never_idle(pool) for name, pool in desired.pools.items()}
    return altered(desired, tasks=tasks, pools=pools)


def _never_idle(pool: DesiredPool) -> DesiredPool:
    return altered(pool, policies=tuple(altered(one, idle_for=inf) for one in pool.policies))


def _fortune(desired: Desired, history: History, worlds: Mapping[str, World]) -> bool:
    """Let batch programs end well and checks find health; return whether anything moved."""
    moved = False
    for world in worlds.values():
        for box in list(world.boxes.values()):
            shown = box.shown(world.node)
            task = desired.tasks.get(history.owner(shown.attempt_key).key.task)
            if shown.phase is not Phase.RUNNING or task is None:
                continue
            if not task.service:
                world.finish(box.name, 0)
                moved = True
            elif shown.health == "starting":
                world.become(box.name, "healthy")
                moved = True
    return moved


def _shown(actions: Sequence[Action], images: Images) -> list[Action]:
    """Leave out pulls of what is there already: they only look."""
    return [
        a
        for a in actions
        if a.verb is not Verb.PULL or a.pull == "always" or not _is_there(a, images)
    ]


def _is_there(pull: Action, images: Images) -> bool:
    there, digest = images.get(pull.node, {}), digest_in(pull.reference)
    found = there.get(pull.reference) or there.get(pull.image, "")
    return bool(found) and digest in {"", digest_in(found)}


def _reruns(actions: Sequence[Action], desired: Desired, history: History) -> int:
    """Count the completed instances that would run again, those aside that do so by schedule."""
    by_schedule = {task.name for task in scheduled(desired)}
    created = {a.key for a in actions if a.verb is Verb.CREATE and a.key is not None}
    return sum(
        any(run.succeeded(key.instance) for run in history.tasks[key.task].runs.values())
        for key in created
        if key.task in history.tasks and key.task not in by_schedule
    )
