"""How an attempt begins, and why: a name is reserved, a container created, then started.

What is put on record before each step makes the next one safe to repeat. Must not know whether
there is room, nor whether the instance is to run at all.
"""

from msgspec.structs import replace

from reconciler.model.action import Action, Cause, InstanceState, Verb
from reconciler.model.desired import Restart
from reconciler.model.fact import (
    AttemptEnded,
    AttemptReserved,
    Fact,
    Result,
    SpecSeen,
    StartRequested,
)
from reconciler.model.identity import AttemptKey
from reconciler.model.observed import Container
from reconciler.model.run import Attempt
from reconciler.planning import cause
from reconciler.planning.dependencies import after, begun
from reconciler.planning.ending import leftovers
from reconciler.planning.equality import equal_of
from reconciler.planning.inputs import inputs_step, provisions_of
from reconciler.planning.networks import membership_of
from reconciler.planning.request import build_request, within
from reconciler.planning.rescaling import granted, why_rescaled
from reconciler.planning.scene import Scene, Seat, Slot
from reconciler.planning.sending import fingerprint_of
from reconciler.planning.staging import staging_of
from reconciler.planning.step import Step, act
from reconciler.planning.tries import failures


def key_of(scene: Scene, slot: Slot, number: int) -> AttemptKey:
    """Return the key of one of the current run's attempts."""
    return AttemptKey(slot.key, scene.run.number, number)


def create(scene: Scene, slot: Slot, taken: Seat) -> Step:
    """Create the container of an instance's next attempt on the node where it has a place."""
    node = taken.node
    given, task, last = scene.given, scene.task, slot.last
    attempt = key_of(scene, slot, next_number(scene, slot, node))
    why = _why_now(scene, _why_created(scene, slot))
    membership = membership_of(scene, node, slot.key.instance)
    request = build_request(
        given.desired,
        task,
        attempt,
        scene.run.images[node],
        membership,
        provisions_of(scene, attempt, node),
    )
    request = within(request, taken.slot, given.history.pools) if taken.slot else request
    action = Action(
        verb=Verb.CREATE,
        node=node,
        subject=request.name,
        task=task.name,
        run=scene.run.number,
        cause=why,
        attempt=attempt,
        image=task.spec.image,
        request=request,
        priority=task.priority,
    )
    facts: list[Fact] = [*granted(scene, slot)]
    if _reserved(slot) and last is not None and last.number != attempt.attempt:
        unused = key_of(scene, slot, last.number)
        facts.append(AttemptEnded(unused, last.node, Result.BURNT, given.now, reason=why.reason))
    if task.shape.hash not in given.history.specs:
        facts.append(SpecSeen(task.shape.hash, task.shape.text))
    shape, revision = task.shape.hash, given.desired.revision
    kept = fingerprint_of(given.desired, task)
    if kept is not None and kept.hash not in given.history.specs:
        facts.append(SpecSeen(kept.hash, kept.text))
    outputs, count = (kept.hash if kept else ""), len(task.instances)
    told = given.observed.secrets.get(task.name, "")
    equal = equal_of(scene, attempt, node, scene.run.images[node], told)
    facts.append(AttemptReserved(attempt, node, shape, revision, given.now, count, outputs, equal))
    # Of what ends at once nothing is ever seen to run, and so to have taken another one's place.
    left = leftovers(scene, slot, slot.current) if slot.current else ()
    return Step(InstanceState.PREPARING, why.reason, (*left, action), tuple(facts))


