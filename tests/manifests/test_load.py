import random

import pytest

from reconciler.model.desired import Backoff, NodeSpec, Restart, Retry
from reconciler.model.problem import Severity
from reconciler.model.spec import Mount, Port, Resources, Security
from tests.manifests.loaded import desired, document, load, only, profile, task

FULL = """\
profile: docker-network
instances: "0-2,5"
parallelism: 1
constants: {DOCKER_REPO: org/app, DOCKER_TAG: 1.10, DOCKER_CMD: "run 'a b' $X", DOCKER_USER: 1000}
env: {A: NO, B: 1.10}
restart: on-failure
retry: {perInstance: 3, backoff: {initial: 500ms, factor: 3, max: 1m, jitter: 0}}
rerun: 4
placement: {nodes: {zone: a}}
container:
  image: {pull: never}
  groups: [100, video]
  env: {A: overlaid, C: kept}
  ports: [{container: 80, host: 8080, protocol: udp}]
  mounts:
    - {type: bind, source: /data/../srv/, target: /data, readOnly: true}
    - {type: volume, source: cache, target: /cache}
    - {type: tmpfs, target: /tmp, size: 1Mi}
  resources: {cpus: 500m, memory: 64Mi, ulimits: {nofile: 1024, core: {soft: 0, hard: -1}}}
  security: {readOnlyRoot: true, capabilities: {add: [cap_net_raw, CHOWN]}}
  health: {command: [test, -e, /x], interval: 2s}
  stop: {signal: int, grace: 1m}
  logs: {maxSize: 1Mi}
"""


def test_a_task_with_everything() -> None:
    found = only(task(FULL))
    spec = found.spec
    assert found.instances == (0, 1, 2, 5)
    assert (found.parallelism, found.rerun) == (1, 4)
    assert found.restart is Restart.ON_FAILURE
    assert found.retry == Retry(3, Backoff(0.5, 3.0, 60.0, 0.0))
    assert (spec.image, spec.pull, spec.network) == ("org/app:1.10", "never", "bridge")
    assert (spec.command, spec.entrypoint) == (("run", "a b", "$X"), None)
    assert (spec.user, spec.groups) == ("1000", ("100", "video"))
    assert spec.env == (("A", "NO"), ("B", "1.10"), ("C", "kept"))
    assert spec.ports == (Port(container=80, host=8080, protocol="udp"),)
    assert spec.mounts == (
        Mount(type="bind", source="/srv", target="/data", read_only=True),
        Mount(type="volume", source="cache", target="/cache"),
        Mount(type="tmpfs", target="/tmp", size=1024**2),
    )
    assert spec.resources == Resources(
        cpus=0.5, memory=64 * 1024**2, ulimits=(("core", 0, -1), ("nofile", 1024, 1024))
    )
    assert spec.security == Security(read_only_root=True, cap_add=("CHOWN", "NET_RAW"))
    assert (spec.health.command, spec.health.interval) == (("test", "-e", "/x"), 2.0)
    assert (spec.stop.signal, spec.stop.grace) == ("SIGINT", 60.0)
    assert spec.logs.max_size == 1024**2
    assert spec.nodes == (("zone", "a"),)
    assert dict(spec.constants)["DOCKER_TAG"] == "1.10"
    assert dict(spec.constants)["DOCKER_HOST"] == ""
    assert [name for name, _ in spec.constants] == sorted(dict(spec.constants))


def test_a_task_that_says_nothing_is_one_batch_instance() -> None:
    found = only(task())
    assert found.profile == "docker-batch"
    assert found.instances == (0,)
    assert found.spec.image == "library/busybox:latest"
    assert (found.spec.command, found.spec.entrypoint, found.spec.network) == (None, None, "none")
    assert (found.restart, found.retry, found.parallelism) == (Restart.NEVER, Retry(0), None)


@pytest.mark.parametrize(
    ("restart", "retries"), [("never", 0), ("on-failure", None), ("always", None)]
)
def test_retries_not_given(restart: str, retries: int | None) -> None:
    assert only(task(f"restart: {restart}")).retry.per_instance == retries


