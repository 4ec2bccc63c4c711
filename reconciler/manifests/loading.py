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
from reconciler.manifests.declared import Declared, Filed
from reconciler.manifests.examining import (
    Examined,
    Profiles,
    Sheet,
    examine,
    profiles_of,
    read_sheet,
)
from reconciler.manifests.jobs import check_job
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.unsupported import why_blocked
from reconciler.model.catalog import Catalog
from reconciler.model.desired import Desired, NodeSpec
from reconciler.model.identity import NAME_PATTERN
from reconciler.model.position import NOWHERE

LOCAL_NODE: Final = "local"
SUFFIXES: Final = (".yaml", ".yml", ".json")
_NAME: Final = re.compile(NAME_PATTERN)


class _Known(Struct):
    """One file as it was before."""

    data: bytes
    sheet: Sheet
    policy: SequenceLike[str] = ()
    examined: Examined | None = None

    def examine(self, profiles: Profiles, policy: SequenceLike[str]) -> Examined:
        """Return the file examined, anew if its profiles or the policy have changed."""
        if self.examined is None or self.policy != policy or self._stale(profiles):
            self.examined, self.policy = examine(self.sheet, profiles, policy), policy
        return self.examined

    def _stale(self, profiles: Profiles) -> bool:
        against = self.examined.filed.against if self.examined is not None else {}
        return any(profiles.find(name)[1] != digest for name, digest in against.items())


def load(
    files: MappingLike[str, bytes],
    *,
    project: str,
    revision: str,
    forbidden_binds: SequenceLike[str] = (),
    memory: Memory | None = None,
) -> Catalog:
    """Return a source's manifests with every problem found in them."""
    memory = memory if memory is not None else Memory()
    read = [path for path in sorted(files) if path.endswith(SUFFIXES)]
    memory.files = {path: _known(path, files[path], memory.files.get(path)) for path in read}
    sheets = [known.sheet for known in memory.files.values()]
    examined = _examined(memory.files.values(), forbidden_binds)
    report = Report()
    name = project_of(sheets, project, report)
    conclude((found.filed for found in examined), report)
    problems = report.sorted()
    return Catalog(
        project=name,
        revision=revision,
        checked=sum(sheet.checked for sheet in sheets),
        problems=problems,
        desired=None if report.errors() else _desired(name, revision, sheets, examined),
        files=files,
    )


def conclude(filed: Iterable[Filed], report: Report) -> None:
    """Report the problems of all files, given in the order of their paths, and between them."""
    declared: list[Declared] = []
    for one in filed:
        report.found.update(dict.fromkeys(one.problems))
        declared += one.declared
    check_across(declared, report)


def project_of(sheets: Iterable[Sheet], fallback: str, report: Report) -> str:
    """Return the project's name: as reconciler.yaml gives it, else `fallback`."""
    name = next((sheet.project.text for sheet in sheets if sheet.project), fallback)
    if not _NAME.fullmatch(name):
        message = f"{shorten(name)} cannot be the project's name"
        hint = "Give one in reconciler.yaml: lower-case letters, digits and hyphens, at most 40."
        report.error("bad-name", NOWHERE, "", message, hint)
    return name


def _known(path: str, data: bytes, before: _Known | None) -> _Known:
    if before is not None and before.data == data:
        return before
    return _Known(data, read_sheet(path, data))


def _examined(files: Collection[_Known], policy: SequenceLike[str]) -> list[Examined]:
    """Return files examined; from where they are too much altogether, without their tasks."""
    profiles, size = profiles_of(known.sheet for known in files), Size()
    found = []
    for known in files:
        if size.excess:
            one = examine(known.sheet, profiles, policy, size)
        else:
            one = known.examine(profiles, policy)
        found.append(one)
        for declared in one.filed.declared:
            size.add(declared)
    return found


def _desired(
    project: str, revision: str, sheets: SequenceLike[Sheet], examined: SequenceLike[Examined]
) -> Desired:
    entries = [entry for sheet in sheets for entry in sheet.entries]
    blocking = {
        entry.name: why_blocked(check_job(entry, Report()))
        for entry in entries
        if entry.kind == "Job"
    }
    tasks = {
        task.name: replace(task, blocked=task.blocked or blocking.get(task.job, ""))
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
        prunable=bool(entries) or any(sheet.project for sheet in sheets),
    )


__all__ = ["LOCAL_NODE", "load"]
