"""The fast validator and the one that words errors agree on what is valid."""

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests import schemas, voice
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Plain
from tests.manifests import complete, test_invalid_tasks
from tests.manifests.test_invalid import ALL, MARK
from tests.manifests.test_load import FULL

VALUES: list[Plain] = [
    None, True, False, 0, -1, 1, 1.0, 1.5, 10**17, "", "a", "A b", "1", "1.5", "500m", "64Mi",
    "10s", "1h30m\n", "a\n", "/x\n", "busybox\n", "0-2,4", "${X}", "$${X}", "bridge", "always",
    "sha256:" + "0" * 64, "unix:///x", "é", [], ["a"], [1, "x"], [{}], {}, {"a": 1}, {"": ""},
    {"name": "x"}, {"soft": 1, "hard": 2}, {"container": 80},
    {"matrix": {"a": [1]}}, {"build": {}}, "0 2 * * *", "Europe/Berlin", ["(a)"] * 9, [256],
]  # fmt: skip
KEYS = ["", "a", "image", "container", "env", "DOCKER_TAG", "a b", "constants", "default", "name"]


def agree(reference: str, value: Plain) -> None:
    assert schemas.accepts(reference, value) == (not list(voice.faults(reference, value))), value


def corpus() -> list[tuple[str, Plain]]:
    texts = [text.replace(MARK, "") for _, text in [*ALL, *test_invalid_tasks.ALL]]
    found: list[tuple[str, Plain]] = []
    for text in texts:
        for document in read("a.yaml", text.encode(), Report()):
            plain = document.root.plain
            if isinstance(plain, dict) and plain.get("kind") in schemas.KINDS:
                found.append((str(plain["kind"]).lower(), plain))
    return found


@pytest.mark.parametrize("reference", sorted({*schemas.FILES, schemas.TASK_SPEC} - {"common"}))
def test_on_single_values(reference: str) -> None:
    for value in VALUES:
        agree(reference, value)


def test_on_the_corpus_of_invalid_manifests() -> None:
    for reference, value in corpus():
        agree(reference, value)


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 4))
@settings(max_examples=400, deadline=None)
def test_on_mutations(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    reference, value = chance.choice([*SEEDS, *CONFIGURATIONS])
    mutated: Any = copy.deepcopy(value)
    for _ in range(steps):
        mutate(mutated, chance)
    agree(reference, mutated)


def mutate(value: Any, chance: random.Random) -> None:  # noqa: ANN401  # JSON
    """Change one place somewhere inside."""
    while True:
        places: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        place = chance.choice(places) if places else None
        if place is not None and isinstance(value[place], dict | list) and chance.random() < 0.8:
            value = value[place]
            continue
        if isinstance(value, list):
            value.append(copy.deepcopy(chance.choice(VALUES)))
        elif place is not None and chance.random() < 0.6:
            value[place] = copy.deepcopy(chance.choice(VALUES))
        else:
            value[chance.choice(KEYS)] = copy.deepcopy(chance.choice(VALUES))
        return


def _seeds() -> list[tuple[str, Plain]]:
    spec = read("a.yaml", FULL.encode(), Report())[0].root.plain
    head: dict[str, Any] = {
        "apiVersion": "reconciler/v1",
        "metadata": {"name": "a", "labels": {"x": "y"}},
    }
    constants = {"A": {"default": 1, "type": "integer", "enum": [1, 2], "secret": False}}
    container = spec["container"] if isinstance(spec, dict) else {}
    bodies: dict[str, Any] = {
        "Task": spec,
        "Profile": {"constants": constants, "container": container, "task": {"instances": 2}},
        "Job": {"tasks": [{"name": "a", "env": {"A": 1}}, {"name": "b", "container": container}]},
        "Node": {
            "endpoint": "tcp://h:1",
            "tls": {"ca": "/a"},
            "capacity": {"cpus": 1, "gpus": 0},
            "power": {"pue": 1.2},
            "nodeTimeout": "2m",
            "drain": False,
        },
        "Bucket": {"url": "s3://abc", "endpoint": "https://h", "credentials": {"name": "a"}},
        "Pool": {
            "slot": {"memory": "1Gi"},
            "nodes": {"zone": "a"},
            "prepare": {"command": "x"},
            "scaling": [
                {"name": "a", "when": {"days": ["mon"], "from": "08:00"}, "slots": 4},
                {"name": "b", "minSlots": 0, "maxSlots": 8, "step": 0.2},
            ],
        },
    }
    found: list[tuple[str, Plain]] = [
        (k.lower(), {**head, "kind": k, "spec": body}) for k, body in bodies.items()
    ]
    for text in complete.ALL:
        root: Any = read("a.yaml", text.encode(), Report())[0].root.plain
        found.append((root["kind"].lower(), root))
    return found


POLICY: Plain = {
    "registries": ["docker.io"], "privileged": True, "binds": ["/data"],
    "capabilities": ["CHOWN"], "maximum": {"cpus": 1, "memory": "1Gi", "pids": 9},
}  # fmt: skip
CONFIGURATIONS: list[tuple[str, Plain]] = [
    ("policy", POLICY),
    ("operator", {"stateRoot": "/x", "policy": POLICY}),
    ("source", {"project": "p", "prune": {"share": 0.5}, "policy": POLICY}),
]
SEEDS = _seeds()


def test_seeds_are_valid() -> None:
    assert all(schemas.accepts(*seed) for seed in [*SEEDS, *CONFIGURATIONS])
