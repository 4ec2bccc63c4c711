"""From instances' verdicts to a task's state, the one word that users read first."""

from collections import Counter
from collections.abc import Sequence

from reconciler.model.action import InstanceState, TaskState, Verdict

_ACTIVE = {InstanceState.RUNNING, InstanceState.PREPARING, InstanceState.COLLECTING}


def task_state(verdicts: Sequence[Verdict]) -> tuple[TaskState, str]:
    """Return a task's state and a sentence on why it is that."""
    states = Counter(v.state for v in verdicts)
    blocked = next((v for v in verdicts if v.blocked), None)
    if not verdicts:
        return TaskState.SUCCEEDED, "no instance is asked for"
    if states.keys() & _ACTIVE:
        return TaskState.RUNNING, blocked.reason if blocked else _count(states)
    if blocked is not None:
        return TaskState.BLOCKED, blocked.reason
    if states[InstanceState.PENDING] or states[InstanceState.UNKNOWN]:
        waiting = next(v for v in verdicts if not v.settled or v.state is InstanceState.PENDING)
        return TaskState.PENDING, waiting.reason
    if states[InstanceState.FAILED]:
        failed = next(v for v in verdicts if v.state is InstanceState.FAILED)
        return TaskState.FAILED, f"{failed.key}: {failed.reason}"
    if states[InstanceState.CANCELLED]:
        return TaskState.CANCELLED, _count(states)
    return TaskState.SUCCEEDED, _count(states)


def _count(states: Counter[InstanceState]) -> str:
    return ", ".join(f"{n} {state.value.lower()}" for state, n in sorted(states.items()))
