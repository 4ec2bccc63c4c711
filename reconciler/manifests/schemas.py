"""The contract's JSON schemas: what they say of a place, and whether a value passes.

Decides by a fast validator, which may only accept. What it does not accept is for
`voice`, the slower, talkative one, which has the last word.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.shipped import Schema, schema_file
from reconciler.manifests.tree import Plain

if TYPE_CHECKING:
    import jsonschema_rs

KINDS: Final = ("Bucket", "Job", "Node", "Pool", "Profile", "Task")
FILES: Final = (
    "bucket", "common", "job", "node", "operator", "policy", "pool", "profile", "source", "task",
)  # fmt: skip
TASK_SPEC: Final = "task#/properties/spec"
_TEMPLATE: Final = "#/$defs/template"


def uri(reference: str) -> str:
    """Return the full name of a schema or a part of it: `task#/properties/spec`."""
    name, _, fragment = reference.partition("#")
    return f"https://reconciler.invalid/v1/{name}.json" + (f"#{fragment}" if fragment else "")


def accepts(reference: str, value: Plain) -> bool:
    """Return whether the fast validator finds nothing wrong."""
    try:
        return _fast(reference).is_valid(value)
    except (OverflowError, TypeError, ValueError):  # values that it cannot take in
        return False


@lru_cache(4096)
def types_at(reference: str, path: tuple[str | int, ...]) -> frozenset[str]:
    """Return the JSON types that a schema takes at a path, templates aside."""
    name, _, fragment = reference.partition("#")
    here = [(name, _inside(schema_file(name), fragment))]
    for step in path:
        here = [below for place in here for below in _below(*place, step)]
    found: set[str] = set()
    for place in here:
        for _, schema in _alternatives(*place):
            said = schema.get("type", "string")
            found.update([said] if isinstance(said, str) else said)
    return frozenset(found)


@cache
def homes(name: str) -> dict[str, str]:
    """Return where each field of a kind belongs, dotted: the shortest way to it."""
    found: dict[str, str] = {}
    level = [("", name, schema_file(name))]
    while level:
        below = []
        for path, file, schema in level:
            for key, item in schema.get("properties", {}).items():
                here = f"{path}.{key}" if path else key
                found.setdefault(key, path)
                below += [(here, *place) for place in _alternatives(file, item)]
        level = below
    return found


def _below(name: str, schema: Schema, step: str | int) -> Iterator[tuple[str, Schema]]:
    for file, option in _alternatives(name, schema):
        if isinstance(step, int):
            found = option.get("items")
        else:
            found = option.get("properties", {}).get(step, option.get("additionalProperties"))
        if isinstance(found, dict):
            yield file, found


def _alternatives(name: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield what a schema may stand for: references followed, templates left out."""
    if reference := schema.get("$ref"):
        file, _, fragment = reference.partition("#")
        if not reference.endswith(_TEMPLATE):
            file = file.removesuffix(".json") or name
            yield from _alternatives(file, _inside(schema_file(file), fragment))
    elif "anyOf" in schema:
        for option in schema["anyOf"]:
            yield from _alternatives(name, option)
    else:
        yield name, schema


def _inside(schema: Schema, fragment: str) -> Schema:
    for step in fragment.split("/")[1:]:
        schema = schema[step]
    return schema


@cache
def _fast(reference: str) -> "jsonschema_rs.Validator":
    import jsonschema_rs  # noqa: PLC0415  # slow to load, and what is remembered needs none

    return jsonschema_rs.validator_for({"$ref": uri(reference)}, registry=_registry())


@cache
def _registry() -> "jsonschema_rs.Registry":
    import jsonschema_rs  # noqa: PLC0415  # slow to load, and what is remembered needs none

    resources: list[tuple[str, Any]] = [(uri(name), schema_file(name)) for name in FILES]
    return jsonschema_rs.Registry(resources)
