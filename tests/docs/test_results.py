"""What docs/results.md shows is so: its manifests, its commands, and what prefixes may use."""

import re

from reconciler.manifests import load
from reconciler.planning.prefixes import builtins_of
from tests.cli.helpers import call
from tests.support.desired import make_desired, make_task
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "results.md").read_text("utf-8")


def test_its_manifests_are_valid() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    catalog = load({"a.yaml": text.encode()}, project="demo", revision="f-1")
    assert catalog.problems == ()
    assert catalog.desired is not None
    kept = catalog.desired.tasks["pi"].outputs
    assert kept is not None
    assert (kept.include, kept.exclude, kept.snapshot_every) == (("**/*.csv",), ("tmp/",), 30.0)
    assert (kept.on_failure, kept.on_cancel) == ("upload", "discard")


def test_its_commands_are_those_that_there_are() -> None:
    shown = re.findall(r"^    (?:\$ )?reconciler (\w+)([^#\n]*)", PAGE, re.MULTILINE)
    assert {verb for verb, _ in shown} == {"snapshot", "results", "stop"}
    for verb, rest in shown:
        offered = call(verb, "--help").output
        assert all(option in offered for option in re.findall(r"--\w+", rest)), (verb, rest)


def test_it_names_what_a_prefix_may_use() -> None:
    task = make_task()
    key = task.keys()[0]
    from reconciler.model.identity import AttemptKey  # noqa: PLC0415

    for name in builtins_of(make_desired(task), task, AttemptKey(key, 1, 1)):
        assert f"${{{name}}}" in PAGE


def test_it_says_how_results_that_were_taken_over_are_told_of() -> None:
    from reconciler.model.identity import AttemptKey, InstanceKey  # noqa: PLC0415  # as above

    assert f"`taken over from {AttemptKey(InstanceKey('pi', 3), 2, 1)}`" in PAGE
    for verb in ("apply", "run", "plan"):
        assert "--no-cache" in call(verb, "--help").output
