"""Secrets of a task: in its list, as values of env, and through secret constants."""

import pytest

from reconciler.model.confidence import Origin, RegistryLogin, UsedSecret
from reconciler.model.policy import NONE, Policy
from tests.manifests.loaded import SEALED, desired, load, only, profile, task

PROFILE = profile(
    "constants:\n"
    "  PASSWORD: {secret: true, default: {from: {env: LAB_PASSWORD}}}\n"
    "  SALT: {secret: true}\n"
    "  USER: {default: ada}\n"
    "container: {image: x, env: {PASSWORD_OF_LAB: '${PASSWORD}'}}"
)


def using(spec: str) -> str:
    return PROFILE + "---\n" + task(f"profile: mine\n{spec}")


def test_secrets_are_references_in_the_spec_and_no_variables() -> None:
    found = only(
        task(
            "env: {A: 1, B: {from: {file: /b}}}\n"
            "secrets:\n"
            "- {name: T, from: {env: LAB_T}}\n"
            "- {name: S, from: {age: ./secrets/cert.age}, target: /etc/lab/s}\n"
            "- {name: E, from: {env: LAB_E}, as: env}"
        )
    ).spec
    assert found.env == (("A", "1"),)
    assert found.secrets == (
        UsedSecret(name="B", origin=Origin(file="/b")),
        UsedSecret(name="E", origin=Origin(env="LAB_E")),
        UsedSecret(name="S", origin=Origin(age="secrets/cert.age"), target="/etc/lab/s"),
        UsedSecret(name="T", origin=Origin(env="LAB_T"), target="/run/secrets/T"),
    )


def test_a_task_says_anew_where_a_value_of_its_profile_is() -> None:
    own = profile("container: {image: x, env: {A: {from: {env: LAB_A}}, B: {from: {env: LAB_B}}}}")
    spec = only(own + "---\n" + task("profile: mine\nenv: {A: {from: {file: /a}}, B: plain}")).spec
    assert spec.secrets == (UsedSecret(name="A", origin=Origin(file="/a")),)
    assert spec.env == (("B", "plain"),)


def test_secret_constants_are_seen_where_they_are_used_and_not_exported() -> None:
    spec = only(using("constants: {SALT: {from: {age: t.age}}}\nenv: {SALTED: '${SALT}'}")).spec
    assert spec.secrets == (
        UsedSecret(name="PASSWORD_OF_LAB", origin=Origin(env="LAB_PASSWORD")),
        UsedSecret(name="SALTED", origin=Origin(age="t.age")),
    )
    assert spec.constants == (("USER", "ada"),)
    assert spec.env == ()


@pytest.mark.parametrize("given", ["", "constants: {SALT: ''}\n"])
def test_a_secret_constant_without_a_value_is_empty(given: str) -> None:
    assert only(using(given + "env: {SALTED: '${SALT}'}")).spec.env == (("SALTED", ""),)


def test_a_registry_is_asked_by_name_and_password() -> None:
    auth = "{username: '${USER}', password: '${PASSWORD}'}"
    spec = only(using(f"container: {{image: {{name: x, registryAuth: {auth}}}}}")).spec
    assert spec.login == RegistryLogin(username="ada", password=Origin(env="LAB_PASSWORD"))
    spec = only(task("container: {image: {name: x, registryAuth: {credentials: lab}}}")).spec
    assert spec.login == RegistryLogin(credentials="lab")
    auth = "{username: '${USER}', password: '${SALT}'}"
    spec = only(using(f"container: {{image: {{name: x, registryAuth: {auth}}}}}")).spec
    assert spec.login is None


def test_the_value_counts_for_nothing_and_where_it_is_for_the_work() -> None:
    bare, here = only(task()), only(task("env: {A: {from: {env: X}}}"))
    there = only(task("env: {A: {from: {env: Y}}}"))
    assert len({bare.work.hash, here.work.hash, there.work.hash}) == 3
    assert bare.shape == here.shape == there.shape


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("exposed-secret", using("container: {command: 'a ${PASSWORD}'}")),
        ("exposed-secret", using("container: {command: ['${PASSWORD}']}")),
        ("exposed-secret", using("env: {A: 'x${PASSWORD}'}")),
        ("exposed-secret", using("container: {workdir: '${PASSWORD}'}")),
        ("exposed-secret", using("container: {hostname: '${PASSWORD}'}")),
        ("exposed-secret", using("container: {image: {build: {args: {A: '${PASSWORD}'}}}}")),
        ("exposed-secret", using("container: {image: {build: {args: {A: 'a${PASSWORD}'}}}}")),
        ("exposed-secret", using("container: {image: 'box:${PASSWORD}'}")),
        ("exposed-secret", using("outputs: {bucket: b, source: /x, prefix: '${PASSWORD}/'}")),
        ("exposed-secret", using("constants: {USER: {from: {env: X}}}")),
        ("exposed-secret", using("constants: {USER: '${PASSWORD}'}")),
        ("exposed-secret", using("constants: {USER: 'a${PASSWORD}'}")),
        ("secret-literal", using("constants: {SALT: hunter2}")),
        ("excluded-field", using("constants: {SALT: {from: {env: X, file: /y}}}")),
        ("excluded-field", task("env: {A: {from: {env: X, file: /y}}}")),
        ("missing-field", task("env: {A: {from: {}}}")),
        ("bad-path", task("env: {A: {from: {age: ../x.age}}}")),
        ("duplicate-variable",
         task("env: {A: {from: {env: X}}}\nsecrets: [{name: A, from: {env: B}, as: env}]")),
        ("misplaced-constant", using("constants: {SALT: {from: {file: '/x/${USER}'}}}")),
        ("reserved-name", task("env: {RUN: {from: {env: X}}}")),
    ],
)  # fmt: skip
def test_refuses(code: str, text: str) -> None:
    found = [p for p in load(text).errors if p.code != "unknown-bucket"]
    assert {problem.code for problem in found} == {code}
    assert all("hunter2" not in p.message + p.hint for p in found)


@pytest.mark.parametrize(
    "text",
    [
        task("env: {A: {from: {env: AWS_KEY}}}"),
        using("constants: {SALT: {from: {env: AWS_KEY}}}\nenv: {A: '${SALT}'}"),
        using(
            "constants: {PASSWORD: {from: {env: AWS_KEY}}}\n"
            "container: {image: {name: x, registryAuth: {username: a, password: '${PASSWORD}'}}}"
        ),
    ],
)
def test_references_are_the_operators_to_allow_wherever_they_stand(text: str) -> None:
    assert {p.code for p in load(text, policy=Policy(secrets=NONE)).errors} == {"policy-secret"}


def test_encrypted_files_go_with_the_revision() -> None:
    found = desired(task("secrets: [{name: A, from: {age: t.age}}]"))
    assert found.sealed == SEALED


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("secrets: [{name: A, from: {age: u.age}}]", "Did you mean 't.age'?"),
        ("env: {A: {from: {age: elsewhere/token.age}}}", "Hidden files are not read"),
        ("env: {A: {from: {age: token}}}", "Encrypted files are those that end in .age."),
    ],
)
def test_a_file_that_is_not_there_is_told_where_it_is_named(spec: str, hint: str) -> None:
    (problem,) = load(task(spec)).errors
    assert (problem.code, problem.at.line) == ("missing-file", 5)
    assert hint in problem.hint


def test_a_profile_names_files_too() -> None:
    own = profile("constants: {A: {secret: true, default: {from: {age: none.age}}}}")
    (problem,) = load(own).errors
    assert (problem.code, problem.at.line) == ("missing-file", 5)
