"""From instances' verdicts to a task's state, the one word that users read first."""

from collections import Counter
from collections.abc import Sequence

from reconciler.model.action import InstanceState, TaskState, Verdict

_ACTIVE = {InstanceState.RUNNING, InstanceState.PREPARING, InstanceState.COLLECTING}
# The first state that any instance is in decides, where none is active or blocked.
_RANK = (
    (InstanceState.PENDING, TaskState.PENDING),
    (InstanceState.UNKNOWN, TaskState.PENDING),
    (InstanceState.FAILED, TaskState.FAILED),
    (InstanceState.CANCELLED, TaskState.CANCELLED),
    (InstanceState.SUCCEEDED, TaskState.SUCCEEDED),
)


def task_state(verdicts: Sequence[Verdict]) -> tuple[TaskState, str]:
    """Return a task's state and a sentence on why it is that."""
    if not verdicts:
        return TaskState.SUCCEEDED, "no instance is asked for"
    states = Counter(v.state for v in verdicts)
    blocked = next((v for v in verdicts if v.blocked), None)
    suspended = next((v for v in verdicts if v.suspended), None)
    if suspended is not None:
        return TaskState.SUSPENDED, suspended.reason.removeprefix("running; ")
    if states.keys() & _ACTIVE:
        kept = blocked or next((v for v in verdicts if v.protected), None)
        return TaskState.RUNNING, kept.reason if kept else _count(states)
    if blocked is not None:
        return TaskState.BLOCKED, blocked.reason
    return next((task, _why(verdicts, one)) for one, task in _RANK if states[one])


def _why(verdicts: Sequence[Verdict], state: InstanceState) -> str:
    """Return what one instance in this state says for all of them."""
    first = next(v for v in verdicts if v.state is state)
    if state is InstanceState.SUCCEEDED:
        return _count(Counter(v.state for v in verdicts))
    return f"{first.key}: {first.reason}"


def _count(states: Counter[InstanceState]) -> str:
    return ", ".join(f"{n} {state.value.lower()}" for state, n in sorted(states.items()))
