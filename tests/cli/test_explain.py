import json

import pytest

from reconciler.manifests.explanations import codes
from tests.cli.helpers import call


def test_an_entry_with_its_examples() -> None:
    said = call("explain", "unknown-field")
    assert said.exit_code == 0
    assert said.stdout.startswith("unknown-field: ")
    assert "\nWrong\n\n    apiVersion: reconciler/v1\n" in said.stdout
    assert "\nRight\n\n    apiVersion: reconciler/v1\n" in said.stdout
    assert "```" not in said.stdout


def test_the_list_of_codes() -> None:
    listed = call("explain").stdout.splitlines()
    assert [line.split("  ")[0] for line in listed] == list(codes())
    plain = json.loads(call("explain", "--format", "json").stdout)
    assert [entry["code"] for entry in plain["problems"]] == list(codes())


def test_an_entry_as_json() -> None:
    said = json.loads(call("explain", "unknown-field", "--format", "json").stdout)
    assert set(said) == {"code", "title", "meaning", "wrong", "right"}
    assert "command: echo hello" in said["wrong"]["example.yaml"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("unknown-feild", "did you mean unknown-field?"),
        ("Unknown_Fields", "did you mean unknown-field?"),
        ("E501", "`reconciler explain` lists all"),
        ("../profiles/docker-batch", "there is no problem with the code"),
    ],
)
def test_a_code_that_does_not_exist(word: str, said: str) -> None:
    result = call("explain", word)
    assert result.exit_code == 1
    assert said in result.stderr
