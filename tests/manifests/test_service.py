"""What the operator says of sources, credentials, webhooks, forges and notifications."""

import pytest

from reconciler.model.operator import (
    Credential,
    Forge,
    Hooks,
    SecretPlace,
    Service,
    SourceSpec,
    Target,
)
from tests.manifests.test_invalid import MARK, marked
from tests.manifests.test_settings import read

FULL = """\
credentials:
  lab: {token: {env: GIT_TOKEN}, ca: /etc/ca.pem, proxy: "http://proxy:3128"}
  key: {key: {file: /etc/key}, knownHosts: /etc/known_hosts}
  old: {user: me, password: {env: PASSWORD}}
  store: {accessKey: {env: KEY}, secretKey: {file: /etc/secret}, sessionToken: {env: SESSION}}
  machine: {role: true}
forges:
  lab: {kind: gitea, api: "https://git.example.org/api/v1", token: {env: FORGE}}
sources:
- name: fleet
  url: https://git.example.org/lab/fleet.git
  branch: main
  path: fleet
  interval: 1m
  credentials: lab
  signers: {ssh: /etc/allowed}
  onRewrite: refuse
  submodules: true
  forge: lab
- {name: other, url: "git@git.example.org:lab/other.git", tag: v1, credentials: key}
listen: {address: "127.0.0.1:1", secret: {file: /etc/hook}}
metricsListen: 127.0.0.1:2
notify: [{url: {env: CHAT}, on: [failure]}, {url: {file: /etc/chat}}]
"""


def test_everything() -> None:
    operator = read(FULL)
    assert operator.problems == ()
    lab = Credential(
        token=SecretPlace(env="GIT_TOKEN"), ca="/etc/ca.pem", proxy="http://proxy:3128"
    )
    key = Credential(key=SecretPlace(file="/etc/key"), known_hosts="/etc/known_hosts")
    assert operator.service == Service(
        credentials={
            "lab": lab,
            "key": key,
            "old": Credential(user="me", password=SecretPlace(env="PASSWORD")),
            "store": Credential(
                access_key=SecretPlace(env="KEY"),
                secret_key=SecretPlace(file="/etc/secret"),
                session_token=SecretPlace(env="SESSION"),
            ),
            "machine": Credential(role=True),
        },
        sources=(
            SourceSpec(
                name="fleet",
                url="https://git.example.org/lab/fleet.git",
                branch="main",
                path="fleet",
                interval=60.0,
                credential=lab,
                ssh="/etc/allowed",
                on_rewrite="refuse",
                submodules=True,
                forge=Forge(
                    kind="gitea",
                    api="https://git.example.org/api/v1",
                    token=SecretPlace(env="FORGE"),
                ),
            ),
            SourceSpec(
                name="other",
                url="git@git.example.org:lab/other.git",
                tag="v1",
                credential=key,
            ),
        ),
        hooks=Hooks(address="127.0.0.1:1", secret=SecretPlace(file="/etc/hook")),
        metrics="127.0.0.1:2",
        targets=(
            Target(url=SecretPlace(env="CHAT"), on=("failure",)),
            Target(url=SecretPlace(file="/etc/chat")),
        ),
    )


def test_single_values_may_be_flags_and_variables() -> None:
    operator = read("", "listen.secret.env=HOOK", METRICS_LISTEN="127.0.0.1:9")
    assert operator.problems == ()
    assert operator.service.hooks == Hooks(address="127.0.0.1:8686", secret=SecretPlace(env="HOOK"))
    assert operator.service.metrics == "127.0.0.1:9"


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        ("missing-field", "sources: [§{name: a}]"),
        ("bad-name", "sources: [{name: §A, url: x}]"),
        ("duplicate-name", "sources: [{name: a, url: x}, {name: §a, url: y}]"),
        ("excluded-field", "sources: [{name: a, url: x, branch: b, §tag: t}]"),
        ("bad-format", "sources: [{name: a, url: x, commit: §abc}]"),
        ("bad-format", "sources: [{name: a, url: x, interval: §often}]"),
        ("bad-format", "sources: [{name: a, url: x, interval: §10ms}]"),
        ("unknown-value", "sources: [{name: a, url: x, onRewrite: §ignore}]"),
        ("unknown-reference", "sources: [{name: a, url: x, credentials: §lab}]"),
        ("unknown-reference", "sources: [{name: a, url: x, forge: §lab}]"),
        ("bad-format", "sources: [{name: a, url: x, signers: {ssh: §keys}}]"),
        ("unknown-field", "sources: [{name: a, url: x, §token: t}]"),
        ("excluded-field", "credentials: {a: {token: {env: A}, §key: {file: /k}}}"),
        ("excluded-field", "credentials: {a: {token: §{env: A, file: /k}}}"),
        ("excluded-field", "credentials: {a: {token: §{}}}"),
        ("wrong-type", "credentials: {a: {token: §secret}}"),
        ("missing-field", "credentials: {a: §{password: {env: A}}}"),
        ("missing-field", "credentials: {a: §{accessKey: {env: A}}}"),
        ("missing-field", "credentials: {a: §{secretKey: {env: A}}}"),
        (
            "excluded-field",
            "credentials: {a: {§role: true, accessKey: {env: A}, secretKey: {env: B}}}",
        ),
        ("missing-field", "listen: §{address: 'x:1'}"),
        ("missing-field", "forges: {a: §{kind: gitea}}"),
        ("unknown-value", "forges: {a: {kind: §sourcehut, token: {env: A}}}"),
        ("unknown-value", "notify: [{url: {env: A}, on: [§always]}]"),
    ],
)
def test_says_what_and_where(codes: str, text: str) -> None:
    found = read(text.replace(MARK, "")).problems
    said = [(p.code, f"{p.at.line}:{p.at.column}") for p in found]
    assert said == list(zip(codes.split(), marked(text), strict=True))


def test_the_nearest_name_is_told() -> None:
    text = "credentials: {lab: {agent: true}}\nsources: [{name: a, url: x, credentials: lap}]"
    (problem,) = read(text).problems
    assert (problem.message, problem.hint) == (
        "there is no credential 'lap'", "Did you mean 'lab'?",
    )  # fmt: skip
