"""What is not ours survives everything, and is told of where it is in the way."""

import pytest

from tests.e2e.project import Project, service, task
from tests.support.docker import LABEL

pytestmark = pytest.mark.docker


def labels_of(project: Project, /, **others: str) -> dict[str, str]:
    """Return the labels that one of the project's containers would carry."""
    said = {
        "project": project.name, "task": "work", "instance": "0", "run": "1", "attempt": "1",
        "work": "w1-0", "shape": "s1-0", **others,
    }  # fmt: skip
    return {f"{LABEL}{name}": value for name, value in said.items()}


def test_a_foreign_container_with_our_name_survives_and_work_goes_on(project: Project) -> None:
    name = project.engine.name("work")
    foreign = project.engine.run_foreign(name)
    project.declare(task("work"))
    done = project.apply()
    assert f"{name}: its name is held by container {foreign[:12]}" in done.err
    assert "which is not ours" in project.reconciler("why", "work/0").ends(0).out
    assert list(project.engine.running()) == [project.engine.name("work", attempt=2)]
    project.forget("work")
    project.declare(task("other"))
    project.apply()
    assert project.engine.ids() == {
        project.engine.name("other"): project.engine.ids("other")[project.engine.name("other")]
    }
    project.reconciler("destroy", "--yes").ends(0)
    found = project.engine.inspect(name)
    assert found is not None
    assert found["Id"] == foreign
    assert found["State"]["Running"]


def test_a_burnt_name_is_no_retry(project: Project) -> None:
    project.engine.run_foreign(project.engine.name("work"))
    project.declare(task("work", "true"))
    project.apply("--wait")
    assert project.states("work") == ["Succeeded"]


def test_similar_labels_under_another_name_make_nothing_ours(project: Project) -> None:
    name = f"{project.name}-somebody"
    foreign = project.engine.run_foreign(name, labels_of(project))
    project.declare(task("work"))
    project.apply()
    project.declare(task("other"))
    project.forget("work")
    project.apply()
    project.reconciler("destroy", "--yes").ends(0)
    found = project.engine.inspect(name)
    assert found is not None
    assert found["Id"] == foreign
    assert found["State"]["Running"]


def test_our_labels_and_name_but_another_project_are_left_alone(project: Project) -> None:
    name = f"{project.name}x.work.1.0.1"
    project.engine.run_foreign(name, labels_of(project, project=f"{project.name}x"))
    project.declare(task("work"))
    project.apply()
    project.reconciler("destroy", "--yes").ends(0)
    found = project.engine.inspect(name)
    assert found is not None
    assert found["State"]["Running"]


def test_a_foreign_volume_with_our_name_is_reported_and_left_alone(project: Project) -> None:
    name = f"{project.name}.data"
    project.engine.make_volume(name, {"somebody": "else"})
    mount = {"type": "volume", "source": "data", "target": "/data"}
    project.declare(task("work", container={"mounts": [mount]}), task("other", "true"))
    done = project.apply("--wait", "--timeout", "4s", code=1)
    assert f"the volume {name} is there already and is not this project's" in done.said
    assert project.engine.running() == {}
    assert project.states("other") == ["Succeeded"]
    why = project.reconciler("why", "work/0").ends(0).out
    assert "is not this project's" in why
    project.reconciler("destroy", "--yes", "--volumes").ends(0)
    assert project.engine.client.inspect_volume(name)["Labels"] == {"somebody": "else"}


def test_our_own_volume_is_kept_by_prune_and_by_destroy(project: Project) -> None:
    mount = {"type": "volume", "source": "data", "target": "/data"}
    project.declare(service("web", container={"mounts": [mount]}), task("other", "true"))
    project.apply("--wait")
    name = f"{project.name}.data"
    assert project.engine.volumes()[name][f"{LABEL}project"] == project.name
    project.forget("web")
    project.apply()
    assert name in project.engine.volumes()
    project.reconciler("destroy", "--yes").ends(0)
    assert list(project.engine.volumes()) == [name]
    project.reconciler("destroy", "--yes", "--volumes").ends(0)
    assert project.engine.volumes() == {}
