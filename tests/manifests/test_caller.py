"""What manifests may say of whoever runs them."""

import pytest
from msgspec.structs import replace

from reconciler.manifests import Memory
from reconciler.model.caller import CALLER_CONSTANTS, Caller
from reconciler.model.catalog import Catalog
from reconciler.model.policy import FOLDER, GIT
from tests.manifests.loaded import load, only, profile, task

ADA = Caller(uid=1234, gid=2345, groups=(77, 88), name="ada", home="/home/ada", folder="/work")
TRUSTED = replace(FOLDER, caller=ADA)
OWN = profile(
    'constants: {WHO: {default: "${CALLER_UID}:${CALLER_GID}", description: USER}}\n'
    'container: {image: x, user: "${WHO}"}'
)
TASK = task("profile: mine")


def said(catalog: Catalog) -> list[tuple[str, str, str]]:
    return [(p.code, p.message, p.hint) for p in catalog.errors]


def test_a_profiles_default_speaks_of_the_caller() -> None:
    spec = only(OWN + "---\n" + TASK, policy=TRUSTED).spec
    assert spec.user == "1234:2345"
    assert spec.constants == (("WHO", "1234:2345"),)


@pytest.mark.parametrize(
    ("name", "value"),
    [*zip(CALLER_CONSTANTS, ["1234", "2345", "77,88", "ada", "/home/ada", "/work"], strict=True)],
)
def test_each_of_them_stands_for_what_it_says(name: str, value: str) -> None:
    given = task(f'constants: {{DOCKER_CMD: "echo ${{{name}}}"}}')
    assert only(given, policy=TRUSTED).spec.command == ("echo", value)


def test_groups_of_the_caller_are_groups() -> None:
    given = task('container: {image: x, groups: "${CALLER_GROUPS}"}')
    assert only(given, policy=TRUSTED).spec.groups == ("77", "88")
    alone = replace(FOLDER, caller=replace(ADA, groups=()))
    assert only(given, policy=alone).spec.groups == ()


@pytest.mark.parametrize("policy", [GIT, FOLDER], ids=["git", "nobody"])
def test_a_default_of_nobody_is_to_be_given(policy: object) -> None:
    found = load({"p.yaml": OWN, "t.yaml": TASK}, policy=policy)
    (problem,) = found.errors
    assert problem.code == "unknown-caller"
    assert problem.at.path == "t.yaml"
    assert problem.message == (
        "task pi gives no value to the constant WHO, and its default is of whoever runs a folder"
        " of their own, which this source is not"
    )
    assert problem.hint == "Write constants: {WHO: …} (USER)"


def test_what_is_given_asks_for_no_caller() -> None:
    given = task('profile: mine\nconstants: {WHO: "1:2"}')
    assert only(OWN + "---\n" + given, policy=GIT).spec.user == "1:2"


def test_a_task_that_speaks_of_nobody_is_told_where() -> None:
    (problem,) = load(task('constants: {DOCKER_USER: "${CALLER_UID}"}')).errors
    assert (problem.code, problem.hint) == ("unknown-caller", "Write the value itself.")
    assert (problem.at.line, problem.at.column) == (5, 28)


@pytest.mark.parametrize(
    "text",
    [
        task("constants: {CALLER_UID: 0}"),
        profile("constants: {CALLER_UID: {default: 0}}\ncontainer: {image: x}"),
        task("instances: {matrix: {CALLER_UID: [0]}}"),
    ],
    ids=["given", "declared", "matrix"],
)
def test_nobody_else_may_be_the_caller(text: str) -> None:
    assert "reserved-name" in [p.code for p in load(text, policy=TRUSTED).errors]


def test_another_caller_is_another_question() -> None:
    memory, files = Memory(), OWN + "---\n" + TASK
    first = load(files, policy=TRUSTED, memory=memory).desired
    other = replace(FOLDER, caller=replace(ADA, uid=1))
    second = load(files, policy=other, memory=memory).desired
    assert first is not None
    assert second is not None
    assert (first.tasks["pi"].spec.user, second.tasks["pi"].spec.user) == ("1234:2345", "1:2345")


def test_a_sources_own_policy_leaves_the_caller() -> None:
    files = {
        "reconciler.yaml": "apiVersion: reconciler/v1\nproject: p\npolicy: {privileged: false}\n",
        "a.yaml": OWN + "---\n" + TASK,
    }
    assert only(files, policy=TRUSTED).spec.user == "1234:2345"
