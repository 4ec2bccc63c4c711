"""What docs/buckets.md shows is so: manifests, configuration, verbs and sentences."""

import re

from reconciler.cli.verbs.buckets import command
from reconciler.manifests import load, operator
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "buckets.md").read_text("utf-8")
MANIFESTS, CONFIGURATION = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_its_manifests_are_valid() -> None:
    catalog = load({"a.yaml": MANIFESTS.encode()}, project="demo", revision="f-1")
    assert catalog.problems == ()
    assert catalog.desired is not None
    assert set(catalog.desired.buckets) == {"results", "scripts"}


def test_its_configuration_is_valid() -> None:
    read = operator("config.yaml", CONFIGURATION.encode(), {}, ())
    assert read.problems == ()
    assert read.service.credentials["lab-s3"].secret_key is not None
    assert read.service.credentials["machine"].role


def test_it_names_each_verb() -> None:
    shown = set(re.findall(r"^\| `(\w+) (?:BUCKET|FILE|FOLDER|SOURCE)", PAGE, re.MULTILINE))
    assert shown == set(command.commands)


def test_it_quotes_what_is_told() -> None:
    rows = PAGE.partition("| what is told")[2].partition("\n\n")[0]
    said = (ROOT / "reconciler" / "buckets" / "failures.py").read_text("utf-8")
    said += (ROOT / "reconciler" / "buckets" / "folder.py").read_text("utf-8")
    for sentence in re.findall(
        r"`([^`]+)`", "\n".join(re.findall(r"^\| (.*?) \|", rows, re.MULTILINE))
    ):
        if sentence[0].islower():
            assert sentence.removeprefix("the credentials NAME ") in said
