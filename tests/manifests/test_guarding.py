"""What the policy refuses of tasks, nodes and buckets: each with its code, place and hint."""

from typing import Any

import pytest

from reconciler.model.policy import FOLDER, GIT, NONE, Maximum, Policy, listed
from tests.manifests.loaded import document, load, profile, task
from tests.manifests.test_invalid import MARK, image, marked

DIGEST = "sha256:" + "a" * 64


def mounted(mount: str) -> str:
    return image(f"mounts: [{{{mount}, target: /x}}]")


CASES: list[tuple[str, str, Policy, str]] = [
    ("policy-registry", "registries", Policy(registries=listed(["docker.io"])),
     task("container: {image: §ghcr.io/a/b}")),
    ("policy-registry", "registries", Policy(registries=listed(["*.example.org"])),
     task("constants: {DOCKER_SRV: §example.org, DOCKER_REPO: a/b, DOCKER_TAG: c}")),
    ("policy-registry", "registries", Policy(registries=NONE),
     task("constants: {DOCKER_REPO: §a/b, DOCKER_TAG: c}")),
    ("policy-image", "images", Policy(images=listed(["busybox:stable"])),
     task("constants: {DOCKER_REPO: §busybox, DOCKER_TAG: latest}")),
    ("policy-image", "images", Policy(images=listed(["docker.io/library/*"])),
     task("container: {image: §team/app}")),
    ("policy-image", "images", Policy(images=listed(["app:1"])),
     task(f"container: {{image: §'app:1@{DIGEST}'}}")),
    ("policy-digest", "requireDigest", Policy(undigested=False),
     task("container: {image: §'busybox:1'}")),
    ("policy-build", "builds", Policy(builds=False),
     task("container: {image: {§build: {context: .}}}")),
    ("policy-secret", "secrets", Policy(secrets=listed(["lab-*"])),
     task("container: {image: {name: x, registryAuth: {credentials: §other}}}")),
    ("policy-privileged", "privileged", Policy(privileged=False),
     image("security: {privileged: §true}")),
    ("policy-privileged", "privileged", Policy(privileged=False),
     task("profile: mine\nconstants: {P: §true}") + "---\n"
     + profile("constants: {P: {}}\ncontainer: {image: x, security: {privileged: '${P}'}}")),
    ("policy-host-network", "hostNetwork", Policy(host_network=False), image("network: §host")),
    ("policy-userns-host", "usernsHost", Policy(userns_host=False),
     image("security: {userns: §host}")),
    ("policy-seccomp", "seccompUnconfined", Policy(seccomp_unconfined=False),
     image("security: {seccomp: §unconfined}")),
    ("policy-new-privileges", "newPrivileges", Policy(new_privileges=False),
     image("security: {noNewPrivileges: §false}")),
    ("policy-capability", "capabilities", Policy(capabilities=listed(["CHOWN"])),
     image("security: {capabilities: {add: [cap_chown, §net_raw]}}")),
    ("policy-capability", "capabilities", Policy(capabilities=listed(["CHOWN"])),
     image("security: {capabilities: {add: [§ALL]}}")),
    ("policy-device", "devices", Policy(devices=listed(["/dev/dri/*"])),
     image("resources: {devices: [/dev/dri/card0, §'/dev/sda:/dev/x:r']}")),
    ("policy-bind", "binds", Policy(binds=listed(["/data", "/scratch"])),
     mounted("type: bind, source: §/database")),
    ("policy-bind", "binds", Policy(binds=listed(["/data"])),
     mounted("type: bind, source: §/data/../home")),
    ("policy-bind", "binds", Policy(binds=NONE), mounted("type: bind, source: §/data")),
    ("policy-volume", "externalVolumes", Policy(external_volumes=False),
     mounted("type: volume, external: true, source: §other.db")),
    ("policy-secret", "secrets", Policy(secrets=listed(["LAB_*"])),
     task("secrets: [{name: T, from: {env: §AWS_KEY}}]")),
    ("policy-secret", "secretFiles", Policy(secret_files=listed(["/run/secrets"])),
     task("secrets: [{name: T, from: {file: §/run/secrets/../other}}]")),
    ("policy-secret", "encryptedSecrets", Policy(encrypted_secrets=False),
     task("secrets: [{name: T, from: {age: §t.age}}]")),
    ("policy-maximum", "maximum.cpus", Policy(maximum=Maximum(cpus=2.0)),
     image("resources: {cpus: §2.5}")),
    ("policy-maximum", "maximum.memory", Policy(maximum=Maximum(memory=1024)),
     image("resources: {memory: §0}")),
    ("policy-maximum", "maximum.memory", Policy(maximum=Maximum(memory=1024)),
     task("§container: {image: x}")),
    ("policy-maximum", "maximum.pids", Policy(maximum=Maximum(pids=100)),
     image("resources: {pids: §101}")),
    ("policy-maximum", "maximum.gpus", Policy(maximum=Maximum(gpus=1)),
     image("resources: {gpus: §2}")),
    ("policy-maximum", "maximum.instances", Policy(maximum=Maximum(instances=10)),
     task("instances: §'0-10'")),
    ("policy-endpoint", "endpoints", Policy(endpoints=listed(["unix:///run/a.sock"])),
     document("Node", "n", "endpoint: §unix:///run/b.sock")),
    ("policy-endpoint", "endpoints", GIT, document("Node", "n", "endpoint: §ssh://h")),
    ("policy-bind", "binds", GIT, document("Bucket", "b", "url: §file:///srv/x")),
    ("policy-secret", "secrets", GIT,
     document("Bucket", "b", "url: s3://abc\ncredentials: {name: §lab}")),
]  # fmt: skip


