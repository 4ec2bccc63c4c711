"""One file at a time: what its manifests say, and what is wrong with them.

A file is read for itself, and its tasks compiled with the profiles that they name. What files
say of each other is for `across`. Must not know where the bytes come from, nor who remembers
what was found.
"""

import hashlib
from collections.abc import Iterable
from copy import copy
from typing import Final

from msgspec import Struct

from reconciler.manifests import shipped
from reconciler.manifests.across import Size
from reconciler.manifests.buckets import check_bucket
from reconciler.manifests.constants import check_declarations
from reconciler.manifests.declared import Declared, Filed, Place
from reconciler.manifests.declaring import declare, declare_task, with_image
from reconciler.manifests.documents import Entry, collect, items_of, pairs, standard_profile
from reconciler.manifests.guarding import Guard, Terms
from reconciler.manifests.jobs import check_job
from reconciler.manifests.nodes import check_node
from reconciler.manifests.pools import check_pool, compile_pool, preparing, profile_alone
from reconciler.manifests.reporting import Report
from reconciler.manifests.tasks import TaskEntry, compile_task
from reconciler.manifests.tree import Mapping, place_of
from reconciler.model.desired import DesiredTask
from reconciler.model.pool import DesiredPool
from reconciler.model.problem import Problem

STANDARD: Final = "standard"


class Sheet(Struct, frozen=True):
    """A file as it was read: its documents of known kinds, and the problems of each alone.

    `lost`: there are others.
    """

    path: str
    digest: str
    checked: int
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    lost: bool = False
    configuration: Mapping | None = None


class Examined(Struct, frozen=True):
    """A file with its tasks compiled, those among them that prepare the slots of its pools."""

    filed: Filed
    tasks: tuple[DesiredTask, ...]
    pools: tuple[DesiredPool, ...] = ()


class Profiles(Struct, frozen=True):
    """The profiles of a source, each with the digest of the file that it stands in."""

    own: dict[str, tuple[Entry, str]]

    def find(self, name: str) -> tuple[Entry | None, str]:
        """Return a profile and its digest: the source's own before a standard one."""
        if name in self.own:
            return self.own[name]
        if name in shipped.profile_names():
            return standard_profile(name), STANDARD
        return None, ""

    def is_still(self, name: str, digest: str) -> bool:
        """Return whether a profile is the one that had this digest."""
        own = self.own.get(name)
        if own is not None:
            return own[1] == digest
        return digest == (STANDARD if name in shipped.profile_names() else "")


def digest_of(path: str, data: bytes) -> str:
    """Return what a file's content and place are recognised by."""
    name = path.encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"%d %b %b" % (len(name), name, data)).hexdigest()


def read_sheet(path: str, data: bytes) -> Sheet:
    """Return what a file says by itself."""
    report = Report()
    found = collect(path, data, report)
    for entry in found.entries:
        if entry.kind == "Profile" and entry.usable:
            check_declarations(entry, report)
        elif entry.kind == "Job":
            check_job(entry, report)
    return Sheet(
        path,
        digest_of(path, data),
        found.checked,
        found.entries,
        tuple(report.found),
        found.lost,
        found.configuration,
    )


def profiles_of(sheets: Iterable[Sheet]) -> Profiles:
    """Return the profiles that sheets declare; of one name, the first in the order given."""
    own: dict[str, tuple[Entry, str]] = {}
    for sheet in sheets:
        for entry in sheet.entries:
            if entry.kind == "Profile" and entry.name:
                own.setdefault(entry.name, (entry, sheet.digest))
    return Profiles(own)


def examine(sheet: Sheet, profiles: Profiles, terms: Terms, size: Size | None = None) -> Examined:
    """Return all that a file says and declares.

    `size` is what other files ask for; from where it is too much, tasks are not compiled.
    """
    report, size = Report(dict.fromkeys(sheet.problems)), copy(size or Size())
    guard = Guard(terms, report)
    declared: list[Declared] = []
    compiled: list[DesiredTask] = []
    pools: list[DesiredPool] = []
    against: dict[str, str] = {}
    made: DesiredTask | None
    for entry in sheet.entries:
        before = report.errors()
        if entry.kind != "Task":
            declared.append(declare(entry))
            _check(entry, guard)
        if entry.kind == "Pool":
            preparer = preparing(entry)
            profile, against[preparer.profile] = profiles.find(preparer.profile)
            sound = entry.usable and entry.sound and report.errors() == before
            if sound and profile is not None and profile.usable and not size.excess:
                pool, made = compile_pool(
                    entry, compile_task(preparer, profile_alone(profile), guard)
                )
                pools.append(pool)
                compiled.append(made)
                declared[-1] = with_image(declared[-1], preparer.spec, profile.spec, made)
        for task, named in _tasks(entry):
            profile, against[task.profile] = profiles.find(task.profile)
            made, own = None, Report()
            if task.usable and profile is not None and profile.usable and not size.excess:
                made = compile_task(task, profile, Guard(terms, own))
                compiled.append(made)
                report.found.update(own.found)
            declared.append(
                declare_task(task, named, (profile or entry).spec, made, sound=not own.errors())
            )
            size.add(declared[-1])
    filed = Filed(
        checked=sheet.checked,
        lost=sheet.lost,
        problems=tuple(report.found),
        declared=tuple(declared),
        against=against,
        terms=terms.digest,
    )
    return Examined(filed, tuple(compiled), tuple(pools))


def _check(entry: Entry, guard: Guard) -> None:
    """Report what a manifest without tasks says that its schema does not refuse."""
    if entry.kind == "Node":
        check_node(entry, guard)
    elif entry.kind == "Pool":
        check_pool(entry, guard.report)
    elif entry.kind == "Bucket":
        check_bucket(entry, guard)


def _tasks(entry: Entry) -> list[tuple[TaskEntry, Place]]:
    """Return the tasks of an entry, with the places of their names."""
    if entry.kind == "Task":
        return [_own(entry)]
    if entry.kind != "Job":
        return []
    found = []
    for item in items_of(entry.spec.get("tasks")):
        labels = pairs(item.mapping("labels"))
        task = TaskEntry(item.text("name"), item.at, labels, entry.name, item,
                         item.mapping("annotations"), entry.sound, entry.usable)  # fmt: skip
        found.append((task, Place(*place_of(item.get("name") or item))))
    return found


def _own(entry: Entry) -> tuple[TaskEntry, Place]:
    spec = entry.spec
    task = TaskEntry(entry.name, entry.at, entry.labels, spec.text("job"), spec,
                     entry.root.mapping("metadata", "annotations"), entry.sound,
                     entry.usable)  # fmt: skip
    return task, Place(*place_of(entry.root.get("metadata", "name") or entry.root))
