"""Whether an instance takes over what an equal one has come to, instead of running.

Decides from the record alone; whether the results are still there is found by the call, and what
is gone is never offered again. Takes no place on a node. Must not know what makes work equal.
"""

from msgspec.structs import replace

from reconciler.model.action import InstanceState, Verb
from reconciler.model.data import Taking
from reconciler.model.fact import Fact, SpecSeen
from reconciler.model.identity import AttemptKey
from reconciler.model.run import Attempt
from reconciler.planning import cause
from reconciler.planning.beginning import key_of, next_number
from reconciler.planning.equality import equal_of, shares
from reconciler.planning.input_sets import are_present, sets_of
from reconciler.planning.scene import Scene, Slot
from reconciler.planning.sending import bucket_of, fingerprint_of, upload_in_place_of
from reconciler.planning.step import Step, act


def taken_over(scene: Scene, slot: Slot) -> Step | None:
    """An equal one has completed before: its results are this one's, and it does not run."""
    if not _may(scene, slot):
        return None
    tried = set[str]()
    for node, image in scene.versions:
        attempt = key_of(scene, slot, next_number(scene, slot, node))
        equal = _equal(scene, attempt, node, image)
        if not equal or equal in tried:
            continue
        tried.add(equal)
        if taking := _offered(scene, equal):
            return _take(scene, attempt, (node, image), taking)
    return None


def _may(scene: Scene, slot: Slot) -> bool:
    """Whether it may be spared: not where it is to run on purpose, or has begun."""
    if not shares(scene.task) or scene.run.afresh or scene.given.afresh:
        return False
    on_purpose = slot.key.instance in scene.run.granted
    return not on_purpose and (slot.last is None or slot.last.ended)


def _equal(scene: Scene, attempt: AttemptKey, node: str, image: str) -> str:
    """Return what is equal of all that would do the same, empty while that is not known."""
    given, task = scene.given, scene.task
    if not are_present(sets_of(given.desired, task, attempt), scene.run, node):
        return ""
    return equal_of(scene, attempt, node, image, given.observed.secrets.get(task.name, ""))


def _offered(scene: Scene, equal: str) -> Taking | None:
    """Return what of an equal attempt can be taken over; of several, of the newest."""
    given = scene.given
    found = given.history.equals.of(equal)
    known = ((record, key) for key in found if (record := given.history.attempt(key)))
    for record, source in sorted(known, key=_newest, reverse=True):
        taking = _taking(scene, source, record)
        if taking is not None:
            return taking
    return None


def _newest(found: tuple[Attempt, AttemptKey]) -> tuple[float, str]:
    record, key = found
    return record.ended_at, str(key)


def _taking(scene: Scene, source: AttemptKey, record: Attempt) -> Taking | None:
    given, kept = scene.given, fingerprint_of(scene.given.desired, scene.task)
    taking = Taking(
        source=source,
        origin=record.origin or source,
        equal=record.equal,
        count=len(scene.task.instances),
        revision=given.desired.revision,
    )
    if kept is None:
        return taking
    bucket = bucket_of(given.desired, given.history, record)
    if bucket is None or record.results is None or not record.results.manifest:
        return None
    return replace(taking, results=record.results, bucket=bucket, outputs=kept.hash)


def _take(scene: Scene, attempt: AttemptKey, place: tuple[str, str], taking: Taking) -> Step:
    given, task, (node, image) = scene.given, scene.task, place
    reason = f"equal work has completed before, as {taking.origin}"
    why = cause.stated(given.desired, task, reason, "cache")
    action = act(given, Verb.REUSE, attempt, node, why, priority=task.priority)
    kept, facts = fingerprint_of(given.desired, task), list[Fact]()
    if kept is not None:
        reason = f"taking over the results of {taking.origin}"
        if kept.hash not in given.history.specs:
            facts.append(SpecSeen(kept.hash, kept.text))
    upload = upload_in_place_of(given, task, attempt, node, image) if kept else None
    action = replace(action, image=task.spec.image, taking=taking, upload=upload)
    return Step(InstanceState.PREPARING, reason, (action,), tuple(facts), awaited=action.subject)
