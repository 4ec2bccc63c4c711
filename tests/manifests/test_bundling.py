"""One schema in one file says what the several ones say."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from reconciler import manifests
from reconciler.manifests import schemas, voice
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from tests.manifests.test_agreement import SEEDS, VALUES, mutate
from tests.manifests.test_invalid import ALL, MARK

ALL_KINDS = manifests.schema_of_all()
NAMES = [*manifests.kinds(), *manifests.configurations()]
IN_A_SOURCE = [*manifests.kinds(), "source"]
STRICT: Any = extend(Draft202012Validator, {"pattern": voice._pattern})  # type: ignore[no-untyped-call]
CONFIGURATIONS: list[Any] = [
    {"project": "p"}, {"project": "P_"}, {"project": "p", "kind": "Task"}, {"projekt": "p"}, {},
    {"apiVersion": "reconciler/v1", "project": "p"}, {"apiVersion": "v2", "project": "p"},
    {"apiVersion": "reconciler/v1"}, {"metadata": {"name": "a"}}, {"project": "p", "spec": {}},
    {"policy": {"privileged": False}}, {"policy": {"privileged": 1}}, {"prune": {"share": 2}},
]  # fmt: skip


def verdicts(schema: dict[str, Any], value: Any) -> set[bool]:  # noqa: ANN401  # JSON
    """Return what the two validators think of a value."""
    bare = {key: part for key, part in schema.items() if key != "$schema"}
    try:
        fast = jsonschema_rs.validator_for(schema).is_valid(value)
    except (OverflowError, TypeError, ValueError):  # a value that it cannot take in
        fast = STRICT(bare).is_valid(value)
    return {fast, STRICT(bare).is_valid(value)}


def agree(value: Any) -> None:  # noqa: ANN401  # JSON
    separate = [not list(voice.faults(name.lower(), value)) for name in IN_A_SOURCE]
    assert verdicts(ALL_KINDS, value) == {any(separate)}, value


def documents() -> Iterator[Any]:
    for _, text in ALL:
        for document in read("a.yaml", text.replace(MARK, "").encode(), Report()):
            yield document.root.plain


def references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for part in schema.values():
            yield from references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from references(part)


@pytest.mark.parametrize("name", [*NAMES, "all"])
def test_a_schema_is_one_and_refers_to_nothing_outside(name: str) -> None:
    schema = ALL_KINDS if name == "all" else manifests.schema(name)
    Draft202012Validator.check_schema(schema)
    named = {f"#/$defs/{part}" for part in schema["$defs"]}
    assert set(references(schema)) == named
    assert not {"$id", "$anchor", "$dynamicRef"} & set(json.dumps(schema).split('"'))


def test_valid_manifests_are_accepted() -> None:
    for name, value in SEEDS:
        assert verdicts(ALL_KINDS, value) == {True}, name
        assert verdicts(manifests.schema(name.capitalize()), value) == {True}, name


def test_invalid_manifests_and_odd_values() -> None:
    for value in [*documents(), *VALUES, *CONFIGURATIONS]:
        agree(value)


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_mutations(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    name, value = chance.choice(SEEDS)
    mutated: Any = copy.deepcopy(value)
    for _ in range(steps):
        mutate(mutated, chance)
    agree(mutated)
    alone = not list(voice.faults(name, mutated))
    assert verdicts(manifests.schema(name.capitalize()), mutated) == {alone}


def test_the_kind_decides_which_schema_speaks() -> None:
    """Errors are about the kind that was written, or about the kind itself."""
    task = {"apiVersion": "reconciler/v1", "kind": "Task", "metadata": {"name": "a"}}
    said = list(STRICT(ALL_KINDS).iter_errors({**task, "spec": {"instanses": 1}}))
    assert [list(error.absolute_path) for error in said] == [["spec"]]
    unknown = list(STRICT(ALL_KINDS).iter_errors({**task, "kind": "Tsak", "spec": {}}))
    assert [list(error.absolute_path) for error in unknown] == [["kind"]]


def test_every_kind_is_there() -> None:
    assert ALL_KINDS["properties"]["kind"]["enum"] == list(schemas.KINDS)
