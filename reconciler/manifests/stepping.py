"""From one Catalog to the next where little has changed: a commit costs what it changes.

Decides which changes concern nobody else: files that hold tasks alone, which no other task waits
for and which want no port of a node for themselves. It may only accept, and what it accepts is
as `loading` would have it from the start; everything else it declines, without a word.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler.manifests import shipped
from reconciler.manifests.across import ENCRYPTED, Index, Size
from reconciler.manifests.declared import Declared, Filed
from reconciler.manifests.examining import (
    Examined,
    Profiles,
    Sheet,
    examine,
    profiles_of,
    read_sheet,
)
from reconciler.manifests.fitting import check_fit
from reconciler.manifests.guarding import Terms
from reconciler.manifests.hosts import with_hosts
from reconciler.manifests.jobs import Orders, ordered, orders_of
from reconciler.manifests.reporting import Report
from reconciler.model.catalog import Catalog
from reconciler.model.hosts import Hosts
from reconciler.model.images import LOCK_FILE
from reconciler.model.problem import Problem, Severity
from reconciler.model.shared import SharedMap, differing

SUFFIXES: Final = (".yaml", ".yml", ".json")
_SHARE: Final = 20  # of the files, one in so many may have changed


class Known(Struct, frozen=True):
    """One file as it was read and examined."""

    data: bytes
    sheet: Sheet
    terms: Terms
    examined: Examined

    def holds(self, profiles: Profiles, terms: Terms) -> bool:
        """Return whether it would be examined alike with these profiles and policies."""
        if self.terms is not terms and self.terms != terms:
            return False
        against = self.examined.filed.against
        return all(profiles.is_still(name, digest) for name, digest in against.items())


class Whole(Struct):
    """A source without errors as it stands, and what is needed to go on from there.

    `awaited` are the tasks that others wait for, `former` the names that tasks had before. `jobs`
    is what jobs say for their tasks, `locked` what is locked, None without a lock file.
    """

    catalog: Catalog
    files: dict[str, Known]
    terms: Terms
    profiles: Profiles
    index: Index
    awaited: frozenset[str]
    former: frozenset[str]
    jobs: Mapping[str, Orders]
    size: Size
    locked: Mapping[str, str] | None
    problems: dict[str, tuple[Problem, ...]]


def whole_of(
    catalog: Catalog, files: dict[str, Known], terms: Terms, size: Size, hosts: Hosts | None
) -> Whole:
    """Return what is needed to go on from a catalog, whose problems are all of single files."""
    index: Index = {}
    for one in _declared(files.values()):
        index.setdefault(one.kind, {})[one.name] = one
    references = (r for kind in index.values() for one in kind.values() for r in one.references)
    return Whole(
        catalog=catalog,
        files=files,
        terms=terms,
        profiles=profiles_of(known.sheet for known in files.values()),
        index=with_hosts(index, hosts),
        awaited=frozenset(r.name for r in references if r.kind == "Task"),
        former=frozenset(one.former.name for one in index.get("Task", {}).values() if one.former),
        jobs=orders_of(e for known in files.values() for e in known.sheet.entries),
        size=size,
        locked=catalog.desired.locks if catalog.desired and LOCK_FILE in catalog.files else None,
        problems={
            path: known.examined.filed.problems
            for path, known in files.items()
            if known.examined.filed.problems
        },
    )


def step(whole: Whole, files: Mapping[str, bytes], revision: str) -> Catalog | None:
    """Return the catalog of changed files, and move on to it; None where that is not for here."""
    others = sorted(differing(whole.catalog.files, files))
    if any(path.endswith(ENCRYPTED) for path in others):
        return None
    changed = {path: files[path] for path in others if path in files and path.endswith(SUFFIXES)}
    gone = [path for path in others if path in whole.files and path not in files]
    if LOCK_FILE in others or (len(changed) + len(gone)) * _SHARE > len(whole.files):
        return None
    made = {path: _made(path, data, whole) for path, data in changed.items()}
    new = [known for known in made.values() if known is not None]
    old = [whole.files[path] for path in (*changed, *gone) if path in whole.files]
    if len(new) < len(made) or not all(_is_apart(known.examined.filed) for known in (*old, *new)):
        return None
    size = _agreed(whole, _declared(old), _declared(new))
    if size is None:
        return None
    whole.size = size
    for path in gone:
        del whole.files[path]
    whole.files.update({path: known for path, known in made.items() if known is not None})
    _move_on(whole, old, new)
    for path in (*changed, *gone):
        known = made.get(path)
        whole.problems.pop(path, None)
        if known is not None and known.examined.filed.problems:
            whole.problems[path] = known.examined.filed.problems
    return _catalog(whole, old, new, files, revision)


def _made(path: str, data: bytes, whole: Whole) -> Known | None:
    """Return a file examined, None where it holds anything but sound tasks."""
    sheet = read_sheet(path, data)
    if sheet.configuration is not None or any(entry.kind != "Task" for entry in sheet.entries):
        return None
    examined = examine(sheet, whole.profiles, whole.terms)
    if any(problem.severity is Severity.ERROR for problem in examined.filed.problems):
        return None
    return Known(data, sheet, whole.terms, examined)


def _is_apart(filed: Filed) -> bool:
    """Return whether a file holds nothing but tasks that concern nobody else."""
    return not filed.lost and all(
        one.kind == "Task"
        and not one.ports
        and not one.former
        and one.made is None
        and all(r.kind != "Task" for r in one.references)
        for one in filed.declared
    )


def _agreed(whole: Whole, old: list[Declared], new: list[Declared]) -> Size | None:
    """Return the size of what is asked for from now on, None where something stands against it."""
    before, after = {one.name for one in old}, {one.name for one in new}
    tasks = whole.index.get("Task", {})
    if len(after) < len(new) or whole.awaited & (before - after):
        return None
    if any(name in tasks or name in whole.former for name in after - before):
        return None
    if whole.locked is not None and any(
        one.tag and one.tag.name not in whole.locked for one in new
    ):
        return None
    if not all(_is_known(r.kind, r.name, whole.index) for one in new for r in one.references):
        return None
    report, size = Report(), copy(whole.size)
    check_fit({**whole.index, "Task": {one.name: one for one in new}}, report)
    for one in old:
        size.instances, size.text = size.instances - one.instances, size.text - one.text
    for one in new:
        size.add(one)
    return None if report.found or size.excess else size


def _is_known(kind: str, name: str, index: Index) -> bool:
    if name in index.get(kind, {}):
        return True
    return kind == "Profile" and name in shipped.profile_names()


def _move_on(whole: Whole, old: Iterable[Known], new: Iterable[Known]) -> None:
    tasks = whole.index.setdefault("Task", {})
    for one in _declared(old):
        del tasks[one.name]
    tasks.update({one.name: one for one in _declared(new)})


def _catalog(
    whole: Whole, old: list[Known], new: list[Known], files: Mapping[str, bytes], revision: str
) -> Catalog:
    before = whole.catalog
    if before.desired is None:  # pragma: no cover  # a source without errors has one
        raise ValueError(before)
    gone = [task.name for known in old for task in known.examined.tasks]
    made = (task for known in new for task in known.examined.tasks)
    tasks = SharedMap.of(before.desired.tasks).changed(
        {task.name: ordered(task, whole.jobs.get(task.job)) for task in made}, gone
    )
    report = Report()
    for problems in whole.problems.values():
        report.found.update(dict.fromkeys(problems))
    checked = sum(known.sheet.checked for known in new) - sum(k.sheet.checked for k in old)
    whole.catalog = Catalog(
        project=before.project,
        revision=revision,
        checked=before.checked + checked,
        problems=report.sorted(),
        desired=replace(before.desired, revision=revision, tasks=tasks),
        files=files,
        made=before.made,
    )
    return whole.catalog


def _declared(files: Iterable[Known]) -> list[Declared]:
    return [one for known in files for one in known.examined.filed.declared]
