"""Words for why: which field differs, from what to what, and where it stands.

Only the canonical texts behind the hashes are compared, so a cause can name nothing that is
not part of the work or the shape.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.model.action import Cause
from reconciler.model.desired import Desired, DesiredTask

Difference = tuple[str, str, str]

NEW: Final = "new task"
GONE: Final = "no manifest asks for it any more"
AGAIN: Final = "another run was asked for"
OTHER_VALUES: Final = "other values differ from instance to instance"
NEW_VALUES: Final = "its combination has not run yet"
OLD_VALUES: Final = "its combination is not asked for any more"
RESCALED: Final = "it completed with another INSTANCE_COUNT, and onScale is rerun"
RELOCKED: Final = "its image is locked to another digest"
SCALED_UP: Final = "scaled up"
SCALED_DOWN: Final = "scaled down"
PROTECTED: Final = "protected: was removed from the source, stays until destroyed or unprotected"
NOT_PRUNED: Final = "an empty source tears nothing down"


def differences(old_text: str, new_text: str) -> list[Difference]:
    """Return (field, old, new) for each leaf in which two canonical texts differ, sorted."""
    return between(dict(leaves(json.loads(old_text))), dict(leaves(json.loads(new_text))))


def between(old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    """Return (field, old, new) for each field in which two mappings differ, sorted."""
    paths = sorted(old.keys() | new.keys())
    return [(p, old.get(p, ""), new.get(p, "")) for p in paths if old.get(p) != new.get(p)]


def changed(
    desired: Desired, task: DesiredTask, specs: Mapping[str, str], old: str, new: str
) -> Cause:
    """Word the change from the spec with hash `old` to the one with hash `new`."""
    found = differences(specs.get(old, "{}"), specs.get(new, "{}")) if old in specs else []
    if not found:
        return stated(desired, task, f"the task's spec changed ({old or 'unknown'} → {new})")
    path, before, after = found[0]
    names = ", ".join(name for name, _, _ in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""  # noqa: PLR2004  # as sliced
    return Cause(
        reason=f"{names}{more} changed",
        field=path,
        old=before,
        new=after,
        at=task.place_of(path),
        revision=desired.revision,
    )


def stated(desired: Desired, task: DesiredTask, reason: str, field: str = "") -> Cause:
    """Word a cause that is no difference between specs."""
    at = task.place_of(field) if field else task.at
    return Cause(reason=reason, field=field, at=at, revision=desired.revision)


def moved(
    desired: Desired, task: DesiredTask, field: str, old: object, new: object, reason: str
) -> Cause:
    """Word the change of one of the task's own fields."""
    return Cause(
        reason=reason,
        field=field,
        old=str(old),
        new=str(new),
        at=task.place_of(field),
        revision=desired.revision,
    )


def relocked(desired: Desired, task: DesiredTask, digest: str) -> Cause | None:
    """Word that a service's image is locked to another digest than this, None where it is not.

    An empty one is no registry's. What completes is not done again for that, nor stopped: the
    digest is its next run's.
    """
    image = task.spec.image
    locked = desired.locks.get(image, "")
    if not task.service or locked in {"", digest}:
        return None
    at = desired.lock_places.get(image, task.at)
    return Cause(RELOCKED, "image.digest", digest, locked, at, desired.revision)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the text of each value that plain data is made of."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, str):
        yield path, value
    elif path:
        yield path, json.dumps(value, ensure_ascii=False)
