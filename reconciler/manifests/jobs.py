"""A job's own fields: what is wrong with them, and whether they keep its tasks from starting.

Must not know the tasks: those that stand inside are compiled like all others.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from reconciler.manifests.annotations import OF_JOBS as OF_JOBS_ANNOTATED
from reconciler.manifests.annotations import Marks, read_annotations
from reconciler.manifests.documents import Entry
from reconciler.manifests.fields import Fields
from reconciler.manifests.own_fields import check_length
from reconciler.manifests.reporting import Report
from reconciler.manifests.unsupported import OF_JOBS, check_unsupported, why_blocked
from reconciler.model.desired import DesiredTask
from reconciler.model.quantities import parse_duration


class Orders(Struct, frozen=True):
    """What a job says for all of its tasks. `blocked` is why none of them is started, if so."""

    blocked: str = ""
    suspend: str = ""
    protected: bool = False


def orders_of(entries: Iterable[Entry]) -> dict[str, Orders]:
    """Return what jobs say for their tasks, by job; those that say nothing are left out."""
    found = {entry.name: _orders(entry) for entry in entries if entry.kind == "Job"}
    return {name: orders for name, orders in found.items() if orders != Orders()}


def ordered(task: DesiredTask, orders: Orders | None) -> DesiredTask:
    """Return a task as its job has it; what the task says itself comes first."""
    if orders is None:
        return task
    return replace(
        task,
        blocked=task.blocked or orders.blocked,
        suspend=task.suspend or orders.suspend,
        protected=task.protected or orders.protected,
    )


def _orders(job: Entry) -> Orders:
    quiet = Report()
    suspended = Fields(job.spec, quiet).flag("suspend", default=False)
    return Orders(
        why_blocked(check_job(job, quiet)),
        f"job {job.name}" if suspended else "",
        _marks(job, quiet).protected,
    )


def _marks(job: Entry, report: Report) -> Marks:
    return read_annotations(job.root.mapping("metadata", "annotations"), OF_JOBS_ANNOTATED, report)


def check_job(job: Entry, report: Report) -> list[str]:
    """Report a job's faults and what is not acted on; return what blocks its tasks."""
    if not job.usable:
        return []
    before, fields = report.errors(), Fields(job.spec, report)
    _marks(job, report)
    check_length(fields, "deadline")
    fields.parsed("ttl", parse_duration, 0.0)
    fields.flag("suspend", default=False)
    if report.errors() > before:
        return []
    return [f"job {job.name}: {said}" for said in check_unsupported(job.spec, OF_JOBS, report)]
