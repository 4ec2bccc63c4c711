"""One task's share of a plan: its runs, the bounds their instances share, and each one's rule."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace as altered

from reconciler.model.action import Action, Cause, Hold, Verdict
from reconciler.model.confidence import changed
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Fact, TaskProtected, TaskScaled
from reconciler.model.identity import InstanceKey
from reconciler.model.observed import Container
from reconciler.model.run import Run
from reconciler.planning import cause
from reconciler.planning.barring import barred
from reconciler.planning.expiry import Expiry
from reconciler.planning.firing import unscheduled
from reconciler.planning.fleet import Fleet
from reconciler.planning.gang import gather
from reconciler.planning.limiting import observed
from reconciler.planning.losing import look_past
from reconciler.planning.restrained import RULES_WHEN_BLOCKED, RULES_WHEN_SUSPENDED
from reconciler.planning.rollout import begin, meanwhile
from reconciler.planning.rounds import Round, rounds_of, rounds_when_suspended
from reconciler.planning.rules import Rule
from reconciler.planning.scene import Pass, Pulling, Scene, Slot, slot_of
from reconciler.planning.sending import with_snapshots
from reconciler.planning.sightings import Seen
from reconciler.planning.step import Step
from reconciler.planning.suspending import Suspense, suspense_of
from reconciler.planning.teardown import tear_down, unwanted_keys
from reconciler.planning.tries import left_out
from reconciler.planning.unseen import unseen


class Draft(Struct):
    """A plan in the making."""

    facts: list[Fact] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    wakes: dict[str, float] = field(default_factory=dict)
    lacking: set[tuple[InstanceKey, int]] = field(default_factory=set)
    halts: dict[str, str] = field(default_factory=dict)

    def take(self, step: Step, verdict: Verdict) -> None:
        """Add one instance's step."""
        self.facts.extend(step.facts)
        self.actions.extend(step.actions)
        self.verdicts.append(verdict)
        if step.lacks_room:
            self.lacking.add((verdict.key, step.lacks_room))
        if step.wake_at is not None:
            self.wake(verdict.key.task, step.wake_at)

    def expire(self, task: str, expiry: Expiry) -> None:
        """Add what of a task has been over for long."""
        self.facts.extend(expiry.facts)
        self.actions.extend(expiry.actions)
        if expiry.wake_at is not None:
            self.wake(task, expiry.wake_at)

    def wake(self, task: str, at: float) -> None:
        """Have a task planned again at a time, if not before."""
        self.wakes[task] = min(at, self.wakes.get(task, at))


def plan_task(
    given: Pass,
    draft: Draft,
    task: DesiredTask,
    seen: Seen,
    shared: tuple[Fleet, dict[str, Pulling]],
    hold: Hold | None,
) -> None:
    """Decide every instance of a desired task: those not wanted first, they free room."""
    draft.facts += _protection(given, task)
    if task.blocked:
        _plan_blocked(given, draft, task, seen, shared)
        return
    before = _instances_before(given, task)
    for key in unwanted_keys(given, task.name, task, seen):
        why = _why_scaled(given, task, before)
        _tear(given, draft, key, seen.get(key, []), why)
    suspense = suspense_of(given.history, task, given.now)
    if suspense is not None:
        _plan_suspended(given, draft, task, seen, shared, suspense)
        return
    held = hold is not None and task.name in hold.tasks
    if before != len(task.instances) and not held:
        draft.facts.append(TaskScaled(task.name, len(task.instances), given.now))
    rounds = rounds_of(given, task, seen, held=held)
    draft.facts += rounds.facts
    for one in rounds.runs:
        scene = _scene(given, draft, task, one, shared, may_end=not held)
        scene.before = before
        _plan_round(draft, scene, one, hold if held else None)
    if following := given.calendar.of(task.name).next:
        draft.wake(task.name, given.now + following - given.calendar.wall)


