"""Manifests made up from the schemas: any field anywhere, mostly with values that it takes.

Decides how often something odd is written. What the schemas do not say (that names refer to
something, for instance) is as chance has it.
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

from reconciler import manifests
from reconciler.manifests.shipped import Schema, schema_file
from tests.manifests.test_agreement import VALUES

ODD = 0.02
EXEMPLARY = 0.5  # of the values that the schema has examples of
GIVEN = 0.3  # of the fields that may be left out
_DEEPEST = 8
_WORDS = [
    "a", "b", "pi", "x", "A", "${A}", "${B}", "${INSTANCE_ID}", "${alpha}", "docker-batch", "mine",
    "docker-service", "/a", "/b", "1", "64Mi", "10s", "busybox", "x:${A}", "lab", "UTC",
    "0 2 * * *",
]  # fmt: skip


def manifest(chance: Random) -> str:
    """Return some documents of any kinds that may know each other."""
    said = [
        _document(chance.choice(manifests.kinds()), chance)
        for _ in range(chance.choice([1, 1, 2, 4]))
    ]
    if chance.random() < 0.3:
        return "---\n".join(json.dumps(one, indent=chance.choice([None, 1])) + "\n" for one in said)
    return yaml.safe_dump_all(
        said, sort_keys=False, default_flow_style=chance.choice([None, False])
    )


def configuration(name: str, chance: Random) -> str:
    """Return the operator's configuration, or the source's."""
    return yaml.safe_dump(_value(name, schema_file(name), chance, 0), sort_keys=False)


def _document(kind: str, chance: Random) -> Any:  # noqa: ANN401  # JSON
    made = _value(kind.lower(), schema_file(kind.lower()), chance, 0)
    if isinstance(made, dict) and isinstance(made.get("metadata"), dict):
        made["metadata"]["name"] = chance.choice(["a", "b", "pi", "mine", "docker-batch"])
    return made


def _value(name: str, schema: Schema, chance: Random, depth: int) -> Any:  # noqa: ANN401  # JSON
    """Return a value for a schema that stands in the file of a name."""
    if depth > 1 and chance.random() < ODD:
        return chance.choice(VALUES)
    if "$ref" in schema:
        return _value(*_referred(name, schema), chance, depth)
    if schema.get("examples") and chance.random() < EXEMPLARY:
        return chance.choice(schema["examples"])
    if "anyOf" in schema:
        return _value(name, chance.choice(schema["anyOf"]), chance, depth)
    if "const" in schema or "enum" in schema:
        return chance.choice(schema.get("enum") or [schema["const"]])
    return _typed(name, schema, chance, depth)


def _typed(name: str, schema: Schema, chance: Random, depth: int) -> Any:  # noqa: ANN401  # JSON
    said = schema.get("type", "string")
    kind = said if isinstance(said, str) else chance.choice(said)
    if kind == "object":
        return dict(_fields(name, schema, chance, depth + 1))
    if kind == "array":
        most = 0 if depth > _DEEPEST else chance.choice([0, 1, 1, 2, 3])
        return [_value(name, schema.get("items", {}), chance, depth + 1) for _ in range(most)]
    if kind == "boolean":
        return chance.random() < 0.5
    if kind in {"integer", "number"}:
        least, most = schema.get("minimum", 0), schema.get("maximum", 100)
        return chance.choice([least, most, least + 1, min(2, most), 7])
    return chance.choice(_WORDS)


def _fields(
    name: str, schema: dict[str, Any], chance: Random, depth: int
) -> Iterator[tuple[str, Any]]:
    required = set(schema.get("required", ()))
    for key, item in schema.get("properties", {}).items():
        if key in required or (depth <= _DEEPEST and chance.random() < GIVEN):
            yield key, _value(name, item, chance, depth)
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        for _ in range(chance.choice([0, 1, 2])):
            yield chance.choice(_WORDS[:8]), _value(name, others, chance, depth)


def _referred(name: str, schema: Schema) -> tuple[str, Schema]:
    """Return what a schema refers to, with what it says besides, and the file of that."""
    file, _, fragment = str(schema["$ref"]).partition("#")
    found = schema_file(file.removesuffix(".json") or name)
    for step in fragment.split("/")[1:]:
        found = found[step]
    besides = {key: value for key, value in schema.items() if key != "$ref"}
    return file.removesuffix(".json") or name, {**found, **besides}
