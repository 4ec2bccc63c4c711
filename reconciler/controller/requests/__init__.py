"""What people ask of the writer, as facts. Each request is answered with one sentence.

Decides what `approve`, `stop`, `retry`, `suspend`, `pin`, `destroy` and their like mean for the
record; the planner then draws the consequences like those of any other fact.
"""

from collections.abc import Sequence
from typing import Final

from reconciler.controller.requests import nodes, pinning, project, runs, snapshots, suspending
from reconciler.controller.requests.judged import Arguments, Handler, Judged, refused
from reconciler.model.desired import Desired
from reconciler.model.history import History

__all__ = ["Judged", "judge"]

_VERBS: Final[dict[str, Handler]] = {
    "approve": project.approve,
    "destroy": project.destroy,
    "forget-node": nodes.forget,
    "order-node": nodes.order,
    "reconcile": project.reconcile,
    "relearn": project.relearn,
    "rerun": runs.rerun,
    "resume": suspending.resume,
    "retry": runs.retry,
    "snapshot": snapshots.snapshot,
    "stop": runs.stop,
    "suspend": suspending.suspend,
    "unpin": pinning.unpin,
}


def judge(  # the request, and all that it is judged by
    verb: str,
    arguments: Arguments,
    desired: Desired,
    history: History,
    now: float,
    kept: Sequence[str] = (),
) -> Judged:
    """Return the answer to a request. `kept` are the revisions that can be gone back to."""
    if verb == "pin":
        return pinning.pin(str(arguments.get("revision", "")), kept, now)
    handler = _VERBS.get(verb)
    if handler is None:
        return refused(f"this reconciler does not know the request {verb!r}")
    return handler(arguments, desired, history, now)
