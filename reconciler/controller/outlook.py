"""How a revision in force is doing → what its commit's status says, and what people hear of.

Pure: decides from what the planner thinks of each instance. Must not know who is told, nor what
has been told before.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.forges.wording import Applying, Broken, Converged, Held, Stage
from reconciler.model.action import Hold, InstanceState, Verdict
from reconciler.model.desired import Desired
from reconciler.notices import Failure, Recovery

_LOST: Final = InstanceState.UNKNOWN  # of a node that cannot be looked at: nobody knows


def stage_of(
    desired: Desired,
    verdicts: Sequence[Verdict],
    holds: Sequence[Hold],
    actions: int,
    seconds: float,
) -> Stage:
    """Return how far a revision has come; `actions` are under way, `seconds` is its age.

    Of batch work nothing more is asked than that it is not kept from running: that it takes its
    time is its own affair. A service has to be ready.
    """
    if holds:
        return Held(holds[0].message)
    wanted = [verdict for verdict in verdicts if _is_wanted(desired, verdict)]
    ailing = [verdict for verdict in wanted if _ails(desired, verdict)]
    if ailing:
        return Broken(len(ailing), len(wanted), f"{ailing[0].key}: {ailing[0].reason}")
    if actions or any(_is_service(desired, verdict) and not verdict.ready for verdict in wanted):
        return Applying(actions)
    return Converged(len(wanted), seconds)


def failing(
    desired: Desired, verdicts: Sequence[Verdict], before: Mapping[str, Failure]
) -> Mapping[str, Failure]:
    """Return what fails in a revision, by subject: a task each, with what its first one says.

    A task that nobody can tell of just now fails if it did `before`.
    """
    found: dict[str, Failure] = {}
    for verdict in verdicts:
        subject = _subject(verdict.key.task)
        if subject not in found and _is_wanted(desired, verdict) and _ails(desired, verdict):
            cause = verdict.state.value
            found[subject] = Failure(subject, f"{verdict.key}: {verdict.reason}", cause)
    unclear = [_subject(name) for name in _unclear(desired, verdicts)]
    return {**{name: before[name] for name in unclear if name in before}, **found}


def happened(before: Mapping[str, Failure], now: Mapping[str, Failure]) -> list[Failure | Recovery]:
    """Return what there is to report of two looks: all that fails, and what does no longer."""
    over = [subject for subject in before if subject not in now]
    return [*now.values(), *(Recovery(subject, "nothing fails any more") for subject in over)]


def _subject(task: str) -> str:
    return f"task {task}"


def _unclear(desired: Desired, verdicts: Sequence[Verdict]) -> set[str]:
    """Return the tasks that have not been looked at, all of them or in part."""
    unseen = {name for name, task in desired.tasks.items() if task.instances}
    unseen -= {verdict.key.task for verdict in verdicts}
    return unseen | {verdict.key.task for verdict in verdicts if verdict.state is _LOST}


def _is_wanted(desired: Desired, verdict: Verdict) -> bool:
    task = desired.tasks.get(verdict.key.task)
    return task is not None and verdict.key.instance in task.instances


def _is_service(desired: Desired, verdict: Verdict) -> bool:
    return desired.tasks[verdict.key.task].service


def _ails(desired: Desired, verdict: Verdict) -> bool:
    """Whether an instance has failed for good, is kept from running, or ends again and again."""
    if verdict.state is _LOST:
        return False
    if verdict.state is InstanceState.PENDING and _is_service(desired, verdict):
        return verdict.blocked or verdict.attempt > 0
    return verdict.blocked or verdict.state is InstanceState.FAILED
