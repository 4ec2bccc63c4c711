"""What docs/nodes.md shows is so: its manifests, its commands, and the states that it explains."""

import re
from typing import get_args

from reconciler.manifests import load
from reconciler.model.fact import Order
from reconciler.planning.nodes import Condition
from tests.cli.helpers import call
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "nodes.md").read_text("utf-8")


def test_its_manifests_are_valid() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    catalog = load({"a.yaml": text.encode()}, project="demo", revision="f-1")
    assert catalog.problems == ()
    assert catalog.desired is not None
    assert catalog.desired.nodes["big-1"].timeout == 120.0
    assert catalog.desired.tasks["pi"].replaced


def test_it_explains_each_state() -> None:
    assert re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE) == [c.value for c in Condition]


def test_its_orders_are_those_that_there_are() -> None:
    named = set(re.findall(r"reconciler nodes (\w+) ", PAGE))
    assert named == {*get_args(Order), "uncordon", "forget"} - {""}
    for name in named:
        assert call("nodes", name, "--help").exit_code == 0
