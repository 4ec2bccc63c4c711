"""A task's fields laid over those of its profile.

Decides what replaces what: mappings are merged name by name, lists and single values replaced;
an image that is named, built or archived takes the place of whatever was before, as does a login
for its registry. Values keep their places. Must not know what fields mean, beyond which of them
are merged specially.
"""

from typing import Final

from reconciler.manifests.tree import Mapping, Node

_APART: Final = frozenset({"name", "labels", "annotations", "profile", "job", "constants",
                           "container", "env"})  # fmt: skip
_ORIGINS: Final = frozenset({"name", "build", "archive"})
_REPLACING: Final = _ORIGINS | {"registryAuth"}


def merged_task(profile: Mapping, task: Mapping) -> Mapping:
    """Return what a task's spec says together with its profile's."""
    above = _with_image_parts(task.mapping("container"))
    below = _without_origin(_with_image_parts(profile.mapping("container")), above)
    container = overlay(below, above)
    environment = overlay(container.mapping("env"), task.mapping("env"))
    if environment.items:
        container.items["env"] = environment
    own = Mapping(task.at, task.pointer)
    for key, item in task.items.items():
        if key not in _APART:
            own.items[key], own.keys[key] = item, task.keys[key]
    whole = overlay(profile.mapping("task"), own)
    whole.items["container"] = container
    return whole


def overlay(below: Mapping, above: Mapping) -> Mapping:
    """Return both mappings in one; where both have a name, what is above wins."""
    origins = {key: below.owners.get(key, below.pointer) for key in below.items}
    merged = Mapping(above.at, above.pointer, dict(below.items), dict(below.keys), origins)
    for key, item in above.items.items():
        merged.items[key] = _combined(merged.items.get(key), item)
        merged.keys[key] = above.keys.get(key, item.at)
        merged.owners[key] = above.owners.get(key, above.pointer)
    return merged


def _combined(below: Node | None, above: Node) -> Node:
    if isinstance(below, Mapping) and isinstance(above, Mapping) and not _is_reference(above):
        return overlay(below, above)
    return above


def _is_reference(node: Mapping) -> bool:
    """Return whether a mapping tells where a value is: that is one place, and takes no other."""
    return list(node.items) == ["from"] and isinstance(node.items["from"], Mapping)


def _with_image_parts(container: Mapping) -> Mapping:
    """Return a container whose image, if text, is said in parts."""
    image = container.get("image")
    if image is None or isinstance(image, Mapping):
        return container
    parts = Mapping(image.at, image.pointer, {"name": image}, {"name": image.at})
    return container.like({**container.items, "image": parts})


def _without_origin(container: Mapping, above: Mapping) -> Mapping:
    """Return a profile's container without what the task's image takes the place of."""
    given, before = above.mapping("image").items.keys(), container.get("image")
    if not isinstance(before, Mapping) or not given & _REPLACING:
        return container
    gone = _ORIGINS | {"digest"} if given & _ORIGINS else frozenset[str]()
    gone = frozenset(before.items) if "archive" in given else gone | (given & {"registryAuth"})
    kept = {key: item for key, item in before.items.items() if key not in gone}
    return container.like({**container.items, "image": before.like(kept)})
