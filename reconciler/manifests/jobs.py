"""A job's own fields: what is wrong with them, and whether they keep its tasks from starting.

Must not know the tasks: those that stand inside are compiled like all others.
"""

from reconciler.manifests.annotations import OF_JOBS as OF_JOBS_ANNOTATED
from reconciler.manifests.annotations import Marks, read_annotations
from reconciler.manifests.documents import Entry
from reconciler.manifests.fields import Fields
from reconciler.manifests.own_fields import check_length
from reconciler.manifests.reporting import Report
from reconciler.manifests.unsupported import OF_JOBS, check_unsupported
from reconciler.model.quantities import parse_duration


def marks_of(job: Entry, report: Report) -> Marks:
    """Return what a job's annotations ask for, for all of its tasks."""
    return read_annotations(job.root.mapping("metadata", "annotations"), OF_JOBS_ANNOTATED, report)


def suspended(job: Entry) -> bool:
    """Whether a job's manifest suspends its tasks."""
    return Fields(job.spec, Report()).flag("suspend", default=False)


def check_job(job: Entry, report: Report) -> list[str]:
    """Report a job's faults and what is not acted on; return what blocks its tasks."""
    if not job.usable:
        return []
    before, fields = report.errors(), Fields(job.spec, report)
    marks_of(job, report)
    check_length(fields, "deadline")
    fields.parsed("ttl", parse_duration, 0.0)
    fields.flag("suspend", default=False)
    if report.errors() > before:
        return []
    return [f"job {job.name}: {said}" for said in check_unsupported(job.spec, OF_JOBS, report)]
