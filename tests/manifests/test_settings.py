"""The operator's configuration: a file, variables and flags, and what is wrong with them."""

from typing import Any

import pytest

from reconciler import manifests
from reconciler.manifests import Operator
from reconciler.manifests.settings import variable_of
from reconciler.model.policy import FOLDER, GIT, Maximum, listed
from tests.manifests.test_invalid import MARK, marked


def read(text: str = "", *settings: str, **variables: str) -> Operator:
    given = {f"RECONCILER_{name}": value for name, value in variables.items()}
    return manifests.operator("config.yaml", text.encode(), given, settings)


def places(operator: Operator) -> list[tuple[str, str]]:
    return [(problem.code, str(problem.at)) for problem in operator.problems]


def test_nothing_said_leaves_all_as_it_is() -> None:
    operator = read()
    assert (operator.policy(FOLDER), operator.policy(GIT)) == (FOLDER, GIT)
    assert (operator.state_root, operator.problems) == ("", ())


FULL = """\
stateRoot: /var/lib/reconciler
policy:
  registries: [docker.io, "*.example.org"]
  images: [busybox]
  requireDigest: true
  privileged: false
  hostNetwork: false
  usernsHost: false
  seccompUnconfined: false
  newPrivileges: false
  capabilities: [cap_chown, NET_RAW]
  devices: [/dev/fuse]
  binds: [/data]
  forbiddenBinds: [/data/private]
  externalVolumes: false
  builds: false
  endpoints: ["ssh://*"]
  secrets: ["LAB_*"]
  secretFiles: [/run/secrets]
  encryptedSecrets: false
  maximum: {cpus: 500m, memory: 1Gi, gpus: 0, pids: 100, instances: 10}
  quota: {cpus: 8, memory: 4Gi, gpus: 1, instances: 20}
"""


def test_a_file_with_everything() -> None:
    operator = read(FULL)
    policy = operator.policy(GIT)
    assert operator.problems == ()
    assert operator.state_root == "/var/lib/reconciler"
    assert policy.registries == listed(["docker.io", "*.example.org"])
    assert policy.capabilities == listed(["CHOWN", "NET_RAW"])
    assert (policy.binds, policy.closed) == (listed(["/data"]), ("/data/private",))
    assert policy.maximum == Maximum(cpus=0.5, memory=1024**3, gpus=0, pids=100, instances=10)
    assert policy.quota == Maximum(cpus=8.0, memory=4 * 1024**3, gpus=1, instances=20)
    flags = [policy.undigested, policy.privileged, policy.host_network, policy.userns_host,
             policy.seccomp_unconfined, policy.new_privileges, policy.external_volumes,
             policy.builds, policy.encrypted_secrets]  # fmt: skip
    assert not any(flags)
    assert set(operator.given) == set(type(policy).__struct_fields__) - {"caller"}
    assert policy == operator.policy(FOLDER)


def test_the_operator_may_allow_what_a_repository_may_not() -> None:
    policy = read("policy: {privileged: true, binds: [/]}").policy(GIT)
    assert (policy.privileged, policy.binds) == (True, listed(["/"]))
    assert not policy.host_network


def test_a_flag_comes_before_a_variable_before_the_file() -> None:
    text = "policy: {maximum: {cpus: 1, memory: 1Mi, pids: 1}, binds: [/file]}"
    operator = read(
        text,
        "policy.maximum.cpus=3", "policy.maximum.cpus=4",
        POLICY_MAXIMUM_CPUS="2", POLICY_MAXIMUM_MEMORY="2Mi", POLICY_BINDS="/a, /b",
    )  # fmt: skip
    assert operator.policy(FOLDER).maximum == Maximum(cpus=4.0, memory=2 * 1024**2, pids=1)
    assert operator.policy(FOLDER).binds == listed(["/a", "/b"])


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("policy.privileged=false", "privileged", False),
        ("policy.requireDigest=true", "undigested", False),
        ("policy.binds=", "binds", ((),)),
        ("policy.binds=[]", "binds", ((),)),
        ("policy.binds=/a", "binds", (("/a",),)),
        ("policy.images=[a:1, b]", "images", (("a:1", "b"),)),
        ("policy.endpoints=tcp://h:1=2", "endpoints", (("tcp://h:1=2",),)),
    ],
)
def test_values_of_flags(setting: str, field: str, value: object) -> None:
    operator = read("", setting)
    assert operator.problems == ()
    assert operator.given == {field: value}


