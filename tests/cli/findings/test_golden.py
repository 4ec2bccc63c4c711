"""What is said of each invalid manifest, as text.

`UPDATE_GOLDEN=1 pytest tests/cli/findings/test_golden.py` writes the files anew; the diff is
then what a reviewer reads.
"""

import os
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.cli.findings import Findings
from reconciler.cli.findings.text import summary
from tests.cli.findings.samples import found_in, told
from tests.manifests import complete, test_across, test_buckets, test_nodes, test_pools
from tests.manifests import test_invalid as invalid
from tests.manifests import test_invalid_tasks as invalid_tasks
from tests.manifests.loaded import document, task
from tests.support.shell import ROOT

GOLDEN = ROOT / "tests" / "golden" / "problems"
GROUPS = {
    "across": test_across.CASES,
    "buckets": [(said, document("Bucket", "own", spec)) for said, spec in test_buckets.INVALID],
    "nodes": [(said, document("Node", "own", spec)) for said, spec in test_nodes.INVALID],
    "pools": [(said, document("Pool", "own", spec)) for said, spec in test_pools.INVALID],
} | {
    name.lower(): cases
    for module in (invalid, invalid_tasks)
    for name, cases in vars(module).items()
    if name.isupper() and name != "ALL" and isinstance(cases, list)
}
LAYOUT = {
    "a/first.yaml": task("instanses: 1\nenv: {日本語: [1], B: {C: 2}}"),
    "b.yaml": task("profile: docker-bach\nenv: {LONG: '" + "x" * 200 + "', §: 1}", "b"),
    "c.yaml": task("instances: 2\ninstances: 3", "c"),
    "d.yaml": task("".join(f"f{n}x: 1\n" for n in range(25)), "d"),
}


def plain(found: Findings) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", told("text", found))


def compare(name: str, said: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(said, "utf-8")
    assert said == path.read_text("utf-8")


@pytest.mark.parametrize("group", GROUPS)
def test_each_error_reads_as_recorded(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    said = ""
    for number, (_, text) in enumerate(GROUPS[group], start=1):
        others = b"" if group == "across" else complete.OTHERS.encode()
        files = {"a.yaml": text.replace(invalid.MARK, "").encode(), "others.yaml": others}
        found = found_in(files, Path.cwd())
        own = replace(found, problems=[p for p in found.problems if p.at.path != "others.yaml"])
        said += f"# {number}\n{plain(own)}"
    compare(group, said)


def test_several_files_read_as_recorded() -> None:
    found = found_in({path: text.encode() for path, text in LAYOUT.items()}, Path.cwd())
    compare("layout", f"{plain(found)}{summary(found)}\n")
