"""What only shows between manifests: references, circles, room, ports. `§` as in test_invalid."""

from itertools import pairwise

import pytest

from reconciler.model.problem import Problem, Severity
from tests.manifests.loaded import HEAD, document, load, profile, task
from tests.manifests.test_invalid import MARK, marked

NEXT = "---\n"


def node(name: str, rest: str = "", labels: str = "{}") -> str:
    head = HEAD.format("Node", name).replace("}\n", f", labels: {labels}}}\n")
    return head + f"spec: {{endpoint: 'unix:///{name}', {rest}}}\n"


def waits(name: str, *others: str) -> str:
    listed = ", ".join(f"{{task: {other}}}" for other in others)
    return task(f"dependsOn: [{listed}]", name)


def port(name: str, number: str, rest: str = "") -> str:
    container = f"container: {{image: x, ports: [{{container: 80, host: {number}}}]}}"
    return task(f"profile: docker-service\n{container}\n{rest}", name)


def found(text: str) -> tuple[Problem, ...]:
    problems = load(text.replace(MARK, "")).problems
    return tuple(problem for problem in problems if problem.code != "not-supported-yet")


POOL = document("Pool", "p", "slot: {cpus: 2, memory: 1Gi}\nnodes: {zone: a}")

CASES = [
    ("unknown-profile", task("profile: §docker-bacth")),
    ("unknown-job", task("job: §j")),
    ("unknown-pool", task("pool: §p")),
    ("unknown-pool", document("Job", "j", "pool: §p")),
    ("unknown-task", waits("a", "§b")),
    ("unknown-bucket", task("inputs: [{bucket: §b, target: /x}]")),
    ("unknown-bucket", task("outputs: {bucket: §b, source: /x}")),
    ("unknown-profile", document("Pool", "p", "profile: §x")),
    ("unknown-bucket unknown-task", task("inputs: [{bucket: §b, target: /x}]", "a") + NEXT
     + waits("c", "a", "§d")),
    ("duplicate-name", task("", "a") + NEXT + task("", "§a")),
    ("duplicate-name", task("", "a") + NEXT + document("Job", "j", "tasks: [{name: §a}]")),
    ("duplicate-name", document("Job", "j", "tasks: [{name: a}, {name: §a}]")),
    ("duplicate-name", POOL + NEXT + POOL.replace("name: p", "name: §p")),
    ("dependency-cycle", waits("a", "§a")),
    ("dependency-cycle", waits("a", "b") + NEXT + waits("b", "c") + NEXT + waits("c", "§a")),
    ("dependency-cycle dependency-cycle", waits("a", "b") + NEXT + waits("b", "c", "d") + NEXT
     + waits("c", "§b") + NEXT + waits("d", "§a")),
    ("port-collision", port("a", "8080") + NEXT + port("b", "§8080")),
    ("port-collision", port("a", "§8080", "instances: 2")),
    ("port-collision", node("n") + NEXT + node("m") + NEXT + port("a", "§8080", "instances: 3")),
    ("fits-nowhere", node("n", "capacity: {cpus: 2}") + NEXT
     + task("container: {resources: §{cpus: 4}}")),
    ("fits-nowhere", node("n", "capacity: {memory: 1Gi}") + NEXT
     + task("container: {resources: §{memory: 2Gi}}")),
    ("fits-nowhere", node("n", labels="{zone: a}") + NEXT
     + task("placement: {nodes: §{zone: b}}")),
    ("fits-nowhere", node("n", labels="{zone: a}") + NEXT + POOL + NEXT
     + task("pool: p\ncontainer: {resources: §{cpus: 3}}")),
    ("fits-nowhere", node("n", labels="{zone: b}") + NEXT + POOL + NEXT + "§" + task("pool: p")),
    ("fits-nowhere", node("n", labels="{zone: b}") + NEXT + POOL + NEXT
     + document("Job", "j", "pool: p\ntasks:\n- §{name: a}")),
    ("duplicate-endpoint", document("Node", "n", "endpoint: ssh://h") + NEXT
     + document("Node", "m", "endpoint: §ssh://h")),
    ("duplicate-endpoint", document("Node", "n", "endpoint: ''") + NEXT
     + document("Node", "§m", "cordon: true")),
    ("duplicate-endpoint", document("Node", "n", "endpoint: unix:///var/run/docker.sock") + NEXT
     + document("Node", "m", "endpoint: §''")),
    ("duplicate-name", document("Node", "n", "endpoint: ssh://h") + NEXT
     + document("Node", "§n", "endpoint: ssh://h")),
]  # fmt: skip


@pytest.mark.parametrize(("codes", "text"), CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])
def test_says_what_and_where(codes: str, text: str) -> None:
    said = [(p.code, f"{p.at.line}:{p.at.column}") for p in found(text)]
    assert said == list(zip(codes.split(), marked(text), strict=True))


@pytest.mark.parametrize("text", [
    task("job: j") + NEXT + document("Job", "j", ""),
    task("profile: mine") + NEXT + profile("container: {image: x}"),
    waits("a", "b") + NEXT + waits("c", "b", "a") + NEXT + task("", "b"),
    port("a", "8080") + NEXT + port("b", "8081") + NEXT + port("c", "0", "instances: 5"),
    port("a", "8080", "instances: 2\nparallelism: 1").replace("docker-service", "docker-network"),
    node("n") + NEXT + node("m") + NEXT + port("a", "8080", "instances: 2"),
    node("n", "capacity: {cpus: 2}") + NEXT + task("container: {resources: {cpus: 2}}"),
    node("n", labels="{zone: a}") + NEXT + task("placement: {nodes: {zone: a}}"),
])  # fmt: skip
def test_nothing_to_say(text: str) -> None:
    assert found(text) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (waits("a", "b") + NEXT + waits("b", "a"),
         "tasks wait for each other in a circle: a → b → a"),
        (port("a", "80") + NEXT + port("b", "80"),
         "port 80 of the node is wanted 2 times on one node; a wants it, too"),
        (node("n", "capacity: {cpus: 1}") + NEXT + node("m", labels="{zone: a}") + NEXT
         + node("o", "capacity: {cpus: 2}", "{zone: b}") + NEXT
         + task("placement: {nodes: {zone: b}}\ncontainer: {resources: {cpus: 4}}"),
         "task pi: an instance fits on 0 of 3 nodes: 1 has 2 of 4 cpus, 2 lacks the label zone=b"),
    ],
)  # fmt: skip
def test_wording(text: str, message: str) -> None:
    assert [problem.message for problem in found(text)] == [message]


def test_without_nodes_a_label_is_only_warned_of() -> None:
    (problem,) = found(task("placement: {nodes: {zone: a}}"))
    assert (problem.code, problem.severity) == ("fits-nowhere", Severity.WARNING)


def test_a_long_chain_of_tasks_is_no_problem() -> None:
    names = [f"t{number}" for number in range(1201)]  # beyond the depth that calls may have
    files = {f"{one}.yaml": waits(one, other) for one, other in pairwise(names)}
    problems = load(files | {"last.yaml": task("", names[-1])}).errors
    assert problems == ()
