"""What is not the project's counts where there is no room for both."""

import pytest

from tests.e2e.project import Project, service, task
from tests.support.process import eventually
from tests.support.registry import free_port

pytestmark = pytest.mark.docker


def test_a_port_that_somebody_elses_container_has_is_waited_for(project: Project) -> None:
    port = free_port()
    name = f"{project.name}-neighbour"
    project.engine.run_foreign(name, port=port)
    wanted = {"network": "bridge", "ports": [{"container": 80, "host": port}]}
    project.declare(service("web", container=wanted))
    running = project.run()
    said = f"1 has port {port}/tcp taken"
    eventually(lambda: said in project.status("web")["reason"], said, pause=0.3)
    assert project.engine.ids("web") == {}, "it is not even made"
    project.engine.remove(name)
    project.await_states("web", "Running")
    running.terminate().ends(0)


def test_what_another_project_has_reserved_is_not_there_for_this_one(project: Project) -> None:
    name = f"{project.name}-neighbour"
    project.engine.run_foreign(name, memory=900 << 30)
    node = {
        "apiVersion": "reconciler/v1",
        "kind": "Node",
        "metadata": {"name": "here"},
        "spec": {"capacity": {"memory": "1000Gi"}},
    }
    limits = {"resources": {"memory": "150Gi"}}
    project.declare(node, task("work", "true", container=limits))
    project.apply(code=1)
    assert "of 150Gi memory left" in project.status("work")["reason"]
    (shown,) = project.reconciler_json("nodes")["nodes"]
    assert shown["reservedByOthers"]["memory"] >= 900 << 30
    project.engine.remove(name)