def start(scene: Scene, container: Container) -> Step:
    """Start a container that has been made."""
    given = scene.given
    waits = given.waits_until(str(container.key))
    if waits:
        return Step(InstanceState.PENDING, waits[1], wake_at=waits[0], blocked=True)
    record, era = given.record(container), given.observed.nodes[container.node].era
    asked = bool(record and record.start_requested_at)
    known = asked and record is not None and record.era == era
    attempt = key_of(scene, scene.slots[container.key], container.attempt)
    if step := inputs_step(scene, [(attempt, container.node)]):
        return step
    joined = membership_of(scene, container.node, container.key.instance)
    provisions = provisions_of(scene, attempt, container.node)
    why = Cause("it has been created", revision=given.desired.revision)
    action = act(
        given,
        Verb.START,
        container.attempt_key,
        container.node,
        why,
        container=container.id,
        fenced=asked,
        staging=staging_of(given.desired, scene.task, container.run, joined, provisions),
        priority=scene.task.priority,
    )
    image = scene.run.images.get(container.node, "")
    equal = equal_of(scene, attempt, container.node, image, container.secrets)
    equal = equal if record is not None and record.equal == equal else ""
    known = known and record is not None and record.equal == equal
    asked_for = StartRequested(container.attempt_key, given.now, era, equal)
    facts = () if known else (asked_for,)
    return Step(InstanceState.PREPARING, "starting", (action,), facts)


def _reserved(slot: Slot) -> bool:
    """Whether its newest attempt has a name, and nothing that would have been started by it."""
    last = slot.last
    return last is not None and not last.ended and not last.start_requested_at


def next_number(scene: Scene, slot: Slot, node: str) -> int:
    """Return the number of the attempt that is made on a node: the one that has its name there."""
    last = slot.last
    if last is not None and _reserved(slot) and last.node == node:
        return last.number
    seen = max((c.attempt for c in slot.containers if c.run == scene.run.number), default=0)
    return max(last.number if last else 0, seen) + 1


def _why_now(scene: Scene, why: Cause) -> Cause:
    """Add to why an instance is created what its run has waited for, if that begins with it."""
    order = "" if begun(scene.run) else after(scene.given, scene.task)
    return replace(why, reason=f"{why.reason}, {order}") if order else why


def _why_created(scene: Scene, slot: Slot) -> Cause:
    last = slot.last
    if last is not None and last.ended:
        rescaled = why_rescaled(scene, slot) if last.result is Result.SUCCEEDED else None
        again = _why_again(scene, slot, last)
        return rescaled or cause.stated(scene.given.desired, scene.task, again)
    if last is not None and last.forsaken_at and not last.ended:
        away = f"attempt {last.number} is out of reach on node {last.node}"
        return cause.stated(scene.given.desired, scene.task, away)
    beside = scene.rollout.beside.get(slot.key)
    return beside or scene.opening or scene.relocked or _why_first(scene, slot)


def _why_first(scene: Scene, slot: Slot) -> Cause:
    """Word why an instance is made in a run that has been open for a while."""
    desired, task, last = scene.given.desired, scene.task, slot.last
    later = scene.run.revision not in {"", desired.revision}
    if task.combinations and later and not scene.run.nominal:
        return cause.stated(desired, task, cause.NEW_VALUES, "instances")
    count = len(task.instances)
    if last is None and scene.before is not None and scene.before < count:
        return cause.moved(desired, task, "instances", scene.before, count, cause.SCALED_UP)
    earlier = _earlier_work(scene) if last is None and not scene.run.nominal else None
    if earlier is not None:
        specs = scene.given.history.specs
        return cause.changed(desired, task, specs, earlier, task.work.hash)
    return cause.stated(desired, task, scene.run.reason)


def _earlier_work(scene: Scene) -> str | None:
    """Return the other work that the task did in the run before this one, if any."""
    known = scene.given.history.tasks.get(scene.task.name)
    before = known.runs.get(scene.run.number - 1) if known else None
    if before is None or before.closed or before.work == scene.task.work.hash:
        return None
    return before.work


def _why_again(scene: Scene, slot: Slot, last: Attempt) -> str:
    count = failures(scene.run, slot.key.instance)
    limit = scene.task.retry.per_instance
    if last.number <= scene.run.granted.get(slot.key.instance, 0):
        return f"{last.reason}; another attempt was asked for"
    if last.result is Result.CANCELLED or last.result is Result.BURNT:
        return f"attempt {last.number} was ended on purpose ({last.reason})"
    if scene.task.restart is Restart.ALWAYS:
        return f"{last.reason}; restart: always"
    return f"{last.reason}; retry {count}" + (f" of {limit}" if limit is not None else "")
