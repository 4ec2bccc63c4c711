"""examples/gitops is of one piece: the fleet, what the operator decides, and the unit."""

import configparser
import json
import re
from collections.abc import Iterator

import pytest
import yaml

from reconciler import manifests
from tests.cli.helpers import call
from tests.support.shell import ROOT

EXAMPLE = ROOT / "examples" / "gitops"
UNIT = (EXAMPLE / "server" / "reconciler.service").read_text("utf-8")
CREDENTIALS = "/run/credentials/reconciler.service/"


def secrets(value: object) -> Iterator[str]:
    """Yield each place of a secret in a configuration."""
    if isinstance(value, dict):
        if set(value) == {"file"}:
            yield value["file"]
        for entry in value.values():
            yield from secrets(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from secrets(entry)


def configuration() -> dict[str, object]:
    text = (EXAMPLE / "server" / "config.yaml").read_text("utf-8")
    said: dict[str, object] = yaml.safe_load(text)
    return said


def test_the_fleet_is_valid_for_a_repository() -> None:
    result = call("validate", EXAMPLE / "fleet", "--as-git", "--format", "json")
    assert json.loads(result.stdout) == {"checked": 4, "problems": []}


def test_each_secret_is_a_credential_of_the_unit() -> None:
    given = set(re.findall(r"^LoadCredential=([a-z-]+):", UNIT, re.MULTILINE))
    assert {CREDENTIALS + name for name in given} == set(secrets(configuration()))


def test_the_operators_configuration_is_valid() -> None:
    text = (EXAMPLE / "server" / "config.yaml").read_bytes()
    operator = manifests.operator("config.yaml", text, {}, [])
    assert operator.problems == ()
    (source,) = operator.service.sources
    assert (source.name, source.on_rewrite, source.forge is None) == ("fleet", "hold", False)


def test_the_unit_keeps_state_where_the_configuration_says() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT)
    assert configuration()["stateRoot"] == f"/var/lib/{unit['Service']['StateDirectory']}"
    assert unit["Service"]["NoNewPrivileges"] == "yes"


@pytest.mark.parametrize("path", ["Dockerfile", ".dockerignore", "requirements.lock"])
def test_no_address_of_packages(path: str) -> None:
    assert not re.search(r"https?://", (ROOT / path).read_text("utf-8"))
