"""A job's own fields: what is wrong with them, and whether they keep its tasks from starting.

Must not know the tasks: those that stand inside are compiled like all others.
"""

from reconciler.manifests.documents import Entry
from reconciler.manifests.fields import Fields
from reconciler.manifests.own_fields import check_length
from reconciler.manifests.reporting import Report
from reconciler.manifests.unsupported import OF_JOBS, check_unsupported
from reconciler.model.quantities import parse_duration


def check_job(job: Entry, report: Report) -> list[str]:
    """Report a job's faults and what is not acted on; return what blocks its tasks."""
    if not job.usable:
        return []
    before, fields = report.errors(), Fields(job.spec, report)
    check_length(fields, "deadline")
    fields.parsed("ttl", parse_duration, 0.0)
    fields.flag("suspend", default=False)
    if report.errors() > before:
        return []
    return [f"job {job.name}: {said}" for said in check_unsupported(job.spec, OF_JOBS, report)]
