import pytest

from tests.manifests.loaded import document, load
from tests.manifests.test_invalid import MARK, marked


def scaling(*policies: str) -> str:
    return "scaling:\n" + "\n".join(f"- {policy}" for policy in policies)


def window(when: str) -> str:
    return scaling(f"{{name: a, slots: 1, when: {when}}}")


INVALID = [
    ("out-of-range", "slotsPerNode: §0"),
    ("bad-name", "profile: §Docker"),
    ("bad-format", "slot: {memory: §lots}"),
    ("misplaced-constant", "slot: {memory: §'${M}'}"),
    ("bad-command", 'prepare: {command: §"a \'b"}'),
    ("missing-field", "inputs: [§{bucket: b}]"),
    ("missing-field", scaling("§{slots: 1}")),
    ("missing-field", scaling("§{name: a}")),
    ("missing-field", scaling("§{name: a, idleFor: 9s}")),
    ("excluded-field", scaling("{name: a, slots: 4, §maxSlots: 8}")),
    ("excluded-field excluded-field", scaling("{name: a, slots: 4, §idleFor: 1s, §step: 1}")),
    ("out-of-range", scaling("{name: a, minSlots: §9, maxSlots: 8}")),
    ("out-of-range", scaling("{name: a, minIdleSlots: §9, maxSlots: 8}")),
    ("out-of-range", scaling("{name: a, maxSlots: §0}")),
    ("out-of-range", scaling("{name: a, maxSlots: 8, step: §0}")),
    ("bad-format", scaling("{name: a, maxSlots: 8, idleFor: §1 minute}")),
    ("duplicate-name", scaling("{name: a, slots: 1, when: {}}", "{name: §a, slots: 2}")),
    ("unknown-value", window("{days: [§monday]}")),
    ("out-of-range", window("{days: §[]}")),
    ("duplicate-value", window("{days: [mon, tue, §mon]}")),
    ("bad-format", window("{from: §'8:00'}")),
    ("bad-format", window("{to: §'25:00'}")),
    ("wrong-type", window("{from: §8}")),
    ("out-of-range", window("{from: §'24:00', to: '08:00'}")),
    ("empty-window", window("{from: '08:00', to: §'08:00'}")),
    ("unknown-value", window("{timezone: §Europe/Berlni}")),
    ("unknown-value", window("{timezone: §CES}")),
    ("bad-format", window("{timezone: §'+01:00'}")),
    ("unknown-field", window("{§zone: UTC}")),
]


@pytest.mark.parametrize(("codes", "spec"), INVALID)
def test_says_what_and_where(codes: str, spec: str) -> None:
    text = document("Pool", "p", spec)
    errors = load(text.replace(MARK, "")).errors
    found = [(p.code, f"{p.at.line}:{p.at.column}") for p in errors if p.code != "unknown-bucket"]
    assert found == list(zip(codes.split(), marked(text), strict=True))


def test_the_nearest_time_zone_is_named() -> None:
    (problem,) = load(document("Pool", "p", window("{timezone: Europe/Berlni}"))).errors
    assert problem.hint == "Did you mean 'Europe/Berlin'?"


FULL = """\
profile: docker-batch
constants: {DOCKER_TAG: '${DOCKER_REPO}'}
nodes: {zone: a}
slotsPerNode: 2
slot: {cpus: 1, memory: 1Gi, gpus: 0}
prepare: {command: "make ${RESOURCES_PATH}"}
scaling:
- {name: night, when: {from: 22:00, to: 06:00, timezone: Europe/Berlin}, slots: 8}
- {name: office, when: {days: [mon, fri], from: '08:00', to: '18:00'}, slots: 4}
- {name: queue, minSlots: 0, maxSlots: 8, minIdleSlots: 1, idleFor: 90s, step: 0.2}
"""


def test_a_pool_with_everything_is_understood_and_not_acted_on_yet() -> None:
    (problem,) = load(document("Pool", "p", FULL)).problems
    assert (problem.code, problem.severity.value) == ("not-supported-yet", "warning")
    assert str(problem.at) == "a.yaml:1:1"


def test_a_policy_that_never_applies_is_told() -> None:
    text = document("Pool", "p", scaling("{name: a, slots: 1}", "§{name: b, slots: 2}"))
    _, problem = load(text.replace(MARK, "")).problems
    assert (problem.code, problem.severity.value) == ("unreachable-policy", "warning")
    assert [f"{problem.at.line}:{problem.at.column}"] == marked(text)
