"""What a report says of tasks and instances, as a reader should understand it.

The planner's verdicts tell what a writer would do next. Decides how that reads when nobody
writes: an instance that could be created now is not being prepared, it waits for a writer.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler.controller.reading import Report
from reconciler.model.action import InstanceState, TaskState, Verdict
from reconciler.model.desired import DesiredTask
from reconciler.model.headway import Glimpse, Headway, Transfer
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import NodeView
from reconciler.model.pool import pool_prepared_by
from reconciler.model.run import Attempt, Run, Trouble
from reconciler.model.spec import Pairs, image_subject
from reconciler.planning.nodes import Condition, condition_of
from reconciler.planning.numbering import values_in
from reconciler.planning.status import task_state

_IN_HAND: Final = {InstanceState.PREPARING, InstanceState.COLLECTING}
_ENDED: Final = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}


class Standing(Struct, frozen=True):
    """One task: what is asked for, if it still is, and where each of its instances stands.

    `next_firing` is when its schedule opens another run, 0.0 where none does.
    """

    name: str
    task: DesiredTask | None
    state: TaskState
    reason: str
    verdicts: tuple[Verdict, ...]
    next_firing: float = 0.0

    @property
    def run(self) -> int | None:
        """The run that its instances belong to."""
        return max((v.run for v in self.verdicts), default=0) or None


def standings(report: Report) -> list[Standing]:
    """Return all tasks by name: those asked for, and those that still have containers.

    What prepares the slots of pools is told with these.
    """
    return [one for one in _standings(report) if not pool_prepared_by(one.name)]


def _standings(report: Report) -> list[Standing]:
    found: dict[str, list[Verdict]] = {name: [] for name in report.desired.tasks}
    for verdict in report.plan.verdicts:
        found.setdefault(verdict.key.task, []).append(_read(report, verdict))
    return [_standing(report, name, found[name]) for name in sorted(found)]


def standing_of(report: Report, name: str) -> Standing:
    """Return one task; one that is only on record has no verdicts."""
    known = {standing.name: standing for standing in _standings(report)}
    return known.get(name) or Standing(
        name, None, TaskState.CANCELLED, "not asked for any more", ()
    )


def attempt_of(report: Report, verdict: Verdict) -> Attempt | None:
    """Return the record of the attempt that a verdict is about."""
    return report.history.attempt(AttemptKey(verdict.key, verdict.run, verdict.attempt))


def run_of(report: Report, verdict: Verdict) -> Run | None:
    """Return the run that a verdict is about."""
    known = report.history.tasks.get(verdict.key.task)
    return known.runs.get(verdict.run) if known else None


def started_at(attempt: Attempt | None) -> float:
    """Return when an attempt began: the engine's word once it has ended, our request before."""
    return (attempt.started_at or attempt.start_requested_at) if attempt else 0.0


def finished_at(attempt: Attempt | None) -> float:
    """Return when an attempt ended, by the engine's word where there is one."""
    return (attempt.finished_at or attempt.ended_at) if attempt and attempt.ended else 0.0


def seen_of(report: Report, container: str) -> Glimpse:
    """Return what the process that writes last saw of a running container, by id."""
    return report.glimpses.get(container, Glimpse())


def headway_of(report: Report, verdict: Verdict) -> Headway | None:
    """Return how far a running instance says that it is."""
    if verdict.state is not InstanceState.RUNNING:
        return None
    return seen_of(report, verdict.container).headway


def transfer_of(report: Report, verdict: Verdict) -> Transfer | None:
    """Return how far the transfer is that an instance waits for, None where none is known of."""
    attempt = AttemptKey(verdict.key, verdict.run, verdict.attempt)
    own = report.history.container_name(attempt, report.desired.project)
    found = (report.glimpses.get(subject, Glimpse()).transfer for subject in (verdict.awaited, own))
    return next(filter(None, found), None)


def values_of(report: Report, key: InstanceKey) -> Pairs:
    """Return what an instance sees, or has seen, of its task's matrix; nothing without one."""
    task, known = report.desired.tasks.get(key.task), report.history.tasks.get(key.task)
    if task is not None and (values := task.values_of(key.instance)):
        return values
    if known is None or (task is not None and key.instance in task.instances):
        return ()
    found = (text for text, number in known.combinations.items() if number == key.instance)
    return values_in(next(found, ""))


class NodeStanding(Struct, frozen=True):
    """One node: how it stands, why, since when (0.0: not on record), and what is there."""

    condition: Condition
    reason: str
    since: float
    instances: int

    @property
    def known(self) -> bool:
        """Whether it could be looked at."""
        return self.condition is not Condition.UNKNOWN


def node_of(report: Report, name: str) -> NodeStanding:
    """Return how a node that counts stands."""
    spec, record = report.desired.nodes[name], report.history.nodes.get(name)
    view = report.observed.nodes.get(name) or NodeView(name, known=False)
    live = sum(container.occupies for container in view.containers.values())
    return NodeStanding(*condition_of(spec, record, view), live)


def shut_nodes(report: Report) -> list[str]:
    """Return why nodes that can be looked at take nothing new, a sentence each."""
    found = ((name, node_of(report, name)) for name in sorted(report.desired.nodes))
    return [f"node {name}: {one.reason}" for name, one in found if one.known and one.reason]


def unknown_nodes(report: Report) -> list[str]:
    """Return why nodes cannot be looked at, a sentence each."""
    return [
        f"node {view.name}: {view.reason}"
        for view in report.observed.nodes.values()
        if not view.known
    ]


def _standing(report: Report, name: str, verdicts: Sequence[Verdict]) -> Standing:
    task = report.desired.tasks.get(name)
    state, reason = task_state(verdicts, task)
    kept = any(v.suspended for v in verdicts) or (task is not None and bool(task.blocked))
    following = 0.0 if kept else report.calendar.of(name).next
    return Standing(name, task, state, reason, tuple(verdicts), following)


def trouble_of(report: Report, verdict: Verdict) -> Trouble | None:
    """Return the refusal that it suffers from: its own, its container's, its image's or inputs'."""
    key = verdict.key
    task = report.desired.tasks.get(key.task)
    attempt = AttemptKey(key, verdict.run, verdict.attempt)
    subjects = [str(key), report.history.container_name(attempt, report.desired.project)]
    if task is not None and verdict.state not in _ENDED:
        spec = task.spec
        subjects += [image_subject(spec, node, spec.image) for node in report.desired.nodes]
        subjects.append(verdict.awaited)
    return next((t for s in subjects if (t := report.history.troubles.get(s))), None)


def _read(report: Report, verdict: Verdict) -> Verdict:
    if report.writer is not None or verdict.state not in _IN_HAND or verdict.blocked:
        return verdict
    trouble = trouble_of(report, verdict)
    if trouble is not None:
        # Due for another try, which nobody makes: what was refused before is what stands.
        return replace(verdict, state=InstanceState.PENDING, reason=trouble.message, blocked=True)
    reason = f"{verdict.reason}; waits for `apply` or `run`"
    collecting = verdict.state is InstanceState.COLLECTING
    state = InstanceState.COLLECTING if collecting else InstanceState.PENDING
    return replace(verdict, state=state, reason=reason)
