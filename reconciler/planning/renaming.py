"""A task that was renamed: what its former name stands for becomes its own.

Decides when: the manifest says what the task was called, that name is asked for no more, and
the new one has no runs of its own yet. From then on it is on record, so that nothing hangs on
the manifest's annotation any more. Names and labels of containers never change; what is made
from now on has the new name.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from reconciler.model.action import Underway
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.fact import TaskRenamed
from reconciler.model.history import History
from reconciler.model.identity import InstanceKey
from reconciler.model.observed import Container


def claims(tasks: Iterable[DesiredTask]) -> dict[str, str]:
    """Return the names that tasks claim to have had, and what each is called now."""
    return {task.renamed_from: task.name for task in tasks if task.renamed_from}


def renamings(
    desired: Desired, history: History, now: float, names: Iterable[str]
) -> list[TaskRenamed]:
    """Return which names give way to which, of tasks with these names."""
    named = (desired.tasks[name] for name in names if name in desired.tasks)
    return [
        TaskRenamed(old, name, now)
        for old, name in sorted(claims(named).items())
        if old not in desired.tasks and _has_runs(history, old) and not _has_runs(history, name)
    ]


def taken_over(history: History, renamed: Sequence[TaskRenamed]) -> History:
    """Return the history as it is once renamings are on record; the one given stays as it is."""
    if not renamed:
        return history
    changed = replace(
        history,
        tasks=dict(history.tasks),
        troubles=dict(history.troubles),
        suspensions=dict(history.suspensions),
    )
    for fact in renamed:
        changed.apply(fact)
    return changed


def still_underway(underway: Underway, renamed: Sequence[TaskRenamed]) -> Underway:
    """Return calls on their way by the names that their instances have now."""
    if not renamed:
        return underway
    names = {fact.old: fact.task for fact in renamed}

    def moved(keys: frozenset[InstanceKey]) -> frozenset[InstanceKey]:
        return frozenset(InstanceKey(names.get(k.task, k.task), k.instance) for k in keys)

    return replace(
        underway, instances=moved(underway.instances), beginning=moved(underway.beginning)
    )


def owned(container: Container, history: History) -> Container:
    """Return a container as its task's, whatever that was called when it was made."""
    if not history.moved:
        return container
    key = history.owner(container.attempt_key)
    return container if key is container.attempt_key else replace(container, attempt_key=key)


def _has_runs(history: History, name: str) -> bool:
    known = history.tasks.get(name)
    return known is not None and bool(known.runs)
