"""What an instance without a living incarnation gets: a final word, a wait, or an attempt.

The rules at the end of the table. Each wait names one thing and, where time alone ends it,
when. Completion is final within a run for everything but services.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from reconciler.model.action import Action, Cause, InstanceState, Verb
from reconciler.model.confidence import Sealed, sealed_for
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
from reconciler.model.observed import Container, Phase
from reconciler.model.run import Attempt, Forgotten
from reconciler.model.spec import image_subject
from reconciler.planning import cause
from reconciler.planning.backoff import retry_delay
from reconciler.planning.dependencies import after, begun
from reconciler.planning.equality import equal_of
from reconciler.planning.inputs import inputs_step, provisions_of
from reconciler.planning.limiting import without_room
from reconciler.planning.networks import membership_of, network_step
from reconciler.planning.place import seat
from reconciler.planning.request import build_request, within
from reconciler.planning.rescaling import done, granted, why_rescaled
from reconciler.planning.scene import Pulling, Refusal, Scene, Seat, Slot
from reconciler.planning.sending import fingerprint_of
from reconciler.planning.staging import staging_of
from reconciler.planning.step import Step, act, on
from reconciler.planning.tries import counting, failures, last_word, why_no_more


def key_of(scene: Scene, slot: Slot, number: int) -> AttemptKey:
    """Return the key of one of the current run's attempts."""
    return AttemptKey(slot.key, scene.run.number, number)


def completed(scene: Scene, slot: Slot) -> bool:
    """Whether the instance has done its work in this run. A service never has."""
    return done(scene.task, scene.run, slot.key.instance)


def finished(scene: Scene, slot: Slot) -> Step | None:
    """It has succeeded in this run, which nothing undoes."""
    if not completed(scene, slot):
        return None
    left, last = leftovers(scene, slot, slot.current), slot.last
    reason = last.reason if last is not None and last.origin else "completed"
    if last is not None and last.results is not None and last.results.note:
        reason += f"; {last.results.note}"
    return Step(InstanceState.SUCCEEDED, reason, left, settled=True)


def exhausted(scene: Scene, slot: Slot) -> Step | None:
    """It has failed, and no attempt is left to it."""
    why = why_no_more(scene.task, scene.run, slot.key.instance, scene.unserved)
    if why is None:
        return None
    left = leftovers(scene, slot, slot.current)
    return Step(InstanceState.FAILED, why, left, settled=True)


def unlearned(scene: Scene, slot: Slot) -> Step | None:
    """The ledger was lost: what completed is not known, so no batch work is begun."""
    if not scene.given.history.lost or scene.task.service:
        return None
    reason = "the ledger was lost: whether it has completed before is not known; see `relearn`"
    return Step(InstanceState.PENDING, reason, blocked=True, settled=slot.last is None)


def backing_off(scene: Scene, slot: Slot) -> Step | None:
    """Its last attempt ended a moment ago."""
    last = last_word(slot.attempts)
    if last is None or (last.result is Result.SUCCEEDED and not scene.task.service):
        return None
    seed = f"{slot.key} {scene.run.number} {last.number}"
    instance = slot.key.instance
    gone = scene.run.forgotten.get(instance, Forgotten())
    delay = retry_delay(scene.task, counting(scene.run, instance), gone, seed)
    elapsed = max(0.0, scene.given.now - last.ended_at)
    if elapsed >= delay:
        return None
    wait = delay - elapsed
    return Step(
        InstanceState.PENDING,
        f"{last.reason}; the next attempt is due in {wait:.1f} s",
        wake_at=scene.given.now + wait,
    )


def refused(scene: Scene, slot: Slot) -> Step | None:
    """The engine would not create or start it, and is asked again later."""
    waits = scene.given.waits_until(str(slot.key))
    if waits is None:
        return None
    return Step(InstanceState.PENDING, waits[1], wake_at=waits[0], blocked=True)


def crowded(scene: Scene, slot: Slot) -> Step | None:
    """As many run as parallelism allows, other than beside one that runs already."""
    if scene.room is None or scene.room > 0 or slot.key in scene.rollout.beside:
        return None
    bound = scene.task.parallelism
    return Step(InstanceState.PENDING, f"waits for one of the {bound} that may run at once")


