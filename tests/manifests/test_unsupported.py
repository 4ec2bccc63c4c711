"""Fields that nothing acts on yet: each is told, and blocks its task."""

import pytest

from reconciler.manifests.schemas import FILES
from reconciler.manifests.shipped import schema_file
from reconciler.manifests.unsupported import OF_TASKS, why_blocked
from reconciler.manifests.wording import _CODES
from reconciler.model.desired import DesiredTask
from reconciler.model.problem import Problem, Severity
from tests.manifests import complete
from tests.manifests.loaded import document, load, only, profile, task

BASE = "env: {A: 1}\ncontainer: {image: x}\n"


def read(text: str) -> tuple[tuple[Problem, ...], dict[str, DesiredTask]]:
    catalog = load({"a.yaml": text, "others.yaml": complete.OTHERS})
    assert catalog.errors == ()
    assert catalog.desired is not None
    own = tuple(problem for problem in catalog.problems if problem.at.path != "others.yaml")
    return own, {
        name: one for name, one in catalog.desired.tasks.items() if name != "x" and not one.prepares
    }


def test_every_field_is_accepted_and_told_once() -> None:
    problems, tasks = read("---\n".join(complete.ALL))
    assert {p.severity for p in problems} == {Severity.WARNING}
    assert [p.message for p in problems if p.code != "not-supported-yet"] == [
        "cache: the instances of a gang have no results of their own to take over"
    ]
    problems = tuple(p for p in problems if p.code == "not-supported-yet")
    told = [p.message.partition(" is not supported yet: ")[0] for p in problems]
    assert set(told) == {gap.path for gap in OF_TASKS}
    assert len({(p.at, p.pointer) for p in problems}) == len(problems)
    assert set(tasks) == {"pi", "web", "prepare", "other"}
    assert {name for name, found in tasks.items() if found.blocked} == {"pi"}
    assert len(tasks["pi"].instances) == 4


@pytest.mark.parametrize(
    ("spec", "place", "path"),
    [("container: {resources: {devices: [/dev/a]}}", "5:27", "container.resources.devices")],
)
def test_each_field(spec: str, place: str, path: str) -> None:
    (problem,), tasks = read(task(spec))
    assert (problem.code, str(problem.at)) == ("not-supported-yet", f"a.yaml:{place}")
    assert problem.message.startswith(f"{path} is not supported yet: ")
    said = f"not started, for {path} (a.yaml:{place}) is not supported yet"
    assert tasks["pi"].blocked == said


@pytest.mark.parametrize(
    "spec",
    [
        "priority: 3\nsuspend: false\ncache: false\nonChange: finish\nonScale: rerun",
        "placement: {gang: true, spread: node, onNodeLoss: wait, nodes: {}}",
        "instances: {matrix: {a: [1, 2]}}",
        "schedule: {cron: 0 0 * * *, overlap: allow}",
        "instances: 3\nsuccess: {minSucceeded: 3}\nparallelism: 2\nrerun: 1",
        "inputs: []\ndependsOn: []\nprogress: ['${DOCKER_HOST}']",
        "secrets: [{name: A, from: {env: B}}]",
        "restart: on-failure\nretry: {perInstance: 1, backoff: {initial: 1s}, exitCodes: {}}",
        "instances: 2\nsuccess: {minSucceeded: 1}\nretry: {total: 3, exitCodes: {fail: [2]}}",
        "timeout: 1h\nqueueTimeout: 1h",
        "profile: docker-service\nrollout: {maxUnavailable: 2, maxSurge: 1}",
        "ttl: 0\nprogress: ['(a)']",
        "container: {network: bridge, resources: {devices: []}}",
        "container: {image: {registryAuth: {username: '${DOCKER_USER}'}}}",
    ],
)  # fmt: skip
def test_defaults_and_what_is_acted_on_say_nothing(spec: str) -> None:
    assert only(task(spec)).blocked == ""


