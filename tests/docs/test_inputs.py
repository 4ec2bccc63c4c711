"""What docs/inputs.md shows is so: its manifests, and what is said of the operator's limit."""

import re

from reconciler import manifests
from reconciler.cli.data import data_terms
from reconciler.engines.docker import depot
from reconciler.manifests import load
from reconciler.model.identity import AttemptKey, InstanceKey, data_name
from reconciler.planning.input_sets import sets_of
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "inputs.md").read_text("utf-8")


def test_its_manifests_are_valid_and_mean_what_is_said() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    catalog = load({"a.yaml": text.encode()}, project="demo", revision="f-1")
    assert catalog.problems == ()
    assert catalog.desired is not None
    task = catalog.desired.tasks["count"]
    third = AttemptKey(InstanceKey("count", 3), 1, 1)
    shared, own = sets_of(catalog.desired, task, third)
    assert (shared.target, shared.read_only) == ("/job/bin", True)
    assert [origin.prefix for origin in own.origins] == ["common/", "run-3/"]


def test_the_operators_limit_is_what_it_says() -> None:
    def cache(*settings: str) -> int:
        return data_terms(manifests.operator("c.yaml", b"", {}, settings)).cache

    assert cache() == 20 * 2**30
    assert "20 GiB by default" in PAGE
    assert cache("dataCache=200Gi") == 200 * 2**30
    assert "--set dataCache=200Gi" in PAGE


def test_the_names_on_the_node_are_those() -> None:
    assert f"`{data_name('PROJECT', 'KEY')}`" in PAGE
    assert f"`{depot.IMAGE}`" in PAGE
