"""What images are made of, between sources and engines: looked at, put on record, handed out.

Decides what a revision keeps of it: digests alone, beside its manifests. So a revision that is
taken from the record means the same images as when it was read. Which image is made when is
decided by planning.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from reconciler import manifests
from reconciler.engines.engine import PermanentError, TransientError
from reconciler.manifests import Found
from reconciler.model.action import Action
from reconciler.model.catalog import Catalog, Use
from reconciler.model.images import Material
from reconciler.model.shared import SharedMap
from reconciler.sources.contents import (
    ContentChangedError,
    ContentFaultError,
    Contents,
    check,
    digest_of,
    stream_of,
)
from reconciler.sources.source import Snapshot, Supplying, revision_of

RECORD: Final = ".contents"
"""Among a revision's files, what its images are made of: no source has a file of this name."""

Supply = Callable[[Action], Iterator[bytes]]
"""Returns the content that an action's image is made of; raises EngineError where it cannot."""


def without_record(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return a revision's files without what was found of materials."""
    if RECORD not in files:
        return files
    return {path: data for path, data in files.items() if path != RECORD}


def completed(snapshot: Snapshot, catalog: Catalog) -> Catalog:
    """Return a catalog with its images as they are made of what the snapshot has, or had.

    Its files and its revision are those to keep.
    """
    if not catalog.made:
        return catalog
    wanted = {use.material for use in catalog.made}
    if snapshot.contents is None:
        return manifests.completed(catalog, _recorded(snapshot.files))
    snapshot.contents.attend(wanted)
    found = {one: _look(snapshot.contents, one) for one in sorted(wanted)}
    made = manifests.completed(catalog, found)
    if made.desired is None:
        return made
    files = SharedMap.of(catalog.files).changed({RECORD: _record(found)})
    revision = revision_of(files) if snapshot.by_content else snapshot.revision
    desired = replace(made.desired, revision=revision)
    return replace(made, files=files, revision=revision, desired=desired)


def missing(contents: Contents | None, uses: Iterable[Use]) -> dict[Material, Found]:
    """Return what of materials is not there, without reading any."""
    found = {}
    if contents is None:
        return {}
    for material in {use.material for use in uses}:
        try:
            check(contents, material)
        except ContentFaultError as fault:
            found[material] = Found(fault=str(fault), in_file=fault.in_file)
    return found


def nothing(action: Action) -> Iterator[bytes]:
    """Return the content of nothing: an engine in memory makes images of it."""
    del action
    return iter(())


def supplying(source: object) -> Supply:
    """Return what hands out contents of a source."""
    owner = source if isinstance(source, Supplying) else None

    def supply(action: Action) -> Iterator[bytes]:
        origin = action.origin
        if origin is None or owner is None:
            raise PermanentError(f"the source of {action.image} has nothing but manifests")
        contents = owner.contents(action.cause.revision)
        try:
            yield from stream_of(contents, origin.material, origin.digest)
        except (ContentFaultError, ContentChangedError) as fault:
            raise TransientError(f"could not make {action.image}: {fault}") from fault

    return supply


def _look(contents: Contents, material: Material) -> Found:
    try:
        return Found(digest_of(contents, material))
    except ContentFaultError as fault:
        return Found(fault=str(fault), in_file=fault.in_file)


def _record(found: Mapping[Material, Found]) -> bytes:
    lines = [[one.path, one.file, what.digest] for one, what in sorted(found.items())]
    return json.dumps(lines, separators=(",", ":")).encode()


def _recorded(files: Mapping[str, bytes]) -> dict[Material, Found]:
    known = json.loads(files.get(RECORD, b"[]"))
    return {Material(path, file): Found(digest) for path, file, digest in known}
