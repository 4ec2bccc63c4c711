"""Manifests of version 1, which every later program accepts and takes for the same work.

A failure here is never mended by changing what is pinned. See CONTRIBUTING.md.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler import manifests
from reconciler.manifests.documents import SOURCE_FILE
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from reconciler.manifests.schemas import KINDS
from reconciler.manifests.shipped import Schema, schema_file
from reconciler.model.desired import Desired
from tests.support import pins

OPERATOR = (pins.CORPUS / "operator.yaml").read_bytes()
SOURCE = (pins.CORPUS / "source.yaml").read_bytes()
CONFIGURATIONS = {"operator": OPERATOR, "source": SOURCE}
PINNED = pins.pinned(pins.TASKS)


@pytest.fixture(scope="module")
def corpus() -> Desired:
    catalog = pins.catalog()
    assert catalog.errors == ()
    assert catalog.desired is not None
    return catalog.desired


@pytest.mark.parametrize("name", sorted(PINNED))
def test_the_work_is_the_same_as_ever(name: str, corpus: Desired) -> None:
    assert pins.hashes(corpus.tasks[name].spec) == PINNED[name]


def test_what_can_run_is_pinned() -> None:
    advice = "Pin new tasks, and those that can run at last: python -m tests.support.pins"
    assert sorted(pins.unpinned()) == [], advice


def test_what_an_operator_has_configured_is_accepted() -> None:
    found = manifests.operator("operator.yaml", OPERATOR, {}, [])
    assert found.problems == ()


def test_what_a_source_has_configured_is_accepted() -> None:
    known = pins.files()
    files = {SOURCE_FILE: SOURCE} | {path: known[path] for path in ("buckets.yaml",)}
    assert manifests.load(files, project="p", revision="r").errors == ()


def test_other_spellings_are_the_same_shape(corpus: Desired) -> None:
    one, other = corpus.tasks["quantities-a"], corpus.tasks["quantities-b"]
    assert one.shape == other.shape
    assert (one.retry.per_instance, one.retry.backoff) == (3, other.retry.backoff)
    assert one.spec.command == other.spec.command


def test_every_field_is_used() -> None:
    used: set[str] = set()
    known: set[str] = set()
    for name in (*KINDS, *CONFIGURATIONS):
        schema = schema_file(name.lower())
        used.update(fields(name, name.lower(), schema, list(documents(name))))
        known.update(fields(name, name.lower(), schema, None))
    assert sorted(known - used) == [], "Add a manifest to tests/golden/corpus/v1 that uses them."


def documents(name: str) -> Iterator[Any]:
    """Yield what the corpus has of a kind, or as a configuration."""
    texts = {name: CONFIGURATIONS[name]} if name in CONFIGURATIONS else pins.files()
    for path, data in texts.items():
        for document in read(path, data, Report()):
            plain = document.root.plain
            if path == name or (isinstance(plain, dict) and plain.get("kind") == name):
                yield plain


def fields(where: str, file: str, schema: Schema, values: list[Any] | None) -> Iterator[str]:
    """Yield the fields of a schema that values give; None gives all. What is shared counts once."""
    if reference := schema.get("$ref"):
        other, _, fragment = str(reference).partition("#")
        file = other.removesuffix(".json") or file
        where, schema = f"{file}#{fragment}", schema_file(file)
        for step in fragment.split("/")[1:]:
            schema = schema[step]
    for key, item in schema.get("properties", {}).items():
        given = values and [value[key] for value in values if key in _mapping(value)]
        if given or values is None:
            yield f"{where}.{key}"
            yield from fields(f"{where}.{key}", file, item, given)
    for option in schema.get("anyOf", ()):
        yield from fields(where, file, option, values)
    for below in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(below, dict):
            inner = values and [item for value in values for item in _items(value)]
            yield from fields(where, file, below, inner)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
