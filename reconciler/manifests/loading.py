"""All files of a source → one Catalog.

Decides whether the whole is fit to be in force. Pure: the same bytes give the same catalog,
whatever a `Memory` holds.
"""

import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingLike
from collections.abc import Sequence as SequenceLike
from typing import Final

from msgspec import Struct, field

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
from reconciler.manifests.reporting import Report, shorten
from reconciler.model.catalog import Catalog
from reconciler.model.desired import Desired, NodeSpec
from reconciler.model.identity import NAME_PATTERN
from reconciler.model.position import NOWHERE

LOCAL_NODE: Final = "local"
SUFFIXES: Final = (".yaml", ".yml", ".json")
_NAME: Final = re.compile(NAME_PATTERN)


class Memory(Struct):
    """What one process knows of files that it has read before: a change costs what it changes."""

    sheets: dict[str, tuple[bytes, Sheet]] = field(default_factory=dict)
    examined: dict[str, tuple[Sheet, SequenceLike[str], Examined]] = field(default_factory=dict)

    def sheet(self, path: str, data: bytes) -> Sheet:
        """Return a file as read, read now if it is new."""
        known = self.sheets.get(path)
        if known is None or known[0] != data:
            known = self.sheets[path] = (data, read_sheet(path, data))
        return known[1]

    def examine(self, sheet: Sheet, profiles: Profiles, forbidden: SequenceLike[str]) -> Examined:
        """Return a sheet examined, examined now if it, its profiles or the policy are new."""
        known = self.examined.get(sheet.path)
        if known is not None and known[0] is sheet and known[1] == forbidden:
            against = known[2].filed.against.items()
            if all(profiles.find(name)[1] == digest for name, digest in against):
                return known[2]
        found = examine(sheet, profiles, forbidden)
        self.examined[sheet.path] = (sheet, forbidden, found)
        return found

    def forget(self, paths: Iterable[str]) -> None:
        """Drop what is known of all files but these."""
        kept = set(paths)
        for gone in self.sheets.keys() - kept:
            del self.sheets[gone]
            self.examined.pop(gone, None)


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
    sheets = [memory.sheet(path, files[path]) for path in read]
    examined = _examined(sheets, memory, forbidden_binds)
    memory.forget(read)
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


def _examined(
    sheets: Iterable[Sheet], memory: Memory, forbidden: SequenceLike[str]
) -> list[Examined]:
    """Return files examined; from where they are too much altogether, without their tasks."""
    sheets = list(sheets)
    profiles, size = profiles_of(sheets), Size()
    found = []
    for sheet in sheets:
        if size.excess:
            one = examine(sheet, profiles, forbidden, size)
        else:
            one = memory.examine(sheet, profiles, forbidden)
        found.append(one)
        for declared in one.filed.declared:
            size.add(declared)
    return found


def _desired(
    project: str, revision: str, sheets: SequenceLike[Sheet], examined: SequenceLike[Examined]
) -> Desired:
    tasks = {task.name: task for found in examined for task in found.tasks}
    nodes = {
        entry.name: NodeSpec(entry.name, entry.spec.text("endpoint"), entry.labels)
        for sheet in sheets
        for entry in sheet.entries
        if entry.kind == "Node"
    }
    return Desired(
        project=project,
        revision=revision,
        tasks=dict(sorted(tasks.items())),
        nodes=dict(sorted(nodes.items())) or {LOCAL_NODE: NodeSpec(LOCAL_NODE, "")},
        prunable=any(sheet.entries or sheet.project for sheet in sheets),
    )


__all__ = ["LOCAL_NODE", "Memory", "load"]
