"""How images and their locks are shown. The JSON is a contract: schemas/output/images.json."""

from collections.abc import Iterator, Sequence

from reconciler.cli.text import columns, paint
from reconciler.controller.imaging import Locking, Standing
from reconciler.model.images import digest_in, is_made
from reconciler.model.quantities import size

_BRIEF = 19  # sha256: and twelve digits


def standing_lines(found: Sequence[Standing]) -> list[str]:
    """Return a table of where images are."""
    rows = [("IMAGE", "NODE", "STATE", "SIZE", "DIGEST", "LOCK")]
    rows += [
        (one.image, one.node, _state(one), _size(one), _digest(one)[:_BRIEF] or "-", _lock(one))
        for one in found
    ]
    head, *lines = columns(rows, {})
    return [paint(head, bold=True), *lines]


def standings_json(project: str, found: Sequence[Standing]) -> dict[str, object]:
    """Return where images are for machines."""
    return {"project": project, "images": [_json(one) for one in found]}


def _json(one: Standing) -> dict[str, object]:
    return {
        "image": one.image,
        "node": one.node,
        "present": None if one.problem else one.present is not None,
        "digest": _digest(one) or None,
        "size": one.present.size if one.present else None,
        "locked": one.locked or None,
        "problem": one.problem or None,
    }


def locking_lines(found: Locking) -> Iterator[str]:
    """Yield what differs in a lock file, or that nothing does."""
    for image in found.new:
        digest = found.locks.get(image)
        yield f"+ {image} {digest}" if digest else f"+ {image} is not locked"
    for image in found.moved:
        yield f"~ {image} {found.locks[image]}"
    for image in found.gone:
        yield f"- {image} is locked, and not used"
    if not found.changes:
        yield "every tag is locked" if found.locks else "there is no tag to lock"


def _state(one: Standing) -> str:
    if one.problem:
        return "unknown"
    return "present" if one.present else "absent"


def _size(one: Standing) -> str:
    return size(one.present.size) if one.present else "-"


def _digest(one: Standing) -> str:
    """Return a registry's digest, else the image's own id; empty where neither is known."""
    if one.present is None:
        return one.locked
    return digest_in(one.present.reference) or one.present.reference


def _lock(one: Standing) -> str:
    if is_made(one.image):
        return "by content"
    if digest_in(one.image):
        return "by digest"
    return "locked" if one.locked else "-"