def next_attempt(scene: Scene, slot: Slot) -> Step:
    """It gets its next attempt: placed, its image made present, then created."""
    taken = seat(scene, slot)
    if isinstance(taken, Refusal):
        return without_room(scene, slot, taken)
    if scene.room is not None and slot.key not in scene.rollout.beside:
        scene.room -= 1
    step = _images_step(scene, taken.node) or inputs_step(scene, _beginning(scene, slot, taken))
    step = step or _nothing_to_run(scene) or network_step(scene, taken.node)
    return step or _create(scene, slot, taken)


def _nothing_to_run(scene: Scene) -> Step | None:
    """Return the step of what prepares a slot by having its image there, None of all others."""
    pool = scene.given.desired.pools.get(scene.task.prepares)
    if pool is None or pool.runs:
        return None
    return Step(InstanceState.SUCCEEDED, "its image is present", settled=True)


def _images_step(scene: Scene, node: str) -> Step | None:
    """Return the step that makes the image present; a gang's on all its nodes, before any is made.

    Otherwise those that are made first could keep from others what these lack.
    """
    seats = scene.gang.seats.values() if scene.gang else ()
    others = sorted({other.node for other in seats if isinstance(other, Seat)} - {node})
    steps = (image_step(scene, one) for one in (node, *others))
    return next((step for step in steps if step is not None), None)


def _beginning(scene: Scene, slot: Slot, taken: Seat) -> Iterator[tuple[AttemptKey, str]]:
    """Yield which attempt is to begin on which node; of a gang those of all that are missing.

    Worked out as it is asked for: most tasks have no inputs, and their gangs are large.
    """
    seats = {slot.key: taken} | (dict(scene.gang.seats) if scene.gang else {})
    for key, one in seats.items():
        if isinstance(one, Seat):
            own = scene.slots[key]
            yield key_of(scene, own, next_number(scene, own, one.node)), one.node


def image_step(scene: Scene, node: str) -> Step | None:
    """Return the step that makes the run's image present on a node, None when it is."""
    given, image = scene.given, scene.task.spec.image
    if node in scene.run.images:
        return None
    reference = scene.reference
    subject = image_subject(scene.task.spec, node, reference)
    waits = given.waits_until(subject)
    if waits:
        return Step(InstanceState.PENDING, waits[1], wake_at=waits[0], blocked=True)
    reason = being_made_present(image, node)
    if subject in given.underway.subjects or _shares(scene, subject):
        return Step(InstanceState.PREPARING, reason, awaited=subject)
    scene.pulling[subject] = Pulling([(scene.task.name, scene.run.number)])
    why = cause.stated(given.desired, scene.task, f"run {scene.run.number} uses it", "image")
    pull = Action(
        verb=Verb.PULL,
        node=node,
        subject=subject,
        task=scene.task.name,
        run=scene.run.number,
        cause=why,
        image=image,
        reference=reference if reference != image else "",
        pull=scene.task.spec.pull,
        origin=scene.task.spec.origin,
        login=scene.task.spec.login,
        sealed=_sealed(scene),
        priority=scene.task.priority,
    )
    return Step(InstanceState.PREPARING, reason, (pull,), awaited=subject)


def _sealed(scene: Scene) -> Sealed:
    """Return the encrypted files that the image's registry is asked with."""
    login = scene.task.spec.login
    origins = (login.username_from, login.password) if login else ()
    known = (origin for origin in origins if origin is not None)
    return sealed_for(known, scene.given.desired.sealed.items()) if origins else ()


def _shares(scene: Scene, subject: str) -> bool:
    """Whether another run asks for the image already; what comes of that is for this one, too."""
    asked, wanted = scene.pulling.get(subject), (scene.task.name, scene.run.number)
    if asked is not None and wanted not in asked.runs[-1:]:
        asked.runs.append(wanted)
    return asked is not None


def being_made_present(image: str, node: str) -> str:
    """Word what an instance waits for while a node gets its image."""
    return f"image {image} is being made present on node {node}"


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


def leftovers(scene: Scene, slot: Slot, evidence: Container | None) -> tuple[Action, ...]:
    """Return removals of ended, recorded containers other than the newest of this run."""
    given = scene.given
    found = []
    for container in slot.containers:
        if container is evidence or container.phase is not Phase.EXITED:
            continue
        record = given.record(container)
        idle = container.name not in given.underway.subjects
        if record is not None and record.ended and idle and not given.waits_until(container.name):
            why = Cause("a later attempt has taken its place", revision=given.desired.revision)
            found.append(on(given, Verb.REMOVE, container, why))
    return tuple(found)


def _create(scene: Scene, slot: Slot, taken: Seat) -> Step:
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
