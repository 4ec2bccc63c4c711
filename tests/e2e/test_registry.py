"""Registries that are away, and one that two engines ask while a tag moves."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.project import Json, Project, task
from tests.support.docker import Outside
from tests.support.engines import IMAGE
from tests.support.hub import Hub
from tests.support.nodes import POSSIBLE as ENGINES
from tests.support.private_engine import PrivateEngine
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


class Pair:
    """A project on two engines of its own, and a registry for both."""

    def __init__(self, project: Project, views: dict[str, Outside], registry: str) -> None:
        self.project, self.views = project, views
        self.image = f"{registry}/box:1"

    def push(self, word: str) -> str:
        """Have the tag stand for another image; return its digest. No engine has it by the tag."""
        client = next(iter(self.views.values())).client
        made = client.create_container(IMAGE, ["true"])["Id"]
        client.commit(made, "made", "1", changes=[f"ENV WORD={word}"])
        client.remove_container(made)
        digest = push(client, self.image, "made:1")
        client.remove_image("made:1")
        return digest

    def declare(self, name: str) -> None:
        image = {"name": self.image, **AUTH}
        self.project.declare(task(name, "sleep 600", instances=2, container={"image": image}))

    def made_of(self, name: str) -> dict[str, str]:
        """Return by node which image its instance is made of."""
        return {
            node: image_of(view, made)
            for node, view in self.views.items()
            for made in view.ids(name)
        }


@pytest.fixture
def pair(project: Project, tmp_path: Path) -> Iterator[Pair]:
    if not ENGINES:
        pytest.skip("several engines take root and their programs")
    port, hub = free_port(), Hub()
    with ExitStack() as stack:
        stack.callback(hub.close)
        hub.start()
        host, views = hub.address(254), {}
        for node in ("n1", "n2"):
            inside = hub.inside(hub.add())
            engine = PrivateEngine("--insecure-registry", f"{host}:{port}", inside=inside)
            stack.callback(engine.close)
            engine.start()
            views[node] = Outside(project.name, engine.url)
            stack.callback(views[node].client.close)
            manifest = {"apiVersion": "reconciler/v1", "kind": "Node", "metadata": {"name": node}}
            project.declare({**manifest, "spec": {"endpoint": engine.url}})
        let_in(project)
        stack.enter_context(serving(tmp_path, port, closed=True, host=host))
        stack.callback(project.reconciler.close)
        yield Pair(project, views, f"{host}:{port}/{project.name}")


def test_two_engines_fetch_the_same_though_the_tag_moves_between(pair: Pair) -> None:
    project, other = pair.project, pair.views["n2"]
    first = pair.push("one")
    login = {"username": USER, "password": PASSWORD}
    repository, _, tag = pair.image.rpartition(":")
    other.client.pull(repository, tag, auth_config=login)
    second = pair.push("two")
    assert first != second
    # What n2 has by the tag is there at once, and n1 fetches what the tag stands for by now.
    pair.declare("work")
    project.apply()
    assert set(pair.made_of("work")) == {"n1", "n2"}
    assert len(set(pair.made_of("work").values())) == 1
