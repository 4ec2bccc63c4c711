"""All files of a source → one Catalog.

Decides what holds across manifests: which names are taken twice, what refers to nothing, and
whether the whole is fit to be in force. Pure: the same bytes give the same catalog.
"""

import re
from collections.abc import Mapping as MappingLike
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from reconciler.manifests import shipped
from reconciler.manifests.constants import check_declarations
from reconciler.manifests.documents import (
    Documents,
    Entry,
    collect,
    items_of,
    pairs,
    standard_profile,
)
from reconciler.manifests.jobs import check_job
from reconciler.manifests.reporting import Report, did_you_mean, shorten
from reconciler.manifests.tasks import DEFAULT_PROFILE, TaskEntry, compile_task
from reconciler.manifests.tree import Mapping, Scalar
from reconciler.model.catalog import Catalog
from reconciler.model.desired import Desired, DesiredTask, NodeSpec
from reconciler.model.identity import NAME_PATTERN
from reconciler.model.position import NOWHERE, Position

LOCAL_NODE: Final = "local"
MAX_INSTANCES: Final = 1_000_000
MAX_TEXT: Final = 64 * 1024 * 1024  # of all specs as they are hashed
_NAME: Final = re.compile(NAME_PATTERN)


def load(
    files: MappingLike[str, bytes],
    *,
    project: str,
    revision: str,
    forbidden_binds: Sequence[str] = (),
) -> Catalog:
    """Return a source's manifests with every problem found in them."""
    report = Report()
    documents = collect(files, report)
    name = documents.project.text if documents.project else project
    if not _NAME.fullmatch(name):
        message = f"{shorten(name)} cannot be the project's name"
        hint = "Give one in reconciler.yaml: lower-case letters, digits and hyphens, at most 40."
        report.error("bad-name", NOWHERE, "", message, hint)
    compiler = _Compiler(_indexed(documents.entries, report), report, forbidden_binds)
    tasks, nodes = compiler.tasks(), compiler.nodes()
    problems = report.sorted()
    desired = Desired(
        project=name, revision=revision, tasks=tasks, nodes=nodes, prunable=_prunable(documents)
    )
    return Catalog(
        project=name,
        revision=revision,
        checked=documents.checked,
        manifests=tuple(entry.manifest() for entry in documents.entries),
        problems=problems,
        desired=None if report.errors() else desired,
        files=files,
    )


def _prunable(documents: Documents) -> bool:
    return bool(documents.entries) or documents.project is not None


def _indexed(entries: Sequence[Entry], report: Report) -> dict[str, dict[str, Entry]]:
    """Return entries by kind and name. A name taken twice is reported and its first kept."""
    index: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        known = index.setdefault(entry.kind, {})
        if entry.name in known:
            at, pointer = _name_place(entry)
            _duplicate(entry.kind, entry.name, at, pointer, known[entry.name].at, report)
        elif entry.name:
            known[entry.name] = entry
    return index


def _name_place(entry: Entry) -> tuple[Position, str]:
    name = entry.root.get("metadata", "name")
    return name.place() if isinstance(name, Scalar) else (entry.at, "")


def _duplicate(
    kind: str, name: str, at: Position, pointer: str, first: Position, report: Report
) -> None:
    message = f"there is a {kind} {name} already, at {first}"
    report.error("duplicate-name", at, pointer, message, "Rename or remove one of them.")


class _Compiler(Struct):
    """Looks names up while tasks and nodes are compiled."""

    index: dict[str, dict[str, Entry]]
    report: Report
    forbidden: Sequence[str]
    instances: int = 0
    text: int = 0

    def nodes(self) -> dict[str, NodeSpec]:
        """Return the nodes by name: the local engine where none is declared."""
        found = {
            name: NodeSpec(name, entry.spec.text("endpoint"), entry.labels)
            for name, entry in sorted(self.index.get("Node", {}).items())
        }
        return found or {LOCAL_NODE: NodeSpec(LOCAL_NODE, "")}

    def tasks(self) -> dict[str, DesiredTask]:
        """Return the tasks by name."""
        for profile in self.index.get("Profile", {}).values():
            if profile.usable:
                check_declarations(profile, self.report)
        jobs = self.index.get("Job", {})
        blocking = {name: check_job(job, self.report) for name, job in jobs.items()}
        found = {}
        for task in self._entries():
            self._check_job(task)
            profile_entry = self._profile(task)
            if task.usable and profile_entry is not None and profile_entry.usable:
                held = blocking.get(task.job, ())
                compiled = compile_task(task, profile_entry, self.report, self.forbidden, held)
                if self._exhausted(compiled):
                    break
                found[task.name] = compiled
        return dict(sorted(found.items()))

    def _exhausted(self, task: DesiredTask) -> bool:
        """Return whether the project grows beyond what this program can hold."""
        self.instances += len(task.instances)
        self.text += len(task.work.text) + len(task.shape.text)
        if self.instances <= MAX_INSTANCES and self.text <= MAX_TEXT:
            return False
        what = f"{MAX_INSTANCES} instances"
        if self.instances <= MAX_INSTANCES:
            what = f"{MAX_TEXT} characters of containers"
        hint = "Split it into several projects."
        message = f"with this task the project has more than {what}"
        self.report.error("project-limit", task.at, "", message, hint)
        return True

    def _entries(self) -> list[TaskEntry]:
        """Return all tasks, those inside jobs too, each name once."""
        own = [_own(entry) for entry in self.index.get("Task", {}).values()]
        inline = [task for job in self.index.get("Job", {}).values() for task in _inline(job)]
        known: dict[str, TaskEntry] = {}
        for task in sorted([*own, *inline], key=lambda task: task.at):
            first = known.setdefault(task.name, task)
            if first is not task and task.name:
                at, pointer = _task_place(task)
                _duplicate("Task", task.name, at, pointer, first.at, self.report)
        return list(known.values())

    def _profile(self, task: TaskEntry) -> Entry | None:
        own = self.index.get("Profile", {})
        if task.profile in own:
            return own[task.profile]
        standard = shipped.profile_names()
        if task.profile in standard:
            return standard_profile(task.profile)
        if task.usable:
            said = task.spec.get("profile")
            hint = did_you_mean(task.profile, {*own, *standard})
            if said is not None:
                message = f"there is no profile {shorten(task.profile)}"
                self.report.about(said, "unknown-profile", message, hint)
        return None

    def _check_job(self, task: TaskEntry) -> None:
        said = task.spec.get("job")
        jobs = self.index.get("Job", {})
        if task.usable and isinstance(said, Scalar) and said.text not in jobs:
            hint = did_you_mean(said.text, jobs, "Add a manifest of kind Job, or remove the field.")
            self.report.about(said, "unknown-job", f"there is no job {shorten(said.text)}", hint)


def _own(entry: Entry) -> TaskEntry:
    spec = entry.spec
    return TaskEntry(entry.name, entry.at, entry.labels, spec.text("job"), spec, entry.sound,
                     entry.usable)  # fmt: skip


def _inline(job: Entry) -> list[TaskEntry]:
    return [
        TaskEntry(item.text("name"), item.at, pairs(item.mapping("labels")), job.name, item,
                  job.sound, job.usable)
        for item in items_of(job.spec.get("tasks"))
    ]  # fmt: skip


def _task_place(task: TaskEntry) -> tuple[Position, str]:
    name: Mapping | Scalar | object = task.spec.get("name")
    return name.place() if isinstance(name, Scalar) else (task.at, task.spec.pointer)


__all__ = ["DEFAULT_PROFILE", "LOCAL_NODE", "load"]
