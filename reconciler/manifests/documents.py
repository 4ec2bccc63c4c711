"""Documents → entries: which kind a document is, whether its schema takes it, who it is.

Decides what a document is by its envelope. Must not know what other documents say.
"""

from collections.abc import Sequence as SequenceLike
from functools import cache
from typing import Final

from msgspec import Struct

from reconciler.manifests import schemas
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report, did_you_mean, shorten
from reconciler.manifests.shipped import profile_path, profile_text
from reconciler.manifests.substitution import Path, without
from reconciler.manifests.tree import Document, Mapping, Node, Scalar, Sequence, copied, place_of
from reconciler.model.position import Position

_SEPARATE: Final = frozenset({"cache", "cluster", "container", "deadline", "dependsOn", "env",
                              "inputs", "instances", "onChange", "onScale", "onTaskFailure",
                              "outputs", "parallelism", "placement", "pool", "priority", "progress",
                              "queueTimeout", "rerun", "restart", "retry", "rollout", "schedule",
                              "secrets", "ssh", "success", "suspend", "timeout",
                              "ttl"})  # fmt: skip
_TASK_DEPTH: Final = 3  # spec, tasks, number
API_VERSION: Final = "reconciler/v1"
SOURCE_FILE: Final = "reconciler.yaml"


class Entry(Struct, frozen=True):
    """A document of a known kind.

    `sound` is False where its own faults have been reported; `usable` tells whether the rest of
    it, which is what `spec` then holds, still means what its author wanted.
    """

    kind: str
    name: str
    root: Mapping
    spec: Mapping
    sound: bool
    usable: bool

    @property
    def at(self) -> Position:
        """Where the document begins."""
        return self.root.at

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """The labels, sorted by name."""
        return pairs(self.root.mapping("metadata", "labels"))


class Documents(Struct, frozen=True):
    """What a file holds: entries in the order of lines, or the source's configuration."""

    checked: int
    entries: tuple[Entry, ...]
    lost: bool = False
    configuration: Mapping | None = None


def pairs(mapping: Mapping) -> tuple[tuple[str, str], ...]:
    """Return names with their values as written, sorted by name."""
    return tuple(sorted((k, v.text) for k, v in mapping.items.items() if isinstance(v, Scalar)))


def validate(reference: str, node: Node, report: Report) -> list[Path]:
    """Report what a schema does not accept; return the paths of the faults."""
    if schemas.accepts(reference, node.plain):
        return []
    from reconciler.manifests.wording import explain  # noqa: PLC0415  # only faults need words

    return explain(reference, node, report)


def collect(path: str, data: bytes, report: Report) -> Documents:
    """Read one file."""
    before = report.errors()
    found = read(path, data, report)
    lost = report.errors() > before
    if path == SOURCE_FILE:
        return Documents(len(found), (), lost, _configuration(found, report))
    entries = [classify(document, report) for document in found]
    known = tuple(entry for entry in entries if entry is not None)
    return Documents(len(found), known, lost or len(known) < len(found))


@cache
def standard_profile(name: str) -> Entry:
    """Return a profile that ships with the program.

    Raises:
        ValueError: when the program has been installed damaged.
    """
    report = Report()
    for document in read(profile_path(name), profile_text(name), report):
        entry = classify(document, report)
        if entry is not None and entry.sound:
            return entry
    faults = "; ".join(f"{problem.at}: {problem.message}" for problem in report.sorted())
    raise ValueError(f"the standard profile {name} is damaged: {faults}")


def classify(document: Document, report: Report) -> Entry | None:
    """Return the entry that a document is, None where not even its kind is known."""
    root = document.root
    if not isinstance(root, Mapping):
        if document.sound:
            hint = "A manifest has apiVersion, kind, metadata and spec."
            report.about(root, "not-a-manifest", "expected a mapping at the top", hint)
        return None
    if document.sound and not {"apiVersion", "kind"} & root.items.keys():
        message = "this is no manifest: apiVersion and kind are missing"
        report.about(root, "not-a-manifest", message, f"Write apiVersion: {API_VERSION} first.")
        return None
    kind = root.text("kind")
    versioned = not document.sound or _check_version(root, report)
    if kind not in schemas.KINDS:
        if document.sound:
            _unknown_kind(root, kind, report)
        return None
    name, usable = root.text("metadata", "name"), versioned and document.sound
    faults = validate(kind.lower(), root, report) if usable else []
    rest = _salvaged(root, faults) if faults else root
    spec = (rest or root).mapping("spec")
    return Entry(kind, name, root, spec, usable and not faults, usable and rest is not None)


def _salvaged(root: Mapping, faults: list[Path]) -> Mapping | None:
    """Return a document without its faults, None where what is left would mislead.

    A fault inside a field that nothing else depends on costs this field only; elsewhere in a
    job's task it costs this task.
    """
    doomed: list[Path] = []
    for path in faults:
        owner = _TASK_DEPTH if path[:2] == ("spec", "tasks") else 1
        if len(path) > owner and path[owner] in _SEPARATE:
            doomed.append(_entire(path))
        elif owner == _TASK_DEPTH and len(path) >= owner:
            doomed.append(path[:owner])
        else:
            return None
    rest = copied(root)
    if not isinstance(rest, Mapping):  # pragma: no cover  # a mapping stays one
        return None
    without(rest, doomed)
    return rest


def _entire(path: Path) -> Path:
    """Return a path, cut short where half of what stands there would mislead."""
    for name, length in (("instances", 1), ("ulimits", 2)):
        if name in path:
            return path[: path.index(name) + length]
    return path


def _check_version(root: Mapping, report: Report) -> bool:
    said = root.get("apiVersion")
    if isinstance(said, Scalar) and said.text == API_VERSION:
        return True
    hint = f"Write apiVersion: {API_VERSION}"
    if said is None:
        report.error("missing-field", root.at, root.pointer, "apiVersion is missing", hint)
    else:
        version = shorten(said.text) if isinstance(said, Scalar) else "this"
        report.about(said, "unknown-version", f"apiVersion {version} is not known", hint)
    return False


def _unknown_kind(root: Mapping, kind: str, report: Report) -> None:
    said = root.get("kind")
    if said is None:
        hint = f"One of: {', '.join(schemas.KINDS)}."
        report.error("missing-field", root.at, root.pointer, "kind is missing", hint)
    else:
        hint = did_you_mean(kind, schemas.KINDS)
        at, pointer = place_of(said)
        report.error("unknown-kind", at, pointer, f"unknown kind {shorten(kind)}", hint)


def _configuration(found: SequenceLike[Document], report: Report) -> Mapping | None:
    """Return the source's own configuration, if it is valid."""
    for surplus in found[1:]:
        report.about(surplus.root, "not-a-manifest", f"{SOURCE_FILE} is one document")
    if not found or not found[0].sound:
        return None
    root = found[0].root
    if not isinstance(root, Mapping):
        report.about(root, "wrong-type", f"expected a mapping in {SOURCE_FILE}")
        return None
    return root if not validate("source", root, report) else None


def items_of(node: Node | None) -> list[Mapping]:
    """Return the mappings of a list."""
    found = node.items if isinstance(node, Sequence) else []
    return [item for item in found if isinstance(item, Mapping)]
