"""The contract as single files, which editors and schema catalogues can use.

Decides how the schemas of schemas/v1/, which refer to one another by file name, become one:
every part that is referred to moves under $defs, and every reference is local. Only plain
keywords are used, for editors know few, and enumDescriptions, which nobody else knows. Must not
know what any field means.
"""

from collections.abc import Sequence
from typing import Any, Final

from reconciler.manifests.shipped import Schema, schema_file

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SOURCE: Final = "source"
_COMMON: Final = "common"
_LAYERS: Final = frozenset({"", "$defs", "properties"})


def alone(file: str) -> Schema:
    """Return the schema of one file, with all that it refers to."""
    return _bundled(file, {"$schema": DIALECT, **schema_file(file)})


def together(kinds: Sequence[str]) -> Schema:
    """Return the schema of whatever may stand in a source: a manifest, or its configuration.

    The kind decides which schema speaks, so that completion and errors are about that one only.
    """
    return _bundled("", _dispatch(kinds))


def _dispatch(kinds: Sequence[str]) -> Schema:
    envelope = [{"required": [key]} for key in ("kind", "metadata", "spec")]
    return {
        "$schema": DIALECT,
        "title": "reconciler/v1",
        "description": "A manifest, whose kind tells what it may hold, or the configuration of a"
        " source: its reconciler.yaml, which has no kind.",
        "type": "object",
        "properties": {
            "apiVersion": schema_file(kinds[0].lower())["properties"]["apiVersion"],
            "kind": _kind(kinds),
        },
        "if": {"anyOf": envelope},
        "then": {"required": ["kind"], "allOf": [_when(kind) for kind in kinds]},
        "else": {"$ref": f"{SOURCE}.json"},
    }


def _kind(kinds: Sequence[str]) -> Schema:
    return {
        "title": "Kind",
        "description": "What the manifest describes.",
        "enum": [*kinds],
        "enumDescriptions": [schema_file(kind.lower())["description"] for kind in kinds],
    }


def _when(kind: str) -> Schema:
    chosen = {"required": ["kind"], "properties": {"kind": {"const": kind}}}
    return {"if": chosen, "then": {"$ref": f"{kind.lower()}.json"}}


def _bundled(file: str, root: Schema) -> Schema:
    found: dict[tuple[str, str], Schema] = {}
    whole: Schema = _localised(file, {k: v for k, v in root.items() if k != "$defs"}, found)
    parts = {_name(*origin): part for origin, part in found.items()}
    return whole | ({"$defs": dict(sorted(parts.items()))} if parts else {})


def _localised(file: str, value: Any, found: dict[tuple[str, str], Schema]) -> Any:  # noqa: ANN401  # JSON
    """Return a part of a file's schema with local references, and collect what they name."""
    if isinstance(value, list):
        return [_localised(file, item, found) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _localised(file, item, found) for key, item in value.items()}
    if isinstance(reference := made.get("$ref"), str):
        name, _, fragment = reference.partition("#")
        origin = (name.removesuffix(".json") or file, fragment)
        made["$ref"] = f"#/$defs/{_name(*origin)}"
        _collect(origin, found)
    return made


def _collect(origin: tuple[str, str], found: dict[tuple[str, str], Schema]) -> None:
    if origin in found:
        return
    found[origin] = {}  # holds the place while the part is looked through, for it may name itself
    file, fragment = origin
    part: Schema = schema_file(file)
    for step in fragment.split("/")[1:]:
        part = part[step]
    bare = {key: item for key, item in part.items() if key not in {"$schema", "$defs"}}
    found[origin] = _localised(file, bare, found)


def _name(file: str, fragment: str) -> str:
    """Return what a part is called: Task, Profile-constant; without its file if kinds share it."""
    steps = [step for step in fragment.split("/") if step not in _LAYERS]
    return "-".join(steps if file == _COMMON else [file.capitalize(), *steps])