def _plan_round(draft: Draft, scene: Scene, one: Round, hold: Hold | None) -> None:
    """Decide every instance of one run."""
    _relate(scene)
    if scene.rollout.halted:
        draft.halts[scene.task.name] = scene.rollout.halted
    for slot in scene.slots.values():
        step = meanwhile(scene, slot, _first(one.rules, scene, slot))
        if hold is not None and step.settled:
            step = altered(step, reason=hold.message, blocked=True)
        draft.take(step, _verdict(slot, step, scene.run))
    if scene.turn is not None:
        scene.turn.leave()


def _plan_blocked(
    given: Pass,
    draft: Draft,
    task: DesiredTask,
    seen: Seen,
    shared: tuple[Fleet, dict[str, Pulling]],
) -> None:
    """Bring what was begun to its record, for all instances that there are, and begin nothing."""
    known = given.history.tasks.get(task.name)
    latest = known.latest() if known else None
    run = latest if latest and not latest.closed else Run(0, task.work.hash)
    keys = sorted({*task.keys(), *seen})
    slots = {key: slot_of(key, seen.get(key, ()), run) for key in keys}
    scene = Scene(given, task, run, None, slots, *shared)
    for slot in slots.values():
        step = _first(RULES_WHEN_BLOCKED, scene, slot)
        draft.take(step, _verdict(slot, step, run))


def _plan_suspended(  # as of any task, and what suspends it
    given: Pass,
    draft: Draft,
    task: DesiredTask,
    seen: Seen,
    shared: tuple[Fleet, dict[str, Pulling]],
    suspense: Suspense,
) -> None:
    """Bring what was begun to its record, and begin nothing, not even a run."""
    rounds = rounds_when_suspended(given, task, seen)
    draft.facts += rounds.facts
    for one in rounds.runs:
        scene = _scene(given, draft, task, one, shared, may_end=one.opening is None)
        scene.suspense = suspense
        for slot in scene.slots.values():
            step = _first(RULES_WHEN_SUSPENDED, scene, slot)
            if one.idle is not None and step.settled:  # its next run does not come
                step = altered(step, reason=suspense.reason, suspended=True)
            draft.take(step, _verdict(slot, step, scene.run))


def _scene(  # as of any task, and whether other tasks may end its run
    given: Pass,
    draft: Draft,
    task: DesiredTask,
    one: Round,
    shared: tuple[Fleet, dict[str, Pulling]],
    *,
    may_end: bool,
) -> Scene:
    free = not may_end or one.idle is not None
    run, bar, ending = (one.run, None, ()) if free else barred(given, task, one.run)
    draft.facts += ending
    slots = _slots(given, task, run, one.seen)
    scene = Scene(given, task, run, one.opening, slots, *shared, idle=one.idle, bar=bar)
    scene.unseen = unseen(given, task, run)
    _bound(scene, one.seen)
    return scene


def _protection(given: Pass, task: DesiredTask) -> list[Fact]:
    """Put on record whether the task's instances outlive its manifest."""
    known = given.history.tasks.get(task.name)
    if task.protected == (known is not None and known.protected):
        return []
    return [TaskProtected(task.name, task.protected, given.now)]


def _first(rules: Sequence[Rule], scene: Scene, slot: Slot) -> Step:
    step = next(step for rule in rules if (step := rule(scene, slot)) is not None)
    return with_snapshots(scene.given, slot, observed(scene, slot, step))


def plan_vanished(
    given: Pass, draft: Draft, name: str, seen: Seen, why: Cause, hold: Hold | None
) -> None:
    """Bring everything of a task that no manifest mentions to its end."""
    stays = hold.message if hold is not None and name in hold.tasks else ""
    known = given.history.tasks.get(name)
    destroyed = given.history.destroyed(given.desired.revision)
    if known is not None and known.protected and not destroyed:
        stays = cause.PROTECTED
    draft.facts += unscheduled(given, name)
    for key in unwanted_keys(given, name, None, seen):
        _tear(given, draft, key, seen.get(key, []), why, stays)


