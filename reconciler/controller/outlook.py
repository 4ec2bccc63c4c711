"""How a revision in force is doing → what its commit's status says, and what people hear of.

Decides from what the planner thinks of each instance, and looks anew only at tasks of which
that, or what is asked for, has changed. Must not know who is told, nor what has been told before.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from reconciler.forges.wording import Applying, Broken, Converged, Held, Stage
from reconciler.model.action import Hold, InstanceState, Verdict
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.shared import SharedMap, differing
from reconciler.notices import Failure, Recovery

_LOST: Final = InstanceState.UNKNOWN  # of a node that cannot be looked at: nobody knows


class _Doing(Struct, frozen=True):
    """How a task is doing: how many instances of it are as asked for, and which of them ail.

    `unready`: a service is not ready yet. `unclear`: it has not been looked at, or in part only.
    """

    instances: int = 0
    ailing: tuple[Verdict, ...] = ()
    unready: bool = False
    unclear: bool = False


_NOTHING: Final = _Doing()


class Outlook:
    """How all tasks of a revision are doing."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._tasks: Mapping[str, DesiredTask] = SharedMap()
        self._verdicts: Mapping[str, Sequence[Verdict]] = SharedMap()
        self._instances = 0
        self._doing: dict[str, _Doing] = {}
        self._ailing: set[str] = set()
        self._unready: set[str] = set()
        self._unclear: set[str] = set()

    def look(self, desired: Desired, verdicts: Mapping[str, Sequence[Verdict]]) -> None:
        """Take in what is asked for now, and what is thought of it."""
        changed = differing(self._tasks, desired.tasks) | differing(self._verdicts, verdicts)
        self._tasks, self._verdicts = desired.tasks, verdicts
        for name in changed:
            self._put(name, _doing(desired.tasks.get(name), verdicts.get(name, ())))

    def stage(self, holds: Sequence[Hold], actions: int, seconds: float) -> Stage:
        """Return how far the revision has come; `actions` are under way, `seconds` is its age.

        Of batch work nothing more is asked than that it is not kept from running: that it takes
        its time is its own affair. A service has to be ready.
        """
        if holds:
            return Held(holds[0].message)
        if self._ailing:
            count = sum(len(self._doing[name].ailing) for name in self._ailing)
            first = self._doing[min(self._ailing)].ailing[0]
            return Broken(count, self._instances, f"{first.key}: {first.reason}")
        if actions or self._unready:
            return Applying(actions)
        return Converged(self._instances, seconds)

    def failing(self, before: Mapping[str, Failure]) -> Mapping[str, Failure]:
        """Return what fails, by subject: a task each, with what its first instance says.

        A task that nobody can tell of just now fails if it did `before`.
        """
        unclear = [_subject(name) for name in sorted(self._unclear)]
        failures = [_failure(name, self._doing[name].ailing[0]) for name in sorted(self._ailing)]
        kept = {subject: before[subject] for subject in unclear if subject in before}
        return {**kept, **{failure.subject: failure for failure in failures}}

    def _put(self, name: str, doing: _Doing) -> None:
        self._instances += doing.instances - self._doing.get(name, _NOTHING).instances
        self._doing[name] = doing
        for names, applies in (
            (self._ailing, bool(doing.ailing)),
            (self._unready, doing.unready),
            (self._unclear, doing.unclear),
        ):
            (names.add if applies else names.discard)(name)
        if doing == _NOTHING:
            del self._doing[name]


def happened(before: Mapping[str, Failure], now: Mapping[str, Failure]) -> list[Failure | Recovery]:
    """Return what there is to report of two looks: all that fails, and what does no longer."""
    over = [subject for subject in before if subject not in now]
    return [*now.values(), *(Recovery(subject, "nothing fails any more") for subject in over)]


def _doing(task: DesiredTask | None, verdicts: Iterable[Verdict]) -> _Doing:
    verdicts = list(verdicts)
    lost = any(verdict.state is _LOST for verdict in verdicts)
    if task is None:
        return _Doing(unclear=lost)
    wanted = [verdict for verdict in verdicts if verdict.key.instance in task.instances]
    return _Doing(
        instances=len(wanted),
        ailing=tuple(verdict for verdict in wanted if _ails(task, verdict)),
        unready=task.service and not all(verdict.ready for verdict in wanted),
        unclear=lost or bool(task.instances and not verdicts),
    )


def _subject(task: str) -> str:
    return f"task {task}"


def _failure(task: str, verdict: Verdict) -> Failure:
    return Failure(_subject(task), f"{verdict.key}: {verdict.reason}", verdict.state.value)


def _ails(task: DesiredTask, verdict: Verdict) -> bool:
    """Whether an instance has failed for good, is kept from running, or ends again and again."""
    if verdict.state is _LOST:
        return False
    if verdict.state is InstanceState.PENDING and task.service:
        return verdict.blocked or verdict.attempt > 0
    return verdict.blocked or verdict.state is InstanceState.FAILED
