"""What holds across manifests: each name once, no reference to nothing, no circle of tasks.

Decides by what files declare, so that it costs little and always runs, whatever was remembered
of single files. Whether instances fit is for `fitting`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from reconciler.manifests.declared import Declared, Reference
from reconciler.manifests.fitting import check_fit
from reconciler.manifests.hosts import with_hosts
from reconciler.manifests.reporting import Report, did_you_mean, nearest, shorten
from reconciler.manifests.shipped import profile_names
from reconciler.model.desired import LOCAL_ENDPOINT
from reconciler.model.hosts import Hosts

MAX_INSTANCES: Final = 1_000_000
MAX_TEXT: Final = 64 * 1024 * 1024  # of all containers as they are hashed
_UNKNOWN: Final = {
    "Bucket": "unknown-bucket",
    "Job": "unknown-job",
    "Pool": "unknown-pool",
    "Profile": "unknown-profile",
    "Task": "unknown-task",
}
ENCRYPTED: Final = ".age"
Index = dict[str, dict[str, Declared]]


class Size(Struct):
    """How much tasks ask for altogether."""

    instances: int = 0
    text: int = 0

    @property
    def excess(self) -> str:
        """What there is more of than this program can hold, nothing where all is well."""
        if self.instances > MAX_INSTANCES:
            return f"{MAX_INSTANCES} instances"
        return f"{MAX_TEXT} characters of containers" if self.text > MAX_TEXT else ""

    def add(self, task: Declared) -> None:
        """Count a task."""
        self.instances += task.instances
        self.text += task.text


def check_across(
    declared: Iterable[Declared],
    lost: bytes,
    report: Report,
    hosts: Hosts | None = None,
    files: Collection[str] = (),
) -> None:
    """Report what is wrong between manifests, given in the order of files and lines.

    `lost` is the content of files with something in them that cannot be understood: a name that
    stands there may be declared there, so that whoever refers to it is not to blame. The same
    holds for all names of a kind where one manifest of it has none. Instances have to fit on
    `hosts`, where the operator gives some. `files` are all of the source that are read.
    """
    declared = list(declared)
    index = indexed(declared, report)
    nameless = {one.kind for one in declared if not one.name}
    for reference in (
        r for known in index.values() for one in known.values() for r in one.references
    ):
        if reference.kind == "File":
            _check_file(reference, files, report)
            continue
        hidden = lost and reference.name.encode("utf-8", "replace") in lost
        if not hidden and reference.kind not in nameless:
            _check_reference(reference, index, report)
    tasks = index.get("Task", {})
    _check_circles(tasks, report)
    _check_renames(tasks, report)
    _check_size(tasks.values(), report)
    if hosts is None:
        _check_endpoints(index.get("Node", {}).values(), report)
    check_fit(with_hosts(index, hosts), report)


def indexed(declared: Iterable[Declared], report: Report) -> Index:
    """Return manifests by kind and name. A name taken twice is reported and its first kept."""
    index: Index = {}
    for one in declared:
        if not one.name:
            continue
        first = index.setdefault(one.kind, {}).setdefault(one.name, one)
        if first is not one:
            message = f"there is a {one.kind} {one.name} already, at {first.at}"
            hint = "Rename or remove one of them."
            report.error("duplicate-name", one.named.at, one.named.pointer, message, hint)
    return index


def _check_reference(reference: Reference, index: Index, report: Report) -> None:
    kind, name = reference.kind, reference.name
    known: Mapping[str, object] = index.get(kind, {})
    if name in known:
        return
    others = set(known)
    if kind == "Profile":
        others.update(profile_names())
        if name in others:
            return
    noun = kind.lower()
    hint = did_you_mean(name, others, f"Add a manifest of kind {kind}, or remove the reference.")
    message = f"there is no {noun} {shorten(name)}"
    report.error(_UNKNOWN[kind], reference.place.at, reference.place.pointer, message, hint)


def _check_file(reference: Reference, files: Collection[str], report: Report) -> None:
    path, place = reference.name, reference.place
    if path in files or path.startswith(("/", "../")):  # the latter is told where it stands
        return
    message = f"there is no file {shorten(path)} in the source"
    hint = "Add it: `age -r RECIPIENT -o FILE.age`. Hidden files are not read."
    if not path.endswith(ENCRYPTED):
        hint = f"Encrypted files are those that end in {ENCRYPTED}."
    elif found := nearest(path, (file for file in files if file.endswith(ENCRYPTED))):
        hint = f"Did you mean {found!r}?"
    report.error("missing-file", place.at, place.pointer, message, hint)


def _check_circles(tasks: Mapping[str, Declared], report: Report) -> None:
    """Report each circle of tasks that wait for one another."""
    done: set[str] = set()
    for name in tasks:
        if name in done or not any(r.kind == "Task" for r in tasks[name].references):
            continue
        trail: dict[str, Iterator[Reference]] = {name: _waited_for(tasks[name])}
        while trail:
            last = next(reversed(trail))
            following = next(trail[last], None)
            if following is None:
                done.add(last)
                del trail[last]
            elif following.name in trail:
                _circle(following, list(trail), report)
            elif following.name in tasks and following.name not in done:
                trail[following.name] = _waited_for(tasks[following.name])


def _waited_for(task: Declared) -> Iterator[Reference]:
    return (reference for reference in task.references if reference.kind == "Task")


def _circle(back: Reference, trail: list[str], report: Report) -> None:
    circle = [*trail[trail.index(back.name) :], back.name]
    message = f"tasks wait for each other in a circle: {' → '.join(circle)}"
    hint = "Remove one of these dependencies."
    report.error("dependency-cycle", back.place.at, back.place.pointer, message, hint)


def _check_renames(tasks: Mapping[str, Declared], report: Report) -> None:
    """Report former names that are still in use, or that two tasks claim."""
    claimed: dict[str, str] = {}
    for task in tasks.values():
        if task.former is None:
            continue
        old, other = task.former.name, tasks.get(task.former.name)
        if other is not None and other.former is not None:
            message = f"task {old}, which was called {other.former.name} before, still exists"
            hint = f"One step at a time: name {other.former.name} here, and remove task {old}."
            _refuse_rename("renamed-chain", task.former, message, hint, report)
        elif other is not None:
            message = f"task {old} still exists, at {other.at}"
            hint = "Remove it, or this annotation: one of them is to have its instances."
            _refuse_rename("renamed-exists", task.former, message, hint, report)
        elif claimed.setdefault(old, task.name) != task.name:
            message = f"task {claimed[old]} takes over what was called {old} already"
            _refuse_rename("renamed-twice", task.former, message, "Keep one of them.", report)


def _refuse_rename(code: str, former: Reference, message: str, hint: str, report: Report) -> None:
    report.error(code, former.place.at, former.place.pointer, message, hint)


def _check_endpoints(nodes: Iterable[Declared], report: Report) -> None:
    """Report nodes that are one engine by another name."""
    known: dict[str, Declared] = {}
    for node in nodes:
        if node.reached is None:
            continue
        first = known.setdefault(node.reached.text or LOCAL_ENDPOINT, node)
        if first is not node:
            message = f"node {node.name} is the engine of node {first.name}, at {first.at}"
            hint = "An engine is one node: remove one of the two, or give it its own endpoint."
            at, pointer = node.reached.place.at, node.reached.place.pointer
            report.error("duplicate-endpoint", at, pointer, message, hint)


def _check_size(tasks: Iterable[Declared], report: Report) -> None:
    """Report the task with which a project grows beyond what this program can hold."""
    size = Size()
    for task in tasks:
        size.add(task)
        if size.excess:
            message = f"with this task the project has more than {size.excess}"
            report.error("project-limit", task.at, "", message, "Split it into several projects.")
            return
