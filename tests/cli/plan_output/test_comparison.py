"""Comparisons as text and as a pull request's comment, each scenario a pair of golden files.

`UPDATE_GOLDEN=1 pytest tests/cli/plan_output/test_comparison.py` writes the files anew; the
diff is then what a reviewer reads.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click import unstyle

from reconciler import manifests
from reconciler.cli.comparing import Compared, Side
from reconciler.cli.plan_output import comparison, markdown
from reconciler.model.desired import Desired
from reconciler.planning.compare import compare
from tests.cli.helpers import check
from tests.support.desired import make_desired, make_task

GOLDEN = Path(__file__).parents[2] / "golden" / "compare"
OLDER, NEWER = "1" * 40, "2" * 40
Files = dict[str, str]


def task(name: str, spec: str = "", *, labels: str = "") -> str:
    return f"""\
apiVersion: reconciler/v1
kind: Task
metadata: {{name: {name}, labels: {{{labels}}}}}
spec:
  constants: {{DOCKER_REPO: busybox, DOCKER_TAG: stable, DOCKER_CMD: echo {name}}}
{spec}"""


def service(name: str, spec: str = "") -> str:
    return task(name, f"  profile: docker-service\n{spec}")


def limits(cpus: str, memory: str) -> str:
    return f"  container: {{resources: {{cpus: {cpus}, memory: {memory}}}}}\n"


def node(name: str, endpoint: str) -> str:
    return f"""\
apiVersion: reconciler/v1
kind: Node
metadata: {{name: {name}}}
spec: {{engine: docker, endpoint: "{endpoint}"}}
"""


def everything_at_once() -> tuple[Files, Files]:
    older = {
        "pi.yaml": task("pi", "  instances: 8\n  env: {SAMPLES: '1000'}\n" + limits("1", "1Gi")),
        "web.yaml": service("web", "  instances: 3\n" + limits("0.5", "256Mi")),
        "size.yaml": task("size", "  instances: 2\n"),
        "calm.yaml": task("calm", "  retry: {perInstance: 1}\n", labels="team: a"),
        "same.yaml": task("same"),
        "old.yaml": task("old", "  instances: 4\n"),
    }
    newer = {
        "pi.yaml": task("pi", "  instances: 8\n  env: {SAMPLES: '2000'}\n" + limits("1", "2Gi")),
        "web.yaml": service("web", "  instances: 3\n" + limits("1", "256Mi")),
        "size.yaml": task("size", "  instances: 5\n"),
        "calm.yaml": task("calm", "  retry: {perInstance: 3}\n", labels="team: b"),
        "moved/same.yaml": task("same"),
        "new.yaml": task("new", "  instances: 2\n" + limits("500m", "128Mi")),
    }
    return older, newer


def nothing() -> tuple[Files, Files]:
    return {"a.yaml": task("a")}, {"deep/b.yaml": "# elsewhere now\n" + task("a")}


def most_goes() -> tuple[Files, Files]:
    older = {"a.yaml": task("many", "  instances: 6\n"), "b.yaml": service("few")}
    return older, {"b.yaml": service("few")}


def most_runs_again() -> tuple[Files, Files]:
    older = {f"{n}.yaml": task(f"t{n}") for n in range(7)}
    newer = {f"{n}.yaml": task(f"t{n}", "  rerun: 1\n") for n in range(7)}
    return older, newer


def an_emptied_source() -> tuple[Files, Files]:
    return {"a.yaml": task("a", "  instances: 9\n")}, {}


def a_new_source() -> tuple[Files, Files]:
    return {}, {"a.yaml": task("a"), "b.yaml": service("b", "  instances: 2\n")}


def nodes() -> tuple[Files, Files]:
    older = {"n.yaml": "---\n".join([node("a", "unix:///a.sock"), node("b", "unix:///b.sock")])}
    newer = {"n.yaml": "---\n".join([node("b", "unix:///c.sock"), node("c", "unix:///d.sock")])}
    return older, newer


SCENARIOS: list[Callable[[], tuple[Files, Files]]] = [
    everything_at_once,
    nothing,
    most_goes,
    most_runs_again,
    an_emptied_source,
    a_new_source,
    nodes,
]


def made(older: Files, newer: Files, *notes: str) -> Compared:
    """Compare two sets of manifests as if they were two commits."""
    sides = desired(older, OLDER), desired(newer, NEWER)
    return Compared(compare(*sides), Side("main", OLDER), Side(NEWER[:7], NEWER), notes)


def desired(files: Files, revision: str) -> Desired:
    content = {path: text.encode() for path, text in files.items()}
    catalog = manifests.load(content, project="demo", revision=revision)
    assert catalog.desired is not None, catalog.problems
    return catalog.desired


@pytest.mark.parametrize("form", ["txt", "md"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_comparison_reads_as_recorded(
    scenario: Callable[[], tuple[Files, Files]], form: str
) -> None:
    compared = made(*scenario())
    said = "\n".join(comparison.as_text(compared)) if form == "txt" else ""
    said = unstyle(said) or markdown.of_comparison(compared)
    path = GOLDEN / f"{scenario.__name__}.{form}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{said}\n")
    assert f"{said}\n" == path.read_text()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_json_follows_its_schema(scenario: Callable[[], tuple[Files, Files]]) -> None:
    check("comparison", comparison.as_json(made(*scenario())))


def test_json_tells_of_each_difference() -> None:
    said = comparison.as_json(made(*everything_at_once(), "a note"))
    assert said["from"] == {"name": "main", "revision": OLDER}
    assert said["notes"] == ["a note"]
    tasks = said["tasks"]
    assert isinstance(tasks, list)
    by_name = {one["name"]: one for one in tasks}
    assert by_name["size"]["instances"] == {
        "before": 2,
        "after": 5,
        "added": "2-4",
        "removed": "",
    }
    assert [(d["effect"], d["field"], d["line"]) for d in by_name["pi"]["differences"]] == [
        ("work", "env.SAMPLES", 7),
        ("shape", "resources.memory", 8),
    ]


def test_an_unknown_former_revision_is_shown_as_such() -> None:
    found = compare(None, desired({"a.yaml": task("a")}, NEWER))
    unknown = Compared(found, Side("main", OLDER), Side("", NEWER), ("main has errors",))
    said = [" ".join(unstyle(line).split()) for line in comparison.as_text(unknown)]
    assert "tasks unknown → 1" in said
    assert "main has errors" in said
    check("comparison", comparison.as_json(unknown))


def test_a_task_that_may_not_be_started_says_so_and_what_differs() -> None:
    older = make_desired(make_task(blocked="not supported yet"))
    newer = make_desired(make_task(count=2, blocked="not supported yet"))
    found = Compared(compare(older, newer), Side("a", OLDER), Side("b", NEWER), ())
    said = [" ".join(unstyle(line).split()) for line in comparison.as_text(found)]
    assert said[2:4] == [
        ". leave alone work 2 instances not supported yet work.yaml:1:1",
        "instances: 1 → 2 work.yaml:1:1",
    ]
