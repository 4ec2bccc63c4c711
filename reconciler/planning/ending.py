"""How a container is brought to its end: stop, kill after grace, store, collect, remove.

One step a pass, each safe to repeat: the outcome is on record before a container is removed,
and a container that may have started unseen is looked at before it is called unused.
"""

from msgspec.structs import replace

from reconciler.model.action import Action, Cause, InstanceState, Verb
from reconciler.model.data import Upload
from reconciler.model.fact import AttemptEnded, Result, StopRequested
from reconciler.model.observed import Container, Phase
from reconciler.model.run import Attempt
from reconciler.planning.scene import Pass, Scene, Slot
from reconciler.planning.sending import Forgone, storing, upload_of
from reconciler.planning.step import Step, on


def end(given: Pass, container: Container, cause: Cause, result: Result = Result.CANCELLED) -> Step:
    """Return the next step towards a container's removal. `result` is what its exit counts as."""
    record = given.record(container)
    uncollected = container.phase is Phase.EXITED and not (record and record.ended)
    if given.waits_until(container.name) and not container.live and not uncollected:
        return _waiting(given, container)
    if container.live:
        return _stop(given, container, cause, record, result)
    if container.phase is Phase.REMOVING or container.name in given.underway.subjects:
        return Step(InstanceState.COLLECTING, "its container is being removed")
    if record is not None and record.ended:
        action = on(given, Verb.REMOVE, container, cause)
        return Step(InstanceState.COLLECTING, cause.reason, (action,))
    if container.phase is Phase.EXITED or (record and record.start_requested_at):
        return collect(given, container)
    burnt = AttemptEnded(
        container.attempt_key, container.node, Result.BURNT, given.now, reason=cause.reason
    )
    action = on(given, Verb.REMOVE, container, cause)
    return Step(InstanceState.COLLECTING, cause.reason, (action,), (burnt,))


def collect(given: Pass, container: Container) -> Step:
    """Read the outcome of a container that has ended, or may have run unseen.

    What is to be kept of its files is stored before.
    """
    upload = upload_of(given, container)
    if given.waits_until(container.name) and not isinstance(upload, Forgone):
        return _waiting(given, container)
    if isinstance(upload, Upload):
        return storing(given, container, upload)
    cause = Cause("it has ended; its outcome is to be recorded", revision=given.desired.revision)
    action = on(given, Verb.COLLECT, container, cause)
    if isinstance(upload, Forgone):
        action = replace(action, forgoing=upload.reason)
    return Step(InstanceState.COLLECTING, cause.reason, (action,))


def _waiting(given: Pass, container: Container) -> Step:
    until, message = given.waits_until(container.name) or (given.now, "")
    return Step(InstanceState.COLLECTING, message, wake_at=until, blocked=True)


def _stop(
    given: Pass, container: Container, cause: Cause, record: Attempt | None, result: Result
) -> Step:
    stop = given.stop_of(container)
    asked = record.stop_requested_at if record else 0.0
    waits = given.waits_until(container.name)
    if waits:
        return _waiting(given, container)
    if not asked or container.id not in given.underway.signalled:
        action = on(given, Verb.STOP, container, cause, stop.signal)
        fact = StopRequested(container.attempt_key, cause.reason, given.now, result)
        return Step(InstanceState.RUNNING, cause.reason, (action,), () if asked else (fact,))
    if given.now >= asked + stop.grace:
        late = Cause(f"still running {stop.grace:g} s after {stop.signal}: {cause.reason}")
        return Step(
            InstanceState.RUNNING, late.reason, (on(given, Verb.KILL, container, late, "SIGKILL"),)
        )
    reason = f"stopping: {cause.reason}"
    return Step(InstanceState.RUNNING, reason, wake_at=asked + stop.grace)


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
