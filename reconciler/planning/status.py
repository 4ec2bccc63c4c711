"""From instances' verdicts to a task's state, the one word that users read first."""

from collections import Counter
from collections.abc import Sequence

from reconciler.model.action import InstanceState, TaskState, Verdict
from reconciler.model.desired import DesiredTask
from reconciler.planning.concluding import Ended, required, summary

_ENDED = {
    InstanceState.SUCCEEDED: Ended.SUCCEEDED,
    InstanceState.FAILED: Ended.FAILED,
    InstanceState.CANCELLED: Ended.CANCELLED,
}
_ACTIVE = {InstanceState.RUNNING, InstanceState.PREPARING, InstanceState.COLLECTING}
_WAITING = (InstanceState.PENDING, InstanceState.UNKNOWN)


def task_state(verdicts: Sequence[Verdict], task: DesiredTask | None) -> tuple[TaskState, str]:
    """Return a task's state and a sentence on why it is that.

    `task` is what is asked for, None of what is not asked for any more.
    """
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
    waiting = next((state for state in _WAITING if states[state]), None)
    if waiting is not None:
        return TaskState.PENDING, _why(verdicts, waiting)
    return _ended(verdicts, states, task)


def _ended(
    verdicts: Sequence[Verdict], states: Counter[InstanceState], task: DesiredTask | None
) -> tuple[TaskState, str]:
    needed = required(task) if task else len(verdicts)
    ended = summary({_ENDED[state]: count for state, count in states.items()}, needed)
    if ended is Ended.SUCCEEDED:
        return TaskState.SUCCEEDED, _count(states)
    state = InstanceState.FAILED if ended is Ended.FAILED else InstanceState.CANCELLED
    return TaskState(state.value), _why(verdicts, state)


def _why(verdicts: Sequence[Verdict], state: InstanceState) -> str:
    """Return what one instance in this state says for all of them."""
    first = next(v for v in verdicts if v.state is state)
    return f"{first.key}: {first.reason}"


def _count(states: Counter[InstanceState]) -> str:
    return ", ".join(f"{n} {state.value.lower()}" for state, n in sorted(states.items()))