def test_a_profile_is_told_once_and_blocks_each_of_its_tasks() -> None:
    own = profile("container: {image: x, resources: {devices: [/dev/a]}}")
    text = "---\n".join([own, task("profile: mine", "a"), task("profile: mine", "b")])
    problems, tasks = read(text)
    assert [str(p.at) for p in problems] == ["a.yaml:5:37"]
    assert {found.blocked for found in tasks.values()} == {
        "not started, for container.resources.devices (a.yaml:5:37) is not supported yet"
    }


def test_what_tasks_and_jobs_mean_to_each_other_is_acted_on() -> None:
    job = document("Job", "j", "deadline: 2h\nonTaskFailure: cancel\ntasks: [{name: a}]")
    problems, tasks = read("---\n".join([job, task("dependsOn: [{task: a}]", "b")]))
    assert problems == ()
    assert {found.blocked for found in tasks.values()} == {""}


def test_many_reasons_are_counted() -> None:
    found = [f"field-{number} (a.yaml:{number}:3)" for number in range(5, 9)]
    assert why_blocked(found) == (
        "not started, for field-5 (a.yaml:5:3), field-6 (a.yaml:6:3), field-7 (a.yaml:7:3) "
        "and 1 more are not supported yet"
    )


def test_what_is_not_acted_on_changes_no_hash() -> None:
    bare = only(task(BASE))
    for spec in ("priority: 2", "schedule: {cron: 0 0 * * *}", "timeout: 1h", "suspend: true"):
        _, tasks = read(task(BASE + spec))
        assert (tasks["pi"].work, tasks["pi"].shape) == (bare.work, bare.shape)


def test_a_task_switches_off_what_its_profile_has_for_services() -> None:
    own = profile("container: {image: x}\ntask: {restart: always, rollout: {maxUnavailable: 2}}")
    assert not only(own + "---\n" + task("profile: mine\nrestart: never")).service
    batch = profile("container: {image: x}\ntask: {timeout: 1h}")
    assert only(batch + "---\n" + task("profile: mine\nrestart: always")).blocked == ""


@pytest.mark.parametrize("image", ["y:2", "{name: 'y:2'}"])
def test_a_task_that_names_its_image_leaves_none_of_its_profiles(image: str) -> None:
    digest = "sha256:" + "a" * 64
    for own in (f"name: x, digest: '{digest}', pull: always", "build: {}", "archive: a.tgz"):
        given = profile(f"container: {{image: {{{own}}}}}")
        found = only(task(f"profile: mine\ncontainer: {{image: {image}}}") + "---\n" + given)
        assert found.spec.image == "y:2"


def test_what_a_matrix_holds_passes_through_where_built_ins_do() -> None:
    spec = "instances: {matrix: {a: [1, 2]}}\nconstants: {DOCKER_CMD: 'x ${a}'}\nenv: {B: '${a}'}"
    _, tasks = read(task(spec))
    assert tasks["pi"].spec.command == ("x", "${a}")
    assert tasks["pi"].spec.env == (("B", "${a}"),)


def keywords(schema: object, where: str = "") -> set[str]:
    """Return the rules that a schema uses."""
    if isinstance(schema, list):
        return set().union(*(keywords(item) for item in schema))
    if not isinstance(schema, dict):
        return set()
    named = where in {"properties", "$defs"}
    found = set() if named else set(schema)
    kept = schema if named else {
        key: item for key, item in schema.items() if key not in {"default", "examples", "enum"}
    }  # fmt: skip
    return found.union(*(keywords(item, "" if named else key) for key, item in kept.items()))


def test_every_rule_of_the_schemas_has_a_code_of_its_own() -> None:
    silent = {"$schema", "$ref", "$defs", "$id", "title", "description", "examples", "default"}
    structure = {"properties", "items", "propertyNames", "additionalProperties", "required"}
    used = set[str]().union(*(keywords(schema_file(name)) for name in FILES))
    assert used - silent - structure <= set(_CODES)
