"""What docs/nodes.md shows is so: its manifests, its commands, and the states that it explains."""

import re
from pathlib import Path
from typing import get_args

from reconciler.manifests import load, operator
from reconciler.model.fact import Order
from reconciler.planning.nodes import Condition
from tests.cli.helpers import HELLO, call, given, write
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "nodes.md").read_text("utf-8")


def test_its_manifests_are_valid() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    catalog = load({"a.yaml": text.encode()}, project="demo", revision="f-1")
    assert catalog.problems == ()
    assert catalog.desired is not None
    assert catalog.desired.nodes["big-1"].timeout == 120.0
    assert catalog.desired.tasks["pi"].replaced


def test_an_error_in_a_list_is_shown_as_it_is_told(tmp_path: Path) -> None:
    (text,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    source = write(tmp_path / "fleet", hello=HELLO)
    result = given("n[1-4]\n", "apply", source, "--wait", "--nodes", "-")
    assert result.stderr.startswith(text)


def test_the_endpoints_of_hosts_can_be_meant() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `--node-endpoint"))
    examples = re.findall(r"`(\w+://[^`]*\{host\}[^`]*)`", row)
    assert len(examples) == 3
    for example in examples:
        assert operator("config.yaml", b"", {}, [f"nodes.endpoint={example}"]).problems == ()


def test_it_explains_each_state() -> None:
    assert re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE) == [c.value for c in Condition]


def test_its_orders_are_those_that_there_are() -> None:
    named = set(re.findall(r"reconciler nodes (\w+) ", PAGE))
    assert named == {*get_args(Order), "uncordon", "forget"} - {""}
    for name in named:
        assert call("nodes", name, "--help").exit_code == 0
