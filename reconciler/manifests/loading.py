"""All files of a source → one Catalog.

Decides whether the whole is fit to be in force. Pure: the same bytes give the same catalog,
whatever a `Memory` holds.
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingLike
from typing import Final

from reconciler.manifests import Memory
from reconciler.manifests.across import ENCRYPTED, Size, check_across
from reconciler.manifests.buckets import bucket_of
from reconciler.manifests.configuration import Configuration, configure
from reconciler.manifests.declared import Declared, Filed
from reconciler.manifests.examining import (
    Sheet,
    examine,
    profiles_of,
    read_sheet,
)
from reconciler.manifests.guarding import Terms
from reconciler.manifests.hosts import described
from reconciler.manifests.jobs import desired_jobs, ordered, orders_of
from reconciler.manifests.locking import Lock, check_locked, read_locks
from reconciler.manifests.nodes import node_spec
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.stepping import (
    SUFFIXES,
    Known,
    step,
    whole_of,
)
from reconciler.model.catalog import Catalog, Use
from reconciler.model.desired import Desired, NodeSpec
from reconciler.model.hosts import Hosts
from reconciler.model.identity import NAME_PATTERN
from reconciler.model.policy import FOLDER, Policy
from reconciler.model.position import NOWHERE
from reconciler.model.shared import SharedMap

LOCAL_NODE: Final = "local"
_NAME: Final = re.compile(NAME_PATTERN)


def load(
    files: MappingLike[str, bytes],
    *,
    project: str,
    revision: str,
    policy: Policy = FOLDER,
    memory: Memory | None = None,
    hosts: Hosts | None = None,
) -> Catalog:
    """Return a source's manifests with every problem found in them."""
    memory = memory if memory is not None else Memory()
    if memory.whole is not None and memory.question == (project, policy, hosts):
        catalog = step(memory.whole, files, revision)
        if catalog is not None:
            return catalog
    memory.question = (project, policy, hosts)
    read = {path: files[path] for path in sorted(files) if path.endswith(SUFFIXES)}
    report = Report()
    sheets = [_sheet(path, data, memory.files.get(path)) for path, data in read.items()]
    configured = configuration_of(sheets, policy, report)
    name = project_of(configured, project, report)
    general = len(report.found)
    known, size = _examined(sheets, read, configured.terms, memory.files)
    filed = ((path, one.examined.filed) for path, one in known.items())
    locks = conclude(filed, files, report, hosts)
    catalog = Catalog(
        project=name,
        revision=revision,
        checked=sum(sheet.checked for sheet in sheets),
        problems=report.sorted(),
        desired=None
        if report.errors()
        else _desired(name, revision, known.values(), configured, hosts, (locks, files)),
        files=files,
        made=tuple(uses_of(one.examined.filed for one in known.values())),
    )
    memory.files = {} if size.excess else known
    memory.whole = None
    if catalog.valid and not general and _each_alone(known.values(), report):
        memory.whole = whole_of(catalog, known, configured.terms, size, hosts)
    return catalog


def conclude(
    filed: Iterable[tuple[str, Filed]],
    files: MappingLike[str, bytes],
    report: Report,
    hosts: Hosts | None = None,
) -> dict[str, Lock]:
    """Report the problems of all files, given in the order of their paths, and between them.

    Return what is locked, by images as written.
    """
    declared: list[Declared] = []
    lost: list[bytes] = []
    for path, one in filed:
        if one.problems:
            report.found.update(dict.fromkeys(one.problems))
        declared += one.declared
        if one.lost:
            lost.append(files[path])
    check_across(declared, b"\n".join(lost), report, hosts, files)
    locks = read_locks(files, report)
    if locks is not None:
        check_locked(declared, locks, report)
    return locks or {}


def uses_of(filed: Iterable[Filed]) -> Iterator[Use]:
    """Yield what images are made of, in the order of files."""
    return (d.made for one in filed for d in one.declared if d.made is not None)


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


def _sheet(path: str, data: bytes, before: Known | None) -> Sheet:
    return before.sheet if before is not None and before.data == data else read_sheet(path, data)


def _examined(
    sheets: Iterable[Sheet],
    files: MappingLike[str, bytes],
    terms: Terms,
    before: MappingLike[str, Known],
) -> tuple[dict[str, Known], Size]:
    """Return files examined, anew where a file, its profiles or the policies have changed.

    From where they ask for too much altogether, they are without their tasks.
    """
    sheets = list(sheets)
    last = next(iter(before.values()), None)
    if last is not None and last.terms == terms:
        terms = last.terms  # the same object is recognised at a glance
    profiles, size = profiles_of(sheets), Size()
    found = {}
    for sheet in sheets:
        known = before.get(sheet.path)
        if known is None or known.sheet is not sheet or not known.holds(profiles, terms):
            examined = examine(sheet, profiles, terms, size)
            known = Known(files[sheet.path], sheet, terms, examined)
        found[sheet.path] = known
        for declared in known.examined.filed.declared:
            size.add(declared)
    return found, size


def _each_alone(files: Iterable[Known], report: Report) -> bool:
    """Return whether all problems are of single files, none of what is between them."""
    own = {problem for known in files for problem in known.examined.filed.problems}
    return len(own) == len(report.found)


def _desired(
    project: str,
    revision: str,
    files: Iterable[Known],
    configured: Configuration,
    hosts: Hosts | None,
    besides: tuple[dict[str, Lock], MappingLike[str, bytes]],
) -> Desired:
    files = list(files)
    entries = [entry for known in files for entry in known.sheet.entries]
    jobs = orders_of(entries)
    tasks = {
        task.name: ordered(task, jobs.get(task.job))
        for known in files
        for task in known.examined.tasks
    }
    declared = {entry.name: node_spec(entry) for entry in entries if entry.kind == "Node"}
    nodes = declared if hosts is None else {h.name: described(h, declared) for h in hosts.nodes}
    pools = {pool.name: pool for known in files for pool in known.examined.pools}
    policy = configured.terms.effective
    buckets = {entry.name: bucket_of(entry, policy) for entry in entries if entry.kind == "Bucket"}
    configured_here = any(known.sheet.configuration is not None for known in files)
    return Desired(
        project=project,
        revision=revision,
        tasks=SharedMap(tasks),
        nodes=dict(sorted(nodes.items())) or {LOCAL_NODE: NodeSpec(LOCAL_NODE, "")},
        jobs=desired_jobs(entries),
        pools=dict(sorted(pools.items())),
        buckets=dict(sorted(buckets.items())),
        locks={image: lock.digest for image, lock in besides[0].items()},
        lock_places={image: lock.at for image, lock in besides[0].items()},
        sealed={path: data for path, data in besides[1].items() if path.endswith(ENCRYPTED)},
        prunable=bool(entries) or configured_here,
        hold=configured.hold,
        quota=policy.quota,
    )


__all__ = ["LOCAL_NODE", "SUFFIXES", "load"]
