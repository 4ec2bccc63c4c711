"""What reconciler.yaml decides, and what it cannot."""

import pytest

from reconciler.model.desired import HoldLimits
from reconciler.model.policy import GIT, Maximum, Policy, listed
from tests.manifests.loaded import load, task
from tests.manifests.test_invalid import MARK, marked

INVALID = [
    ("unknown-field", "§projekt: p\n"),
    ("wrong-type", "project: p\npolicy: §[a]\n"),
    ("unknown-field", "policy: {§priviledged: true}\n"),
    ("wrong-type", "policy: {privileged: §1}\n"),
    ("wrong-type", "policy: {registries: §docker.io}\n"),
    ("wrong-type", "policy: {images: [§1]}\n"),
    ("bad-format", "policy: {binds: [§data]}\n"),
    ("unknown-value", "policy: {capabilities: [CHOWN, §CHWON]}\n"),
    ("bad-format", "policy: {maximum: {memory: §lots}}\n"),
    ("bad-format", "policy: {maximum: {cpus: §'${X}'}}\n"),
    ("out-of-range", "policy: {maximum: {pids: §0}}\n"),
    ("wrong-type", "policy: {maximum: {instances: §1.5}}\n"),
    ("out-of-range", "prune: {share: §2}\n"),
    ("out-of-range", "prune: {instances: §-1}\n"),
    ("unknown-field", "prune: {§limit: 1}\n"),
    ("wrong-type", "prune: §5\n"),
    ("bad-name", "defaults: {profile: §A}\n"),
    ("wrong-type", "§[a]\n"),
    ("unknown-version", "apiVersion: §v2\n"),
]


@pytest.mark.parametrize(("code", "text"), INVALID)
def test_says_what_and_where(code: str, text: str) -> None:
    catalog = load({"reconciler.yaml": text.replace(MARK, ""), "a.yaml": task()})
    found = [(p.code, f"{p.at.line}:{p.at.column}") for p in catalog.problems]
    assert found == [({"unknown-version": "unknown-value"}.get(code, code), *marked(text))]
    assert catalog.desired is None


WIDENING = """\
policy:
  privileged: §true
  requireDigest: §false
  registries: [docker.io, §"*"]
  binds: [/data/a, §/home]
  capabilities: [CHOWN, §ALL]
  maximum: {memory: §2Gi, cpus: 1}
"""


def test_widening_changes_nothing_and_is_told() -> None:
    operator = Policy(
        privileged=False, undigested=False, registries=listed(["docker.io"]),
        binds=listed(["/data"]), capabilities=listed(["CHOWN"]),
        maximum=Maximum(memory=1024**3, cpus=2.0),
    )  # fmt: skip
    files = {"reconciler.yaml": WIDENING.replace(MARK, ""), "a.yaml": task()}
    catalog = load(files, policy=operator)
    warned = [p for p in catalog.problems if p.at.path == "reconciler.yaml"]
    assert [f"{p.at.line}:{p.at.column}" for p in warned] == marked(WIDENING)
    assert {(p.code, p.severity.value) for p in warned} == {("policy-widened", "warning")}
    assert "policy-digest" in {p.code for p in catalog.errors}


def test_a_repositorys_source_may_not_allow_itself_anything() -> None:
    text = "policy: {privileged: true, binds: [/], secrets: ['*']}\n"
    bound = task("container: {mounts: [{type: bind, source: /data, target: /x}]}")
    catalog = load({"reconciler.yaml": text, "a.yaml": bound}, policy=GIT)
    assert [p.code for p in catalog.errors] == ["policy-bind"]
    assert [p.code for p in catalog.problems].count("policy-widened") == 3


def test_limits_of_the_hold() -> None:
    desired = load({"reconciler.yaml": "prune: {share: 0.2, instances: 50}\n"}).desired
    assert desired is not None
    assert desired.hold == HoldLimits(0.2, 50)
    without = load(task()).desired
    assert without is not None
    assert without.hold == HoldLimits(0.5, 5)


def test_a_configuration_without_a_name_is_one_all_the_same() -> None:
    catalog = load({"reconciler.yaml": "prune: {instances: 9}\n"})
    assert catalog.project == "project"
    assert catalog.desired is not None
    assert catalog.desired.prunable


def test_defaults_are_not_acted_on_yet() -> None:
    (problem,) = load({"reconciler.yaml": "project: p\ndefaults: {profile: x}\n"}).problems
    assert (problem.code, str(problem.at)) == ("not-supported-yet", "reconciler.yaml:2:1")
