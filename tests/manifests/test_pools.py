import pytest

from reconciler.model.amounts import Amounts
from reconciler.model.data import Input
from reconciler.model.pool import Policy, Window
from tests.manifests.loaded import desired, document, load, profile, task
from tests.manifests.test_invalid import MARK, marked

EVERY_DAY = tuple(range(7))


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
constants: {DOCKER_WORKDIR: '${RESOURCES_PATH}'}
nodes: {zone: a}
slotsPerNode: 2
slot: {cpus: 1, memory: 1Gi, gpus: 0}
prepare: {command: "make ${RESOURCES_PATH}"}
scaling:
- {name: night, when: {from: 22:00, to: 06:00, timezone: Europe/Berlin}, slots: 8}
- {name: office, when: {days: [mon, fri], from: '08:00', to: '18:00'}, slots: 4}
- {name: queue, minSlots: 0, maxSlots: 8, minIdleSlots: 1, idleFor: 90s, step: 0.2}
"""


def test_a_pool_with_everything() -> None:
    found = desired(document("Pool", "p", FULL))
    pool, preparer = found.pools["p"], found.tasks["pool_p"]
    assert (pool.nodes, pool.per_node, pool.runs) == ((("zone", "a"),), 2, True)
    assert pool.room == Amounts(1.0, 1 << 30, 0)
    assert pool.policies == (
        Policy(name="night", window=Window(EVERY_DAY, 1320, 360, "Europe/Berlin"), slots=8),
        Policy(name="office", window=Window((0, 4), 480, 1080), slots=4),
        Policy(name="queue", most=8, idle=1, idle_for=90.0, step=0.2),
    )
    assert (pool.task, preparer.prepares, preparer.instances) == ("pool_p", "p", ())
    assert preparer.spec.command == ("make", "/job")
    assert (preparer.spec.resources.cpus, preparer.spec.resources.memory) == (1.0, 1 << 30)


def test_a_pool_that_says_nothing_prepares_its_image_alone() -> None:
    pool = desired(document("Pool", "p", "")).pools["p"]
    assert (pool.runs, pool.policies, pool.per_node, pool.room) == (False, (), 1, Amounts())


def test_what_a_profile_says_of_tasks_is_not_for_preparation() -> None:
    own = profile("container: {image: x}\ntask: {pool: p, priority: 3, timeout: 1h}")
    text = "---\n".join([own, document("Pool", "p", "profile: mine"), task("profile: mine")])
    found = desired(text).tasks
    assert found["pi"].spec.pool == "p"
    preparer = found["pool_p"]
    assert (preparer.spec.pool, preparer.priority, preparer.timeout) == ("", 0, 0.0)


def test_slots_are_prepared_anew_when_what_prepares_them_changes_and_only_then() -> None:
    def form(spec: str) -> str:
        return desired(document("Pool", "p", spec)).pools["p"].form

    least = form("slotsPerNode: 1")
    assert form("slotsPerNode: 2\nnodes: {zone: b}\nscaling: [{name: a, slots: 2}]") == least
    others = ["slot: {cpus: 1}", "prepare: {command: a}", "constants: {DOCKER_TAG: b}"]
    assert len({least, *map(form, others)}) == 4


def test_a_task_is_in_its_own_pool_else_in_its_jobs() -> None:
    job = document("Job", "j", "pool: p\ntasks: [{name: a}, {name: b, pool: q}]")
    pools = [document("Pool", name, "") for name in "pq"]
    found = desired("---\n".join([job, *pools, task("job: j", "c"), task("", "d")])).tasks
    assert {name: found[name].spec.pool for name in "abcd"} == {
        "a": "p", "b": "q", "c": "p", "d": "",
    }  # fmt: skip
    assert found["a"].shape == found["c"].shape != found["d"].shape
    assert found["a"].work == found["d"].work


def test_what_the_preparation_asks_for_is_judged_like_any_task() -> None:
    (problem,) = load(document("Pool", "p", "constants: {DOCKER_TAGG: a}")).errors
    assert (problem.code, str(problem.at)) == ("unknown-constant", "a.yaml:5:15")


def test_inputs_are_those_of_what_prepares_the_slots() -> None:
    bucket = document("Bucket", "b", "url: file:///srv/b")
    pool = document("Pool", "p", "inputs: [{bucket: b, target: /job}]")
    preparation = desired(f"{bucket}---\n{pool}").tasks["pool_p"]
    assert preparation.spec.inputs == (Input(bucket="b", target="/job"),)
    assert not preparation.blocked


def test_a_policy_that_never_applies_is_told() -> None:
    text = document("Pool", "p", scaling("{name: a, slots: 1}", "§{name: b, slots: 2}"))
    (problem,) = load(text.replace(MARK, "")).problems
    assert (problem.code, problem.severity.value) == ("unreachable-policy", "warning")
    assert [f"{problem.at.line}:{problem.at.column}"] == marked(text)
