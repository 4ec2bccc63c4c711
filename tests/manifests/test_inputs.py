"""Which inputs cannot be meant together."""

import pytest

from reconciler.manifests import load

BUCKET = b"""
apiVersion: reconciler/v1
kind: Bucket
metadata: {name: data}
spec: {url: "file:///srv/data"}
"""
TASK = """
apiVersion: reconciler/v1
kind: Task
metadata: {{name: work}}
spec:
  profile: docker-batch
  constants: {{DOCKER_REPO: busybox, DOCKER_TAG: stable, DOCKER_CMD: ls}}
  inputs:
  - {{bucket: data, target: /in, {first}}}
  - {{bucket: data, {second}}}
"""


def problems(first: str, second: str) -> list[tuple[str, str]]:
    text = TASK.format(first=first, second=second).encode()
    found = load({"b.yaml": BUCKET, "t.yaml": text}, project="demo", revision="r").problems
    return [(problem.code, problem.message) for problem in found]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("readOnly: true", "target: /in, readOnly: true"),
        ("prefix: a/", "target: /in, prefix: b/"),
        ("prefix: a/", "target: /in/deeper"),
        ("readOnly: true", "target: /other"),
    ],
)
def test_alike_and_apart_they_are_fine(first: str, second: str) -> None:
    assert problems(first, second) == []


def test_what_has_one_target_is_shared_or_copied_as_a_whole() -> None:
    assert problems("readOnly: true", "target: /in") == [
        ("excluded-field", "readOnly: other inputs at /in say otherwise")
    ]


def test_nothing_lies_in_what_is_read_only() -> None:
    assert problems("readOnly: true", "target: /in/deeper") == [
        ("duplicate-target", "the target /in/deeper lies in /in, which is read-only")
    ]