def test_places_say_who_supplied_a_value() -> None:
    text = task(
        "constants:\n  DOCKER_REPO: busybox\n  DOCKER_TAG: stable\nenv: {A: 1}\ninstances: 2\n"
        "container:\n  resources:\n    memory: 1Mi\n  mounts:\n  - {type: tmpfs, target: /x}"
    )
    found = only(text)
    assert str(found.place_of("image")) == "a.yaml:7:17"
    assert str(found.place_of("constants.DOCKER_TAG")) == "a.yaml:7:17"
    assert str(found.place_of("env.A")) == "a.yaml:8:12"
    assert str(found.place_of("instances")) == "a.yaml:9:14"
    assert str(found.place_of("resources.memory")) == "a.yaml:12:15"
    assert str(found.place_of("mounts")) == "a.yaml:13:5"
    assert found.place_of("network").path == "specs/profiles/docker-batch.yaml"
    assert str(found.place_of("rerun")) == str(found.at) == "a.yaml:1:1"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo ${INSTANCE_ID}", ("echo", "${INSTANCE_ID}")),
        ("echo $HOME ${DOCKER_TAG}", ("echo", "$HOME", "t")),
        ("echo $${HOME}", ("echo", "${HOME}")),
        ("echo $(date) ${X:-y}", ("echo", "$(date)", "${X:-y}")),
        ("sh -c 'a \"b\"'", ("sh", "-c", 'a "b"')),
        ("", None),
        ("  ", None),
    ],
)
def test_commands(command: str, words: tuple[str, ...] | None) -> None:
    spec = f"constants:\n  DOCKER_TAG: t\n  DOCKER_CMD: {command!r}"
    if "'" in command:
        spec = f"constants:\n  DOCKER_TAG: t\n  DOCKER_CMD: {command}"
    assert only(task(spec)).spec.command == words


def test_a_list_is_not_split_and_numbers_keep_their_text() -> None:
    found = only(task("container: {command: [sleep, 1.10, 'a b', '${DOCKER_TAG}']}"))
    assert found.spec.command == ("sleep", "1.10", "a b", "latest")


def test_a_lone_constant_takes_the_type_of_its_field() -> None:
    declared = "{N: {default: 3}, M: {default: 1Gi}, F: {default: 'false'}, C: {default: '2'}, \
E: {default: ''}, U: {default: 7}}"
    own = profile(
        f"constants: {declared}\ncontainer:\n  image: x\n  init: ${{F}}\n  user: ${{U}}\n"
        "  resources: {memory: '${M}', cpus: '${C}', pids: '${E}'}\ntask:\n  instances: ${N}"
    )
    found = only(task("profile: mine") + "---\n" + own)
    assert found.instances == (0, 1, 2)
    assert (found.spec.resources.memory, found.spec.resources.cpus) == (1024**3, 2.0)
    assert found.spec.resources.pids == 512
    assert (found.spec.init, found.spec.user) == (False, "7")


def test_constants_may_use_constants_and_secret_ones_are_not_exported() -> None:
    own = profile(
        "constants:\n  A: {default: '${B}-x'}\n  B: {default: b}\n  S: {secret: true}\n"
        "container: {image: 'r/${A}:1', env: {Z: '${A} ${TASK_NAME}'}}"
    )
    found = only(task("profile: mine\nconstants: {B: c}") + "---\n" + own)
    assert found.spec.image == "r/c-x:1"
    assert found.spec.env == (("Z", "c-x ${TASK_NAME}"),)
    assert found.spec.constants == (("A", "c-x"), ("B", "c"))
    assert str(found.place_of("image")) == "a.yaml:6:18"


@pytest.mark.parametrize("server", ["registry.example.org:5000", "registry.example.org:5000/"])
def test_a_registry_with_and_without_a_slash(server: str) -> None:
    found = only(task(f"constants: {{DOCKER_SRV: '{server}', DOCKER_REPO: a/b, DOCKER_TAG: c}}"))
    assert found.spec.image == "registry.example.org:5000/a/b:c"


def test_images_merge_by_part_and_text_replaces_all() -> None:
    digest = "sha256:" + "a" * 64
    own = profile(f"container: {{image: {{name: 'x:1', digest: '{digest}', pull: always}}}}")
    parts = only(task("profile: mine\ncontainer: {image: {pull: never}}") + "---\n" + own)
    assert (parts.spec.image, parts.spec.pull) == (f"x:1@{digest}", "never")


def test_containers_merge_and_lists_are_replaced() -> None:
    own = profile(
        "container: {image: x, command: [a, b], resources: {cpus: 1, memory: 1Mi}}\n"
        "task: {restart: on-failure, retry: {perInstance: 5, backoff: {initial: 2s}}}"
    )
    spec = "container: {command: [c], resources: {cpus: 2}}\nretry: {backoff: {max: 9s}}"
    found = only(task("profile: mine\n" + spec) + "---\n" + own)
    assert found.spec.command == ("c",)
    assert (found.spec.resources.cpus, found.spec.resources.memory) == (2.0, 1024**2)
    assert found.restart is Restart.ON_FAILURE
    assert found.retry == Retry(5, Backoff(initial=2.0, max=9.0))