def problems(text: str, **options: object) -> list[Any]:
    found = load(text.replace(MARK, ""), **options).problems
    return [problem for problem in found if problem.code != "not-supported-yet"]


@pytest.mark.parametrize(
    ("code", "setting", "policy", "text"), CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)]
)
def test_refuses(code: str, setting: str, policy: Policy, text: str) -> None:
    (problem,) = problems(text, policy=policy)
    assert (problem.code, [f"{problem.at.line}:{problem.at.column}"]) == (code, marked(text))
    assert problem.hint == f"policy.{setting} in the operator's configuration would allow it."
    assert problems(text, policy=FOLDER) == []


ALLOWED = [
    (Policy(registries=listed(["docker.io"])), task("container: {image: index.docker.io/a/b}")),
    (Policy(registries=listed(["localhost"])), task("container: {image: localhost/a}")),
    (Policy(registries=listed(["r:5000"])), task("container: {image: 'R:5000/a'}")),
    (Policy(images=listed(["busybox"])), task("container: {image: 'busybox:stable'}")),
    (Policy(images=listed(["busybox:latest"])), task("container: {image: busybox}")),
    (Policy(images=listed(["library/*"])), task("container: {image: docker.io/busybox}")),
    (Policy(images=listed(["docker.io/library/busybox"])), task("container: {image: busybox}")),
    (Policy(undigested=False), task(f"container: {{image: 'busybox@{DIGEST}'}}")),
    (Policy(undigested=False), task(f"container: {{image: {{name: x, digest: '{DIGEST}'}}}}")),
    (Policy(capabilities=listed(["*"])), image("security: {capabilities: {add: [ALL]}}")),
    (Policy(capabilities=NONE), image("security: {capabilities: {add: [], drop: [ALL]}}")),
    (Policy(privileged=False), image("security: {privileged: false}")),
    (Policy(binds=listed(["/"])), mounted("type: bind, source: /data")),
    (Policy(binds=listed(["/data/"])), mounted("type: bind, source: /data/./x")),
    (Policy(binds=NONE, external_volumes=False), mounted("type: volume, source: mine")),
    (Policy(maximum=Maximum(cpus=2.0, gpus=0)), image("resources: {cpus: 2000m}")),
    (GIT, document("Node", "n", "endpoint: ''")),
]


@pytest.mark.parametrize(("policy", "text"), ALLOWED)
def test_allows(policy: Policy, text: str) -> None:
    assert problems(text, policy=policy) == []


@pytest.mark.parametrize("source", ["/etc", "/", "/run", "/state/x"])
def test_what_is_closed_stays_closed(source: str) -> None:
    policy = Policy(binds=listed(["/"]), closed=("/state",))
    (problem,) = problems(mounted(f"type: bind, source: {source}"), policy=policy)
    assert problem.code == "forbidden-bind"
    assert "operator" not in problem.hint


def test_what_the_source_forbids_itself_is_said_to_be_its_own_doing() -> None:
    files = {
        "a.yaml": image("security: {privileged: true}"),
        "reconciler.yaml": "policy: {privileged: false}\n",
    }
    (problem,) = load(files).problems
    assert problem.hint == "policy.privileged in reconciler.yaml forbids it."
    (problem,) = load(files, policy=Policy(privileged=False)).problems
    assert problem.hint == "policy.privileged in the operator's configuration would allow it."


def test_numbers_of_a_task_with_other_faults_are_not_judged() -> None:
    found = problems(
        image("resources: {memory: much}"), policy=Policy(maximum=Maximum(memory=1024))
    )
    assert [problem.code for problem in found] == ["bad-format"]
