"""All files of a source → one Catalog.

Decides whether the whole is fit to be in force. Pure: the same bytes give the same catalog,
whatever a `Memory` holds.
"""

import re
from collections.abc import Collection, Iterable
from collections.abc import Mapping as MappingLike
from collections.abc import Sequence as SequenceLike
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler.manifests import Memory
from reconciler.manifests.across import Size, check_across
from reconciler.manifests.configuration import Configuration, configure
from reconciler.manifests.declared import Declared, Filed
from reconciler.manifests.examining import (
    Examined,
    Profiles,
    Sheet,
    examine,
    profiles_of,
    read_sheet,
)
from reconciler.manifests.guarding import Terms
from reconciler.manifests.jobs import check_job, marks_of, suspended
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.unsupported import why_blocked
from reconciler.model.catalog import Catalog
from reconciler.model.desired import Desired, NodeSpec
from reconciler.model.identity import NAME_PATTERN
from reconciler.model.policy import FOLDER, Policy
from reconciler.model.position import NOWHERE

LOCAL_NODE: Final = "local"
SUFFIXES: Final = (".yaml", ".yml", ".json")
_NAME: Final = re.compile(NAME_PATTERN)


class _Known(Struct):
    """One file as it was before."""

    data: bytes
    sheet: Sheet
    terms: Terms | None = None
    examined: Examined | None = None

    def examine(self, profiles: Profiles, terms: Terms) -> Examined:
        """Return the file examined, anew if its profiles or the policies have changed."""
        if self.examined is None or self.terms != terms or self._stale(profiles):
            self.examined, self.terms = examine(self.sheet, profiles, terms), terms
        return self.examined

    def _stale(self, profiles: Profiles) -> bool:
        against = self.examined.filed.against if self.examined is not None else {}
        return any(profiles.find(name)[1] != digest for name, digest in against.items())


def load(
    files: MappingLike[str, bytes],
    *,
    project: str,
    revision: str,
    policy: Policy = FOLDER,
    memory: Memory | None = None,
) -> Catalog:
    """Return a source's manifests with every problem found in them."""
    memory = memory if memory is not None else Memory()
    read = [path for path in sorted(files) if path.endswith(SUFFIXES)]
    memory.files = {path: _known(path, files[path], memory.files.get(path)) for path in read}
    sheets = [known.sheet for known in memory.files.values()]
    report = Report()
    configured = configuration_of(sheets, policy, report)
    examined = _examined(memory.files.values(), configured.terms)
    name = project_of(configured, project, report)
    conclude(zip(read, (found.filed for found in examined), strict=True), files, report)
    problems = report.sorted()
    return Catalog(
        project=name,
        revision=revision,
        checked=sum(sheet.checked for sheet in sheets),
        problems=problems,
        desired=None if report.errors() else _desired(name, revision, sheets, examined, configured),
        files=files,
    )


def conclude(
    filed: Iterable[tuple[str, Filed]], files: MappingLike[str, bytes], report: Report
) -> None:
    """Report the problems of all files, given in the order of their paths, and between them."""
    declared: list[Declared] = []
    lost: list[bytes] = []
    for path, one in filed:
        report.found.update(dict.fromkeys(one.problems))
        declared += one.declared
        if one.lost:
            lost.append(files[path])
    check_across(declared, b"\n".join(lost), report)


def configuration_of(sheets: Iterable[Sheet], policy: Policy, report: Report) -> Configuration:
    """Return what the source decides about itself, where the operator has decided `policy`."""
    given = (sheet.configuration for sheet in sheets if sheet.configuration is not None)
    return configure(next(given, None), policy, report)


def project_of(configured: Configuration, fallback: str, report: Report) -> str:
    """Return the project's name: as reconciler.yaml gives it, else `fallback`."""
    name = configured.project or fallback
    if not _NAME.fullmatch(name):
        message = f"{shorten(name)} cannot be the project's name"
        hint = "Give one in reconciler.yaml: lower-case letters, digits and hyphens, at most 40."
        report.error("bad-name", NOWHERE, "", message, hint)
    return name


def _known(path: str, data: bytes, before: _Known | None) -> _Known:
    if before is not None and before.data == data:
        return before
    return _Known(data, read_sheet(path, data))


def _examined(files: Collection[_Known], terms: Terms) -> list[Examined]:
    """Return files examined; from where they are too much altogether, without their tasks."""
    profiles, size = profiles_of(known.sheet for known in files), Size()
    found = []
    for known in files:
        if size.excess:
            one = examine(known.sheet, profiles, terms, size)
        else:
            one = known.examine(profiles, terms)
        found.append(one)
        for declared in one.filed.declared:
            size.add(declared)
    return found


def _desired(
    project: str,
    revision: str,
    sheets: SequenceLike[Sheet],
    examined: SequenceLike[Examined],
    configured: Configuration,
) -> Desired:
    entries = [entry for sheet in sheets for entry in sheet.entries]
    blocking = {
        entry.name: why_blocked(check_job(entry, Report()))
        for entry in entries
        if entry.kind == "Job"
    }
    protecting = {e.name for e in entries if e.kind == "Job" and marks_of(e, Report()).protected}
    suspending = {e.name: f"job {e.name}" for e in entries if e.kind == "Job" and suspended(e)}
    tasks = {
        task.name: replace(
            task,
            blocked=task.blocked or blocking.get(task.job, ""),
            suspend=task.suspend or suspending.get(task.job, ""),
            protected=task.protected or task.job in protecting,
        )
        for found in examined
        for task in found.tasks
    }
    nodes = {
        entry.name: NodeSpec(entry.name, entry.spec.text("endpoint"), entry.labels)
        for entry in entries
        if entry.kind == "Node"
    }
    return Desired(
        project=project,
        revision=revision,
        tasks=dict(sorted(tasks.items())),
        nodes=dict(sorted(nodes.items())) or {LOCAL_NODE: NodeSpec(LOCAL_NODE, "")},
        prunable=bool(entries) or any(sheet.configuration is not None for sheet in sheets),
        hold=configured.hold,
    )


__all__ = ["LOCAL_NODE", "load"]