def test_a_service() -> None:
    found = only(task("profile: docker-service\nrollout: {maxUnavailable: 2}"))
    assert found.service
    assert found.retry.per_instance is None
    assert found.max_unavailable == 2
    assert found.spec.network == "bridge"


def test_jobs_and_their_tasks() -> None:
    text = document("Job", "j", "tasks:\n- {name: a, labels: {x: 1.10}, instances: 2}\n- {name: b}")
    found = desired(text + "---\n" + task("job: j", "c"))
    assert {name: entry.job for name, entry in found.tasks.items()} == {
        "a": "j",
        "b": "j",
        "c": "j",
    }
    assert found.tasks["a"].labels == (("x", "1.10"),)
    assert str(found.tasks["b"].at) == "a.yaml:7:5"


def test_nodes() -> None:
    assert desired(task()).nodes == {"local": NodeSpec("local", "")}
    text = document("Node", "big, labels: {zone: a}", "endpoint: unix:///run/x.sock")
    node = NodeSpec("big", "unix:///run/x.sock", (("zone", "a"),))
    assert desired(text).nodes == {"big": node}


def test_an_own_profile_takes_the_place_of_a_standard_one() -> None:
    own = profile("container: {image: mine}", "docker-batch")
    assert only(task() + "---\n" + own).spec.image == "mine"


def test_project_and_source_configuration() -> None:
    assert load(task()).project == "project"
    assert load({"reconciler.yaml": "project: other\n", "a.yaml": task()}).project == "other"
    assert load({"sub/reconciler.yaml": "project: other\n"}).problems[0].code == "not-a-manifest"
    (problem,) = load({"reconciler.yaml": "project: No\n"}).problems
    assert (problem.code, str(problem.at)) == ("bad-name", "reconciler.yaml:1:10")
    (problem,) = load(task(), project="My Project").problems
    assert problem.code == "bad-name"


def test_only_what_has_a_manifest_or_a_configuration_may_prune() -> None:
    assert not desired({}).prunable
    assert not desired({"a.yaml": "# nothing\n"}).prunable
    assert desired({"reconciler.yaml": "project: p\n"}).prunable
    assert desired(task()).prunable


def test_the_order_of_files_means_nothing() -> None:
    files = {f"{name}.yaml": task("instances: 2", name) for name in "abcdef"}
    names = list(files)
    random.Random(1).shuffle(names)
    shuffled = load({name: files[name] for name in names})
    straight = load(files)
    assert shuffled.desired == straight.desired


def test_the_catalog() -> None:
    catalog = load({"a.yaml": task("instances: 2") + "---\n" + profile("{}"), "b.txt": "?"})
    assert catalog.checked == 2
    assert catalog.revision == "r1"
    assert catalog.valid


def test_one_fault_refuses_the_whole_revision() -> None:
    catalog = load({"a.yaml": task(), "b.yaml": task("x: 1", "b")})
    assert catalog.desired is None
    assert not catalog.valid
    assert [problem.severity for problem in catalog.problems] == [Severity.ERROR]


def test_a_matrix_has_an_instance_for_each_combination() -> None:
    matrix = "{beta: [b, a], alpha: [1, 2.50, '3']}"
    found = only(task(f"instances: {{matrix: {matrix}}}"))
    assert found.instances == (0, 1, 2, 3, 4, 5)
    assert found.combinations[:4] == (
        (("alpha", "1"), ("beta", "b")),
        (("alpha", "2.50"), ("beta", "b")),
        (("alpha", "3"), ("beta", "b")),
        (("alpha", "1"), ("beta", "a")),
    )
    assert found.values_of(3) == (("alpha", "1"), ("beta", "a"))
    assert (found.matrix, found.values_of(6)) == ("alpha,beta", ())
    assert only(task("instances: 2")).combinations == ()


def test_what_a_matrix_holds_is_in_no_hash() -> None:
    one, other = (only(task(f"instances: {{matrix: {{a: {v}}}}}")) for v in ("[1]", "[2, 3]"))
    assert (one.work, one.shape) == (other.work, other.shape)


def test_a_large_count_is_quick_and_an_empty_one_allowed() -> None:
    assert len(only(task("instances: 100000")).instances) == 100_000
    assert only(task("instances: 0")).instances == ()
