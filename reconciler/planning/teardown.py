"""What is not wanted any more: instances scaled away, tasks whose manifest is gone.

One step a pass for each, by the same road as any other ending. An outcome stays on record.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace as altered

from reconciler.model.action import Cause, InstanceState, Verb
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import Result
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import Container, Phase
from reconciler.model.run import Attempt
from reconciler.planning.cause import NOT_PRUNED, PROTECTED
from reconciler.planning.ending import collect, end
from reconciler.planning.scene import Pass
from reconciler.planning.step import Step, act

ENDED_AS: Final[dict[Result | None, InstanceState]] = {
    Result.SUCCEEDED: InstanceState.SUCCEEDED,
    Result.CANCELLED: InstanceState.CANCELLED,
    Result.FAILED: InstanceState.FAILED,
    Result.LOST: InstanceState.FAILED,
}


def unwanted_keys(
    given: Pass, name: str, task: DesiredTask | None, seen: dict[InstanceKey, list[Container]]
) -> list[InstanceKey]:
    """Return the identities that exist, or were started, and are not asked for; ascending."""
    wanted = set(task.instances) if task else set()
    keys = {key for key in seen if key.instance not in wanted}
    known = given.history.tasks.get(name)
    for number in known.unfinished if known else ():
        for instance, attempts in known.runs[number].attempts.items() if known else ():
            if instance not in wanted and not attempts[-1].ended:
                keys.add(InstanceKey(name, instance))
    return sorted(keys)


def tear_down(
    given: Pass,
    key: InstanceKey,
    containers: Sequence[Container],
    cause: Cause,
    stays: str = "",
) -> Step | None:
    """Return the next step for an identity that should not exist, None when it is gone.

    `stays` says why it is left as it is all the same, empty where it is not.
    """
    if key in given.underway.instances:
        return Step(InstanceState.COLLECTING, "the engine is at work on it")
    open_attempts = _open_attempts(given, key)
    unknown = _unknown(given, containers, [a for _, a in open_attempts])
    if unknown:
        return Step(InstanceState.UNKNOWN, unknown, blocked=True)
    if stays == PROTECTED:
        return _protected(given, containers)
    if stays or not given.desired.prunable:
        return _kept(containers, stays or NOT_PRUNED)
    for container in containers:
        if container.name not in given.underway.subjects:
            return end(given, container, cause)
    return _look_for(given, [a for a, record in open_attempts if record.start_requested_at])


def _protected(given: Pass, containers: Sequence[Container]) -> Step | None:
    """Leave what there is, and put on record what has ended."""
    for container in containers:
        record = given.record(container)
        if container.phase is Phase.EXITED and not (record and record.ended):
            return collect(given, container)
    if not containers:
        return None
    last = containers[-1]
    state = (
        InstanceState.RUNNING
        if any(c.live for c in containers)
        else ENDED_AS.get(_result(given, last), InstanceState.PENDING)
    )
    return Step(state, PROTECTED, settled=True, ready=last.live, protected=True)


def _result(given: Pass, container: Container) -> Result | None:
    record = given.record(container)
    return record.result if record else None


def _kept(containers: Sequence[Container], reason: str) -> Step | None:
    if not any(c.live for c in containers):
        return None
    return Step(InstanceState.RUNNING, reason, blocked=True, settled=True)


def _open_attempts(given: Pass, key: InstanceKey) -> list[tuple[AttemptKey, Attempt]]:
    known = given.history.tasks.get(key.task)
    return [
        (AttemptKey(key, run.number, attempt.number), attempt)
        for run in (known.runs.values() if known else ())
        for attempt in run.attempts_of(key.instance)
        if not attempt.ended
    ]


def _unknown(
    given: Pass, containers: Sequence[Container], attempts: Sequence[Attempt]
) -> str | None:
    nodes = [c.node for c in containers] + [a.node for a in attempts]
    return next((why for node in nodes if (why := given.unknown(node)) is not None), None)


def _look_for(given: Pass, attempts: Sequence[AttemptKey]) -> Step | None:
    """Ask once by name for what was started and is not there, so that its end is on record."""
    for attempt in attempts:
        record = given.history.attempt(attempt)
        if record is None or given.waits_until(given.name_of(attempt)):
            continue
        why = Cause(f"the container of attempt {attempt.attempt} is gone")
        action = act(given, Verb.COLLECT, attempt, record.node, why)
        return altered(Step(InstanceState.COLLECTING, why.reason), actions=(action,))
    return None
