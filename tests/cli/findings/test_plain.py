import json

from hypothesis import given

from reconciler.cli.findings import Findings
from tests.cli.findings.samples import anything, error, findings, told
from tests.cli.helpers import check


def test_all_of_it() -> None:
    said = json.loads(told("json", findings(error("wrong", line=3, column=4), a="x")))
    assert said["problems"] == [
        {
            "code": "unknown-field",
            "severity": "error",
            "path": "a.yaml",
            "line": 3,
            "column": 4,
            "pointer": "/spec/x",
            "message": "wrong",
            "hint": "Remove it.",
        }
    ]


def test_a_flood_is_told_whole() -> None:
    many = [error(f"e{n}") for n in range(1000)]
    assert len(json.loads(told("json", findings(*many)))["problems"]) == 1000


@given(anything())
def test_whatever_is_found_it_is_json_by_its_schema(shown: Findings) -> None:
    said = told("json", shown)
    said.encode("utf-8")
    check("validate", json.loads(said))
