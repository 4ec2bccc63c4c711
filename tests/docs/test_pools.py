"""What docs/pools.md shows is so: its manifests, the states that it explains, and its commands."""

import re

from reconciler.manifests import load
from reconciler.model.pool import SlotState
from tests.cli.helpers import call
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "pools.md").read_text("utf-8")


def test_its_manifests_are_valid() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    catalog = load({"a.yaml": text.encode()}, project="demo", revision="f-1")
    assert catalog.problems == ()
    assert catalog.desired is not None
    pool = catalog.desired.pools["nightly"]
    assert (pool.per_node, pool.runs, len(pool.policies)) == (2, True, 2)
    assert catalog.desired.tasks["frames"].spec.pool == "nightly"


def test_it_explains_each_state() -> None:
    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE)) == {*SlotState}


def test_its_verb_is_there() -> None:
    assert call("pools", "--help").exit_code == 0
