import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from jsonschema import Draft4Validator

from reconciler import __version__
from reconciler.cli.findings import Findings
from tests.cli.findings.samples import anything, error, findings, found_in, told, warning
from tests.manifests.loaded import task

SCHEMA = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text("utf-8"))
OFFICIAL = Draft4Validator(SCHEMA)


def run(found: Findings) -> Any:  # noqa: ANN401  # JSON
    """Return the log's one run; the log is valid by the official schema."""
    log = json.loads(told("sarif", found))
    OFFICIAL.validate(log)
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    return only


def fingerprints(text: str) -> list[str]:
    results = run(found_in({"a.yaml": text.encode()}))["results"]
    return [result["partialFingerprints"]["problem/v1"] for result in results]


def test_results_and_the_rules_they_break() -> None:
    said = run(findings(error("wrong", line=3, column=4), warning("odd"), a="x"))
    driver, results = said["tool"]["driver"], said["results"]
    assert (driver["name"], driver["version"]) == ("reconciler", __version__)
    assert [result["level"] for result in results] == ["error", "warning"]
    for result in results:
        rule = driver["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["shortDescription"]["text"]
        assert "## Right" in rule["help"]["markdown"]
    assert results[0]["message"]["text"] == "wrong\nRemove it."
    (place,) = results[0]["locations"]
    physical = place["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "a.yaml", "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": 3, "startColumn": 4}
    assert place["logicalLocations"] == [{"name": "x", "fullyQualifiedName": "/spec/x"}]


def test_columns_count_code_points() -> None:
    text = task("env: {A: '\U0001f600\U0001f600', B: [x]}")
    said = run(found_in({"a.yaml": text.encode()}))
    assert said["columnKind"] == "unicodeCodePoints"
    region = said["results"][0]["locations"][0]["physicalLocation"]["region"]
    line = text.splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 :].startswith("[x]")


def test_files_are_named_from_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    source = tmp_path / "a b" / "jobs"
    source.mkdir(parents=True)
    said = run(findings(error("x", "ü:%\udcff.yaml"), root=source))
    assert said["originalUriBaseIds"]["%SRCROOT%"]["uri"] == f"file://{tmp_path}/"
    (place,) = said["results"][0]["locations"]
    uri = place["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b/jobs/%C3%BC%3A%25%FF.yaml"
    assert unquote_to_bytes(uri) == "a b/jobs/ü:%".encode() + b"\xff.yaml"


def test_what_is_in_no_file_stands_at_the_source() -> None:
    (result,) = run(findings(error("gone", "")))["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical == {"artifactLocation": {"uri": "./", "uriBaseId": "%SRCROOT%"}}


def test_fingerprints_survive_what_moves_lines() -> None:
    wrong = task("instances: -1") + "---\n" + task("instances: -1", "other")
    moved = "# a comment\n\n" + wrong.replace("---\n", "# another\n---\n\n")
    assert fingerprints(wrong) == fingerprints(moved)
    assert len(set(fingerprints(wrong))) == 2


def test_fingerprints_tell_other_problems_apart() -> None:
    assert fingerprints(task("instances: -1")) != fingerprints(task("parallelism: -1"))
    assert fingerprints(task("instances: -1")) != fingerprints(task("instances: -2"))


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("[here](http://x)", "[here] (http://x)"),
        ("use {0}", "use {{0}}"),
        ("{A: 1} [x]", "{A: 1} [x]"),
    ],
)
def test_nothing_becomes_a_link_or_a_placeholder(message: str, shown: str) -> None:
    (result,) = run(findings(error(message)))["results"]
    assert result["message"]["text"] == f"{shown}\nRemove it."


@given(anything())
def test_whatever_is_found_the_log_is_valid(found: Findings) -> None:
    told("sarif", found).encode("utf-8")
    said = run(found)
    assert len(said["results"]) == len(found.problems)
    for result in said["results"]:
        for location in result["locations"]:
            assert location["physicalLocation"]["artifactLocation"]["uri"].isascii()
