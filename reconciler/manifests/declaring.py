"""Entries → what they declare to the others.

Decides which fields name other manifests, and what counts as a request for room. Must not know
what the others say.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from msgspec.structs import replace

from reconciler.manifests.annotations import OF_TASKS, read_annotations
from reconciler.manifests.confidential import encrypted_in
from reconciler.manifests.declared import Declared, Endpoint, FixedPort, Place, Reference
from reconciler.manifests.documents import Entry, items_of, pairs
from reconciler.manifests.reporting import Report
from reconciler.manifests.tasks import TaskEntry
from reconciler.manifests.tree import Mapping, Node, Scalar, place_of
from reconciler.model.amounts import Amounts
from reconciler.model.catalog import Use
from reconciler.model.desired import DesiredTask
from reconciler.model.images import Archive, digest_in
from reconciler.model.quantities import parse_bytes, parse_cpus

T = TypeVar("T")
_NAMING: Final = (("container", "image", "name"), ("container", "image"),
                  ("constants", "DOCKER_TAG"), ("constants", "DOCKER_REPO"))  # fmt: skip
_USES: Final = (("profile", "Profile"), ("job", "Job"), ("pool", "Pool"))


def declare(entry: Entry) -> Declared:
    """Return what a manifest other than a task declares."""
    spec = entry.spec if entry.usable else Mapping(entry.at, "")
    uses = [*_references(spec), *_references(spec.mapping("task"))]
    uses += _sealed(spec) if entry.kind == "Profile" else ()
    return Declared(
        kind=entry.kind,
        name=entry.name,
        at=entry.at,
        named=_place(entry.root.get("metadata", "name")) or Place(entry.at),
        references=tuple(uses),
        labels=entry.labels if entry.kind == "Node" else (),
        nodes=pairs(spec.mapping("nodes")),
        room=_room(spec.mapping("capacity" if entry.kind == "Node" else "slot")),
        reached=_endpoint(entry, spec) if entry.kind == "Node" and entry.usable else None,
    )


def declare_task(
    task: TaskEntry, named: Place, profile: Mapping, compiled: DesiredTask | None, *, sound: bool
) -> Declared:
    """Return what a task declares: only whom it names where it could not be compiled.

    `profile` is the spec of its profile. Of a task that is not sound, what it asks for says
    nothing.
    """
    spec = task.spec if task.usable else Mapping(task.at, task.spec.pointer)
    said = Declared(
        kind="Task",
        name=task.name,
        at=task.at,
        named=named,
        job=task.job,
        references=tuple(_references(spec)),
        former=read_annotations(task.annotations, OF_TASKS, Report(), task.name).former,
    )
    if compiled is None:
        return said
    count = len(compiled.instances)
    said = replace(
        said,
        instances=count,
        together=min(count, compiled.parallelism or count),
        text=len(compiled.work.text) + len(compiled.shape.text),
    )
    said = with_image(said, spec, profile, compiled)
    return _with_wishes(said, spec, profile, compiled) if sound else said


def with_image(said: Declared, spec: Mapping, profile: Mapping, compiled: DesiredTask) -> Declared:
    """Return what a task, or what prepares a pool, declares, with where its image comes from."""
    return replace(said, made=_made(spec, profile, compiled), tag=_tag(spec, compiled))


def _with_wishes(
    said: Declared, spec: Mapping, profile: Mapping, compiled: DesiredTask
) -> Declared:
    asked = compiled.spec.resources
    gpus = _given(("resources", "gpus"), spec, profile)
    return replace(
        said,
        references=(*said.references, *_sealed(spec)),
        nodes=compiled.spec.nodes,
        room=Amounts(asked.cpus or None, asked.memory or None, _whole(gpus), asked.pids or None),
        sized=_place(spec.get("placement", "nodes") or spec.get("container", "resources")),
        ports=tuple(_fixed_ports(_given(("ports",), spec, profile), compiled)),
    )


def _references(spec: Mapping) -> Iterator[Reference]:
    """Yield the names of other manifests that a spec uses."""
    for field, kind in _USES:
        yield from _reference(kind, spec.get(field))
    for item in items_of(spec.get("dependsOn")):
        yield from _reference("Task", item.get("task"))
    for item in items_of(spec.get("inputs")):
        yield from _reference("Bucket", item.get("bucket"))
    yield from _reference("Bucket", spec.get("outputs", "bucket"))


def _sealed(spec: Mapping) -> Iterator[Reference]:
    """Yield the encrypted files that a task or a profile names."""
    for path, node in encrypted_in(spec):
        yield Reference("File", path, Place(*place_of(node)))


def _reference(kind: str, node: Node | None) -> Iterator[Reference]:
    if isinstance(node, Scalar) and node.text and "${" not in node.text:
        yield Reference(kind, node.text, Place(*place_of(node)))


def _given(path: tuple[str, ...], task: Mapping, profile: Mapping) -> Node | None:
    """Return a container's field as the task gives it, else as its profile does."""
    own = task.get("container", *path)
    return own if own is not None else profile.get("container", *path)


def _fixed_ports(ports: Node | None, compiled: DesiredTask) -> Iterator[FixedPort]:
    for port, item in zip(compiled.spec.ports, items_of(ports), strict=False):
        if port.host:
            node = item.get("host") or item
            yield FixedPort(port.host, port.protocol, Place(*place_of(node)))


def _made(spec: Mapping, profile: Mapping, compiled: DesiredTask) -> Use | None:
    """Return what of the source a task's image is made of."""
    origin = compiled.spec.origin
    if origin is None:
        return None
    field = "archive" if isinstance(origin, Archive) else "build"
    place = _place(_given(("image", field), spec, profile)) or Place(compiled.at)
    context = _place(_given(("image", field, "context"), spec, profile)) or place
    file = _place(_given(("image", field, "file"), spec, profile)) or context
    return Use(origin.material, context.at, context.pointer, file.at, file.pointer)


def _tag(spec: Mapping, compiled: DesiredTask) -> Reference | None:
    """Return the image of a task that names it by a tag alone, at what of its own tells which."""
    image = compiled.spec.image
    if compiled.spec.origin is not None or not image or digest_in(image):
        return None
    found = (spec.get(*path) for path in _NAMING)
    place = next((_place(node) for node in found if node is not None), None)
    return Reference("Image", image, place or Place(compiled.at))


def _endpoint(entry: Entry, spec: Mapping) -> Endpoint:
    place = _place(spec.get("endpoint")) or _place(entry.root.get("metadata", "name"))
    return Endpoint(spec.text("endpoint"), place or Place(entry.at))


def _room(node: Mapping) -> Amounts:
    return Amounts(
        _parsed(node.get("cpus"), parse_cpus),
        _parsed(node.get("memory"), parse_bytes),
        _whole(node.get("gpus")),
        _whole(node.get("pids")),
    )


def _parsed(node: Node | None, parse: Callable[[str], T]) -> T | None:
    """Return a quantity, None where there is none that can be read, which is told elsewhere."""
    if not isinstance(node, Scalar):
        return None
    try:
        return parse(node.text)
    except ValueError:
        return None


def _whole(node: Node | None) -> int | None:
    return node.plain if isinstance(node, Scalar) and isinstance(node.plain, int) else None


def _place(node: Node | None) -> Place | None:
    return Place(*place_of(node)) if node is not None else None
