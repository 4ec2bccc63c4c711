"""What `cache: true` is warned of: what is not compared, and where nothing is taken over."""

import pytest

from reconciler.model.problem import Severity
from tests.manifests.loaded import load, task


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("container: {network: bridge}", "network bridge is not compared"),
        ("container: {network: host}", "network host is not compared"),
        (
            "container: {mounts: [{type: bind, source: /data, target: /in, readOnly: true}]}",
            "the bind at /in is not compared",
        ),
        (
            "container: {network: bridge, mounts: [{type: volume, source: v, target: /v}]}",
            "network bridge and the volume at /v is not compared",
        ),
        ("instances: 2\nplacement: {gang: true}", "a gang have no results of their own"),
        ("instances: 2\ncontainer: {network: cluster}", "a gang have no results of their own"),
    ],
)
def test_what_is_not_compared_is_warned_of(spec: str, said: str) -> None:
    catalog = load({"a.yaml": task(f"cache: true\n{spec}")})
    (problem,) = catalog.problems
    assert (problem.code, problem.severity) == ("unsure-cache", Severity.WARNING)
    assert said in problem.message
    assert str(problem.at) == "a.yaml:5:3"
    assert catalog.desired is not None
    assert catalog.desired.tasks["pi"].cache


@pytest.mark.parametrize(
    "spec",
    [
        "cache: true",
        "cache: true\ncontainer: {network: none, mounts: [{type: tmpfs, target: /tmp}]}",
        "cache: false\ncontainer: {network: bridge}",
        "container: {network: bridge}",
    ],
)
def test_where_all_is_compared_nothing_is_said(spec: str) -> None:
    assert load({"a.yaml": task(spec)}).problems == ()