def test_an_empty_variable_is_none() -> None:
    assert read("", POLICY_BINDS="", POLICY_PRIVILEGED="").given == {}


def test_names_of_variables() -> None:
    assert variable_of("policy.requireDigest") == "RECONCILER_POLICY_REQUIRE_DIGEST"
    assert read("", STATE_ROOT="/x").state_root == "/x"


FILES = [
    ("unknown-field", "§polices: {}\n"),
    ("unknown-field", "policy: {§privilege: true}\n"),
    ("wrong-type", "policy: {privileged: §maybe}\n"),
    ("wrong-type", "policy: {binds: §/data}\n"),
    ("bad-format", "stateRoot: §var\n"),
    ("unknown-value", "policy: {capabilities: [§CHWON]}\n"),
    ("bad-format", "policy: {maximum: {cpus: §0.0001}}\n"),
    ("duplicate-key", "policy: {}\n§policy: {}\n"),
    ("yaml-syntax", "a: 'open§\n"),
    ("merge-key", "policy:\n  §<<: {}\n"),
    ("wrong-type", "§- a\n"),
    ("wrong-type", "stateRoot: /x\n---\n§a: b\n"),
    ("unknown-field unknown-field", "§a: 1\n§b: 2\n"),
]


@pytest.mark.parametrize(("codes", "text"), FILES)
def test_says_what_and_where_in_the_file(codes: str, text: str) -> None:
    found = places(read(text.replace(MARK, "")))
    expected = [f"config.yaml:{place}" for place in marked(text)]
    assert found == list(zip(codes.split(), expected, strict=True))


@pytest.mark.parametrize(
    ("setting", "code", "column"),
    [
        ("policy.privileged", "bad-setting", 1),
        ("privileged=true", "unknown-setting", 1),
        ("policy.maximum=1", "unknown-setting", 1),
        ("policy.privileged=perhaps", "wrong-type", 19),
        ("policy.privileged=", "wrong-type", 19),
        ("policy.binds=/a, data", "bad-format", 18),
        ("policy.capabilities=CHOWN,SYS_ADMN", "unknown-value", 27),
        ("policy.maximum.memory=lots", "bad-format", 23),
        ("policy.maximum.instances=-1", "out-of-range", 26),
    ],
)
def test_says_what_and_where_in_flags(setting: str, code: str, column: int) -> None:
    operator = read("", "policy.builds=true", setting)
    assert places(operator) == [(code, f"--set:2:{column}")]
    assert operator.files["--set"].decode().splitlines()[1] == setting


def test_says_what_and_where_in_variables() -> None:
    operator = read("", POLICY_BUILDS="perhaps", POLICY_BIND="/a", SOMETHING="else")
    assert places(operator) == [
        ("unknown-setting", "RECONCILER_POLICY_BIND:1:1"),
        ("wrong-type", "RECONCILER_POLICY_BUILDS:1:1"),
    ]
    assert operator.problems[0].hint == "Did you mean 'RECONCILER_POLICY_BINDS'?"


def test_space_around_a_variable_moves_no_place() -> None:
    operator = read("", "policy.binds=\n/a,\ndata", "x", POLICY_BINDS=" [ /a, data] ")
    assert places(operator) == [
        ("bad-format", "--set:1:19"),
        ("bad-setting", "--set:2:1"),
        ("bad-format", "RECONCILER_POLICY_BINDS:1:8"),
    ]


@pytest.mark.parametrize("data", [b"\xff", b"a: \0", b"x" * (2 << 20), b"", b"# nothing\n"])
def test_any_bytes_are_answered(data: bytes) -> None:
    found: Any = manifests.operator("c", data, {}, []).problems
    assert all(problem.at.path == "c" for problem in found)
    assert bool(found) == (len(data) > 0 and not data.startswith(b"#"))
