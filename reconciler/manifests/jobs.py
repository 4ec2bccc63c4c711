"""A job's own fields: what is wrong with them, and what they mean for its tasks.

Must not know the tasks: those that stand inside are compiled like all others.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from reconciler.manifests.annotations import OF_JOBS as OF_JOBS_ANNOTATED
from reconciler.manifests.annotations import Marks, read_annotations
from reconciler.manifests.documents import Entry
from reconciler.manifests.fields import Fields
from reconciler.manifests.own_fields import read_length
from reconciler.manifests.reporting import Report
from reconciler.model.desired import DesiredJob, DesiredTask
from reconciler.model.hashing import shape_of
from reconciler.model.quantities import parse_duration


class Orders(Struct, frozen=True):
    """What a job says for each of its tasks. `pool` is in whose slots they run, empty for none."""

    pool: str = ""
    suspend: str = ""
    protected: bool = False
    ttl: float | None = None


def orders_of(entries: Iterable[Entry]) -> dict[str, Orders]:
    """Return what jobs say for their tasks, by job; those that say nothing are left out."""
    found = {entry.name: _orders(entry) for entry in entries if entry.kind == "Job"}
    return {name: orders for name, orders in found.items() if orders != Orders()}


def ordered(task: DesiredTask, orders: Orders | None) -> DesiredTask:
    """Return a task as its job has it; what the task says itself comes first."""
    if orders is None:
        return task
    task = _pooled(task, orders.pool) if orders.pool and not task.spec.pool else task
    return replace(
        task,
        suspend=task.suspend or orders.suspend,
        protected=task.protected or orders.protected,
        ttl=orders.ttl if task.ttl is None and not task.service else task.ttl,
    )


def _pooled(task: DesiredTask, pool: str) -> DesiredTask:
    """Return a task in the slots of its job's pool: that is part of its shape."""
    spec = replace(task.spec, pool=pool)
    return replace(task, spec=spec, shape=shape_of(spec))


def desired_jobs(entries: Iterable[Entry]) -> dict[str, DesiredJob]:
    """Return what jobs ask of their tasks together, by job, ordered by name."""
    jobs = {entry.name: entry for entry in entries if entry.kind == "Job"}
    return {name: _desired(job) for name, job in sorted(jobs.items())}


def _desired(job: Entry) -> DesiredJob:
    fields = Fields(job.spec, Report())
    return DesiredJob(
        name=job.name,
        at=job.at,
        deadline=read_length(fields, "deadline"),
        cancel=fields.text("onTaskFailure") == "cancel",
    )


def _orders(job: Entry) -> Orders:
    quiet = Report()
    fields = Fields(job.spec, quiet)
    return Orders(
        pool=fields.text("pool"),
        suspend=f"job {job.name}" if fields.flag("suspend", default=False) else "",
        protected=_marks(job, quiet).protected,
        ttl=fields.parsed("ttl", parse_duration, 0.0) if "ttl" in job.spec.items else None,
    )


def _marks(job: Entry, report: Report) -> Marks:
    return read_annotations(job.root.mapping("metadata", "annotations"), OF_JOBS_ANNOTATED, report)


def check_job(job: Entry, report: Report) -> None:
    """Report a job's faults."""
    if not job.usable:
        return
    fields = Fields(job.spec, report)
    _marks(job, report)
    read_length(fields, "deadline")
    fields.parsed("ttl", parse_duration, 0.0)
    fields.flag("suspend", default=False)
