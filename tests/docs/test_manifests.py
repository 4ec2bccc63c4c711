"""The reference of manifests is what the schemas say, and its examples are right."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler import manifests
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from reconciler.model.problem import Severity

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "manifests.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# (\S+\.yaml)\n")
NAMES = [*manifests.kinds(), *manifests.configurations()]


def test_the_page_is_made_from_the_schemas(tmp_path: Path) -> None:
    made = tmp_path / "manifests.md"
    subprocess.run([sys.executable, ROOT / ".dev" / "manifests_page.py", made], check=True)
    assert made.read_text("utf-8") == TEXT, "docs/manifests.md is stale: run `make docs`"


def examples() -> Iterator[tuple[str, bytes]]:
    """Yield each example with the name of the file that it would stand in."""
    for number, text in enumerate(EXAMPLES):
        named = NAMED.match(text)
        yield named[1] if named else f"example-{number}.yaml", text.encode()


def test_the_examples_are_a_source_without_errors() -> None:
    files = {name: text for name, text in examples() if name != "config.yaml"}
    catalog = manifests.load(files, project="project", revision="r")
    assert catalog.project == "lab"
    assert [str(p) for p in catalog.problems if p.severity is Severity.ERROR] == []
    assert {p.code for p in catalog.problems} <= {"not-supported-yet"}
    assert set(re.findall(r"^kind: (\w+)$", TEXT, re.MULTILINE)) == set(manifests.kinds())


def test_the_example_of_the_operators_configuration() -> None:
    (text,) = (text for name, text in examples() if name == "config.yaml")
    (document,) = read("config.yaml", text, Report())
    Draft202012Validator(manifests.schema("operator")).validate(document.root.plain)


def descriptions(schema: object) -> Iterator[str]:
    """Yield what is said of the fields of a schema, those inside of them included."""
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            if name != "spec" and isinstance(field, dict) and "description" in field:
                yield field["description"]
        for part in schema.values():
            yield from descriptions(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from descriptions(part)


@pytest.mark.parametrize("name", NAMES)
def test_each_field_is_told_of(name: str) -> None:
    plain = TEXT.replace("\\", "")
    assert [said for said in descriptions(manifests.schema(name)) if said not in plain] == []


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_links_lead_somewhere() -> None:
    headings = [slug(line.lstrip("# ")) for line in TEXT.splitlines() if line.startswith("#")]
    assert len(set(headings)) == len(headings)
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        assert (PAGE.parent / path).exists(), target
        assert path or anchor in headings, target
