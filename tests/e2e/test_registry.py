"""Registries that are away, and come back."""

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.docker import Outside
from tests.support.engines import IMAGE
from tests.support.process import eventually
from tests.support.registry import PASSWORD, POSSIBLE, USER, free_port, push, serving

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not POSSIBLE, reason="needs Debian's docker-registry"),
]
AUTH = {"registryAuth": {"credentials": "lab"}}


def let_in(project: Project) -> None:
    """Have the operator know a login."""
    config = project.home / "operator.yaml"
    config.write_text(f"credentials: {{lab: {{user: {USER}, password: {{env: LAB_PASSWORD}}}}}}\n")
    project.reconciler.env |= {"LAB_PASSWORD": PASSWORD, "RECONCILER_CONFIG": str(config)}


def image_of(view: Outside, name: str) -> str:
    found: Json = view.inspect(name) or {}
    image: str = found["Config"]["Image"]
    return image


def await_reason(project: Project, name: str, *parts: str) -> None:
    def told() -> bool:
        status = project.status(name)
        return status["state"] == "Blocked" and all(part in status["reason"] for part in parts)

    eventually(told, f"{name} to say {parts}", pause=0.3)


def test_a_registry_that_is_away_is_waited_for_by_whom_it_matters_to(project: Project) -> None:
    port = free_port()
    image = f"127.0.0.1:{port}/{project.name}/box:1"
    let_in(project)
    with serving(project.home, port, closed=True):
        push(project.engine.client, image)
        push(project.engine.client, f"{image}-far")
    repository, _, tag = image.rpartition(":")
    project.engine.client.tag(IMAGE, repository, tag)
    project.engine._tags += [image, f"{image}-far"]  # ours
    project.declare(
        task("here", "true", image=image),
        task("always", "true", container={"image": {"name": image, "pull": "always", **AUTH}}),
        task("absent", "true", container={"image": {"name": f"{image}-far", **AUTH}}),
    )
    failed = project.reconciler("images", "lock", str(project.source), stateless=True).ends(1)
    assert "its engine asks the registry" in failed.err
    assert not (project.source / "reconciler.lock").exists()
    project.run()
    project.await_states("here", "Succeeded")
    away = "the registry could not be asked"
    await_reason(project, "always", away, "the node has one, which does not serve")
    await_reason(project, "absent", away)
    with serving(project.home, port, closed=True):
        project.await_states("always", "Succeeded")
        project.await_states("absent", "Succeeded")
        project.close()
