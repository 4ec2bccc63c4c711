"""`approve`, `destroy`, `relearn`, `reconcile`: what people ask of a project as a whole."""

from reconciler.controller.requests.judged import Arguments, Judged, granted, refused
from reconciler.controller.requests.naming import no_task
from reconciler.model.desired import Desired
from reconciler.model.fact import Approved, Destroyed, Relearned, RunsClosed, TaskProtected
from reconciler.model.history import History


def approve(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Allow what is held back in the revision that is in force."""
    del history
    asked = str(arguments.get("revision") or desired.revision)
    if asked != desired.revision:
        return refused(f"revision {asked} is not in force any more; {desired.revision} is")
    return granted(f"revision {asked} is approved", Approved(asked, now))


def destroy(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Take everything down, or what is left of tasks that no manifest asks for."""
    chosen = arguments.get("tasks")
    if isinstance(chosen, list):
        return _destroy_tasks([str(name) for name in chosen], desired, history, now)
    if not desired.revision:
        return refused(
            "no revision is in force to be destroyed: end the one that runs, and ask again"
        )
    closed = [
        RunsClosed(name, now)
        for name, task in sorted(history.tasks.items())
        if any(not run.closed for run in task.runs.values())
    ]
    message = f"everything of project {desired.project} is torn down"
    return granted(message, Destroyed(desired.revision, now), *closed)


def relearn(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Go on after the ledger was lost."""
    del arguments, desired
    if not history.lost:
        return refused("the ledger was not lost: there is nothing to confirm")
    message = "what Docker shows is confirmed; batch work goes on"
    return granted(message, Relearned(confirmed=True, at=now))


def reconcile(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Look at everything now."""
    del arguments, desired, history, now
    message = "the source and every node are looked at now"
    return Judged(ok=True, message=message, reread=True, look=True)


def _destroy_tasks(names: list[str], desired: Desired, history: History, now: float) -> Judged:
    """Let go of tasks that only protection, or a hold, keeps."""
    for name in names:
        if name in desired.tasks:
            at = desired.tasks[name].at
            return refused(f"task {name} is asked for at {at}: remove it there, or suspend it")
        if name not in history.tasks:
            return refused(no_task(name, desired, history))
    facts = [f for name in names for f in (TaskProtected(name, protected=False, at=now),
                                           RunsClosed(name, now))]  # fmt: skip
    return granted(f"{', '.join(names)}: everything of it is torn down", *facts)