def _tear(  # it only passes on what both callers have
    given: Pass,
    draft: Draft,
    key: InstanceKey,
    containers: list[Container],
    why: Cause,
    stays: str = "",
) -> None:
    step = tear_down(given, key, containers, why, stays)
    if step is not None:
        newest = containers[-1] if containers else None
        verdict = Verdict(
            key,
            step.state,
            step.reason,
            run=newest.run if newest else 0,
            attempt=newest.attempt if newest else 0,
            node=newest.node if newest else "",
            container=newest.id if newest else "",
            settled=step.settled,
            ready=step.ready,
            blocked=step.blocked,
            protected=step.protected,
        )
        draft.take(step, verdict)


def _slots(given: Pass, task: DesiredTask, run: Run, seen: Seen) -> Mapping[InstanceKey, Slot]:
    slots = {
        key: slot_of(key, _dated(given, task, seen.get(key, ())), run)
        for key in task.keys()  # noqa: SIM118  # a method of the task, not of a dict
    }
    for slot in slots.values():
        look_past(given, task, slot)
    return slots


def _dated(given: Pass, task: DesiredTask, containers: Sequence[Container]) -> Sequence[Container]:
    """Return containers of a service with which of their secrets have changed since.

    What completes is not made again for a secret, nor stopped: its next attempt has the new one.
    """
    account = given.observed.secrets.get(task.name, "") if task.service else ""
    if not account:
        return containers
    return [altered(one, outdated=changed(one.secrets, account)) for one in containers]


def _bound(scene: Scene, seen: Seen) -> None:
    """Count what is under way against bounds of all, and what is out of service already."""
    task, given = scene.task, scene.given
    scene.unserved = left_out(task, scene.run)
    if task.parallelism is not None:
        occupied = [k for k, slot in scene.slots.items() if _occupied(given, slot)]
        taken = len({*occupied, *(k for k, slot in scene.slots.items() if _hidden(scene, slot))})
        leaving = sum(any(c.live for c in seen[k]) for k in seen if k not in scene.slots)
        scene.room = max(0, task.parallelism - taken - leaving)
        scene.excess = frozenset(occupied[task.parallelism :])


def _relate(scene: Scene) -> None:
    """Work out what instances mean to each other, where they are not each for itself."""
    if scene.task.gang:
        gather(scene)
    elif scene.task.service:
        begin(scene)


def _occupied(given: Pass, slot: Slot) -> bool:
    alive = any(c.occupies for c in slot.containers)
    return alive or slot.key in given.underway.beginning


def _hidden(scene: Scene, slot: Slot) -> bool:
    """Whether it may run on a node of which nothing is known, as far as the record tells."""
    last = slot.last
    if last is None or not last.may_go_on or not last.start_requested_at:
        return slot.key in scene.unseen
    return scene.given.unknown(last.node) is not None


def _instances_before(given: Pass, task: DesiredTask) -> int | None:
    known = given.history.tasks.get(task.name)
    return known.instances if known else None


def _why_scaled(given: Pass, task: DesiredTask, before: int | None) -> Cause:
    if task.combinations:
        return cause.stated(given.desired, task, cause.OLD_VALUES, "instances")
    if before is None or before == len(task.instances):
        return cause.stated(given.desired, task, "no instance of this number is asked for")
    count = len(task.instances)
    return cause.moved(given.desired, task, "instances", before, count, cause.SCALED_DOWN)


def _verdict(slot: Slot, step: Step, run: Run) -> Verdict:
    seen = slot.current or (slot.containers[-1] if slot.containers else None)
    last = slot.last
    return Verdict(
        slot.key,
        step.state,
        step.reason,
        run=seen.run if seen else run.number,
        attempt=seen.attempt if seen else (last.number if last else 0),
        node=seen.node if seen else (last.node if last else ""),
        container=seen.id if seen else "",
        settled=step.settled,
        ready=step.ready,
        blocked=step.blocked,
        suspended=step.suspended,
        after=step.after,
        awaited=step.awaited,
    )
