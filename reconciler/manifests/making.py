"""What images are made of: a catalog, or a check, brought to its end once the source was looked at.

Decides what is wrong where a folder or a file is not there, and what an image is called and hashed
by that is made of one. Pure: what was found comes in, by what is asked for.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from reconciler.manifests import Found
from reconciler.manifests.reporting import Report
from reconciler.model.catalog import Catalog, Use
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.hashing import fingerprints_of
from reconciler.model.images import Material, digested, name_of
from reconciler.model.shared import SharedMap

_HINT: Final = "Paths are relative to the source's root: see that it is there and committed."


Findings = Mapping[Material, Found]


def check_materials(uses: Iterable[Use], found: Findings, report: Report) -> None:
    """Report what is wrong with what images are made of; of what was not looked for, nothing."""
    for use in uses:
        what = found.get(use.material, Found())
        if what.fault:
            at, pointer = use.at, use.pointer
            if what.in_file:
                at, pointer = use.file_at, use.file_pointer
            report.error("missing-material", at, pointer, what.fault, _HINT)


def completed(catalog: Catalog, found: Findings) -> Catalog:
    """Return a catalog whose images are called and hashed by what they are made of."""
    report = Report(dict.fromkeys(catalog.problems))
    before = report.errors()
    check_materials(catalog.made, found, report)
    if catalog.desired is None or report.errors() > before:
        return replace(catalog, problems=report.sorted(), desired=None)
    return replace(catalog, desired=_completed(catalog.desired, found))


def _completed(desired: Desired, found: Findings) -> Desired:
    made = {
        name: _with_content(desired.project, task, found)
        for name, task in desired.tasks.items()
        if task.spec.origin is not None
    }
    return replace(desired, tasks=SharedMap.of(desired.tasks).changed(made))


def _with_content(project: str, task: DesiredTask, found: Findings) -> DesiredTask:
    origin = task.spec.origin
    if origin is None:
        return task
    digest = found.get(origin.material, Found()).digest
    if not digest:
        why = "not started, for what its image is made of is not on record with this revision"
        return replace(task, blocked=task.blocked or why)
    origin = digested(origin, digest)
    spec = replace(task.spec, origin=origin, image=name_of(project, origin))
    work, shape = fingerprints_of(spec)
    return replace(task, spec=spec, work=work, shape=shape)
