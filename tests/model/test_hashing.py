"""Work and shape: pinned across releases, and deaf to everything but what they stand for.

The golden files are never regenerated: a change of theirs reruns people's finished work. When a
field is added to the model, its default must leave every hash here as it is. Those of whole
manifests are in tests/manifests/test_corpus.py.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.model.confidence import Origin, UsedSecret
from reconciler.model.data import Input
from reconciler.model.hashing import SHAPE_FIELDS, WORK_FIELDS, shape_of, work_of
from reconciler.model.spec import (
    Cluster,
    Health,
    InstanceSpec,
    Login,
    LogLimits,
    Mount,
    Port,
    Resources,
    Security,
    Stop,
)
from reconciler.model.staging import Account
from tests.manifests.loaded import only, profile, task
from tests.support.pins import SPECS, hashes, pinned

FULL = InstanceSpec(
    image="org/app:1.2@sha256:" + "a" * 64,
    pull="always",
    entrypoint=("/bin/tini", "--"),
    command=("run", "--fast", "ünïcode"),
    user="1000:1000",
    groups=("100", "video"),
    workdir="/job",
    hostname="worker",
    env=(("A", "1"), ("B", "")),
    constants=(("DOCKER_TAG", "1.2"),),
    mounts=(
        Mount(type="bind", source="/data", target="/data", read_only=True),
        Mount(type="volume", source="cache", target="/cache", external=True),
        Mount(type="tmpfs", target="/tmp", size=1024),
    ),
    network="bridge",
    ports=(Port(container=80, host=8080), Port(container=53, protocol="udp")),
    resources=Resources(cpus=0.5, memory=1024, pids=9, shm=64, ulimits=(("core", 0, -1),)),
    security=Security(
        no_new_privileges=False, read_only_root=True, cap_drop=(), cap_add=("CHOWN",),
        userns="host", privileged=True, seccomp="unconfined",
    ),
    init=False,
    health=Health(command=("test",), interval=1.5, timeout=2.0, retries=4, start_period=3.0),
    stop=Stop(signal="SIGINT", grace=0.25),
    logs=LogLimits(max_size=1, max_files=1),
    nodes=(("zone", "a"),),
)  # fmt: skip
# What came after FULL was pinned.
LATER: dict[str, Any] = {
    "pool": "p", "master": ("lead",), "worker": ("follow",), "cluster": Cluster(), "ssh": Login(),
    "account": Account(entries=True), "tty": True, "stdin": True,
    "inputs": (Input(bucket="b", target="/job"),),
    "secrets": (UsedSecret(name="TOKEN", origin=Origin(env="LAB_TOKEN")),),
}  # fmt: skip
PINNED = {
    "least": InstanceSpec(image="busybox:stable"),
    "command": InstanceSpec(image="busybox:stable", command=("sh", "-c", "echo $INSTANCE_ID")),
    "environment": InstanceSpec(image="busybox", env=(("A", "1"),), constants=(("C", ""),)),
    "resources": InstanceSpec(image="busybox", resources=Resources(cpus=1.0, memory=2**29)),
    "everything": FULL,
}


@pytest.mark.parametrize("name", PINNED)
def test_hashes_are_pinned(name: str) -> None:
    assert hashes(PINNED[name]) == pinned(SPECS)[name]


def test_a_constant_that_a_profile_adds_empty_changes_no_work() -> None:
    bare = InstanceSpec(image="busybox", constants=(("A", "1"),))
    grown = replace(bare, constants=(("A", "1"), ("NEW", "")))
    assert work_of(grown) == work_of(bare)


def test_every_golden_file_is_checked() -> None:
    assert set(pinned(SPECS)) == set(PINNED)


def both(text: str | dict[str, str]) -> tuple[str, str]:
    found = only(text)
    return found.work.hash, found.shape.hash


BASE = "env: {A: 1, B: 2}\ncontainer: {image: x, resources: {cpus: 1, memory: 1Gi}}"


@pytest.mark.parametrize(
    "spec",
    [
        "container: {resources: {memory: 1Gi, cpus: 1}, image: x}\nenv: {B: 2, A: 1}",
        "# a comment\n" + BASE + "\n\n# another",
        BASE + "\ninstances: 7",
        BASE + "\ninstances: 3-9",
        BASE + "\nparallelism: 2\nrestart: on-failure\nretry: {perInstance: 2}\nrerun: 1",
        BASE.replace("1Gi", "1024Mi").replace("cpus: 1", "cpus: 1000m"),
        BASE.replace("cpus: 1", "cpus: 1.0, pids: 512, shm: 0, ulimits: {}"),
        BASE.replace("image: x", "image: {name: x, pull: never}, init: true, workdir: ''"),
        BASE.replace("image: x", "image: x, user: '', hostname: '', groups: [], mounts: []"),
        BASE.replace("image: x", "image: x, stop: {signal: TERM, grace: 10}, network: none"),
        BASE.replace("image: x", "image: x, logs: {maxSize: 10Mi}, health: {interval: 10s}"),
        BASE.replace("image: x", "image: x, security: {capabilities: {drop: [all], add: []}}"),
        BASE.replace("image: x", "image: x, command: '', entrypoint: []"),
        BASE.replace("A: 1", "A: '1'"),
    ],
)
def test_what_changes_neither(spec: str) -> None:
    assert both(task(spec)) == both(task(BASE))


def test_neither_files_nor_labels_nor_position_count() -> None:
    labelled = task(BASE, "pi, labels: {a: b}, annotations: {c: d}")
    assert both({"deep/down/b.yml": "---\n\n" + labelled}) == both(task(BASE))
    own = profile(BASE.partition("\n")[2])
    split = {"p.yaml": own, "t.yaml": task("profile: mine\nenv: {A: 1, B: 2}")}
    whole = {"x.yaml": own + "---\n" + task("profile: mine\nenv: {A: 1, B: 2}")}
    assert both(split) == both(whole)


@pytest.mark.parametrize(
    ("spec", "work", "shape"),
    [
        (BASE.replace("image: x", "image: y"), True, False),
        (BASE.replace("image: x", "image: x, command: a"), True, False),
        (BASE.replace("B: 2", "B: 3"), True, False),
        (BASE.replace("image: x", "image: x, user: 1"), True, False),
        (BASE + "\nconstants: {DOCKER_TAG: z}", True, False),
        (BASE.replace("1Gi", "2Gi"), False, True),
        (BASE.replace("image: x", "image: x, network: bridge"), False, True),
        (BASE.replace("image: x", "image: x, stop: {grace: 1s}"), False, True),
        (BASE + "\nplacement: {nodes: {zone: a}}", False, True),
    ],
)
def test_what_changes_which(spec: str, *, work: bool, shape: bool) -> None:
    before, after = both(task(BASE)), both(task(spec))
    assert (before[0] != after[0], before[1] != after[1]) == (work, shape)


# How an image is come by, which changes nothing about it.
NEITHER = {"pull", "login", "origin"}


def test_every_field_but_how_an_image_is_come_by_is_in_one_of_the_two() -> None:
    fields = set(InstanceSpec.__struct_fields__) - NEITHER
    assert set(WORK_FIELDS) | set(SHAPE_FIELDS) == fields
    assert not set(WORK_FIELDS) & set(SHAPE_FIELDS)


@given(st.sampled_from(sorted(set(InstanceSpec.__struct_fields__) - NEITHER - {"image"})))
def test_each_field_counts_where_it_belongs(name: str) -> None:
    least = InstanceSpec(image="x")
    changed = replace(least, **{name: getattr(replace(FULL, **LATER), name)})
    assert (work_of(changed) != work_of(least)) == (name in WORK_FIELDS)
    assert (shape_of(changed) != shape_of(least)) == (name in SHAPE_FIELDS)
