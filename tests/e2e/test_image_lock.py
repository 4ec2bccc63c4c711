"""Tags on a real registry that asks for a login: moved, locked, checked; images looked after."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import Fleet
from tests.e2e.project import Json, Project, service, task
from tests.support.engines import IMAGE
from tests.support.process import eventually
from tests.support.registry import PASSWORD, POSSIBLE, USER, free_port, push, serving

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not POSSIBLE, reason="needs Debian's docker-registry"),
]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def registry(project: Project, port: int) -> Iterator[str]:
    with serving(project.home, port, closed=True) as address:
        yield f"{address}/{project.name}"
        project.reconciler.close()
        project.engine.forget(address)


def log_in(project: Project, registry: str, password: str = PASSWORD) -> None:
    folder = project.home / "docker"
    folder.mkdir(exist_ok=True)
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    server = registry.partition("/")[0]
    (folder / "config.json").write_text(json.dumps({"auths": {server: {"auth": auth}}}))
    project.reconciler.env["DOCKER_CONFIG"] = str(folder)


def other_image(project: Project) -> str:
    """Return an image that is not the test image, and goes with the project."""
    made = project.engine.client.create_container(IMAGE, ["true"])["Id"]
    name = f"{project.name}-image:other"
    repository, _, tag = name.partition(":")
    project.engine.client.commit(made, repository, tag, changes=["ENV OTHER=1"])
    project.engine.client.remove_container(made)
    project.engine._tags.append(name)  # ours
    return name


def created_from(project: Project, name: str) -> str:
    found: Json = project.engine.inspect(name) or {}
    image: str = found["Config"]["Image"]
    return image


def images(project: Project, *words: str, code: int = 0) -> str:
    return project.reconciler("images", *words).ends(code).out


def lock_file(project: Project) -> Path:
    return project.source / "reconciler.lock"


def lock(project: Project, *words: str, code: int = 0) -> str:
    return lock_of(project, str(project.source), *words, code=code)


def lock_of(project: Project, source: str, *words: str, code: int = 0) -> str:
    done = project.reconciler("images", "lock", source, *words, stateless=True).ends(code)
    return done.out or done.err


def test_a_tag_that_has_moved_is_noticed_and_a_locked_one_stays(
    project: Project, registry: str
) -> None:
    image = f"{registry}/box:1"
    first, other = push(project.engine.client, image), other_image(project)
    log_in(project, registry)
    always = {"image": {"name": image, "pull": "always"}}
    project.declare(task("work", "true", container=always))
    project.apply("--wait")
    assert created_from(project, project.engine.name("work")) == f"{image}@{first}"
    second = push(project.engine.client, image, other)
    assert first != second
    project.declare(task("work", "true", container=always, rerun=1))
    project.apply("--wait")
    assert created_from(project, project.engine.name("work", run=2)) == f"{image}@{second}"
    (told,) = [entry for entry in project.events() if entry["kind"] == "image"]
    assert f"{first} → {second}" in told["message"]

    assert lock(project, "--check", code=1) == f"+ {image} is not locked\n"
    assert image in lock(project)
    assert second in lock_file(project).read_text()
    before = project.engine.ids()
    project.apply("--wait")
    assert project.engine.ids() == before  # what ran is what is locked
    assert lock(project, "--check") == "every tag is locked\n"
    push(project.engine.client, image)
    assert lock(project) == "every tag is locked\n"
    project.declare(task("work", "true", container=always, rerun=2))
    project.apply("--wait")
    assert created_from(project, project.engine.name("work", run=3)) == f"{image}@{second}"
    assert lock(project, "--check", "--registry", code=2) == f"~ {image} {first}\n"
    assert lock(project, "--update", image) == f"~ {image} {first}\n"
    project.declare(task("work", "true", container=always, rerun=3))
    project.apply("--wait")
    assert created_from(project, project.engine.name("work", run=4)) == f"{image}@{first}"


def test_a_registry_with_a_wrong_login_or_none_at_all_is_told_of_and_a_local_image_serves(
    project: Project, registry: str
) -> None:
    image = f"{registry}/box:1"
    push(project.engine.client, image)
    log_in(project, registry, "planted-wrong-password")
    project.declare(task("work", "true", image=image))
    running = project.run()
    eventually(lambda: project.status("work")["state"] == "Blocked", "no access", pause=0.3)
    reason = project.status("work")["reason"]
    assert "there is no such image, or no access to it" in reason
    log_in(project, registry)
    project.await_states("work", "Succeeded")
    told = running.terminate().ends(0)
    for text in (told.out, told.err, json.dumps(project.events()), reason):
        assert "planted-wrong-password" not in text
        assert PASSWORD not in text


def test_a_commit_that_locks_another_digest_is_rolled_out_to_services(
    fleet: Fleet, registry: str
) -> None:
    project, image = fleet.project, f"{registry}/box:1"
    first = push(project.engine.client, image)
    log_in(project, registry)
    assert "in a clone of the repository" in lock_of(project, fleet.url, code=1)
    web = service("web", container={"image": {"name": image, "pull": "missing"}})
    fleet.commit(web, task("once", "true", image=image))
    lock(project)
    fleet.repository.commit()
    running = fleet.follow()
    project.await_states("once", "Succeeded")
    project.engine.await_running(project.engine.name("web"))
    second = push(project.engine.client, image, other_image(project))
    assert lock(project, "--update", image) == f"~ {image} {second}\n"
    fleet.repository.commit()
    project.engine.await_running(project.engine.name("web", run=2))
    assert created_from(project, project.engine.name("web", run=2)) == f"{image}@{second}"
    assert list(project.engine.ids("once")) == [project.engine.name("once")]
    (stop,) = [entry["cause"] for entry in project.events() if entry["kind"] == "stop"]
    assert (stop["reason"], stop["path"], stop["line"], stop["old"], stop["new"]) == (
        "its image is locked to another digest", "reconciler.lock", 4, first, second,
    )  # fmt: skip
    running.terminate().ends(0)


def test_a_login_of_the_operator_is_used(project: Project, registry: str) -> None:
    image = f"{registry}/box:1"
    digest = push(project.engine.client, image)
    config = project.home / "operator.yaml"
    config.write_text(f"credentials: {{lab: {{user: {USER}, password: {{env: LAB_PASSWORD}}}}}}\n")
    project.reconciler.env["LAB_PASSWORD"] = PASSWORD
    project.reconciler.env["RECONCILER_CONFIG"] = str(config)
    auth = {"registryAuth": {"credentials": "lab"}}
    project.declare(task("work", "true", container={"image": {"name": image, **auth}}))
    project.apply("--wait")
    assert created_from(project, project.engine.name("work")) == f"{image}@{digest}"
    assert f"+ {image} {digest}" in lock(project)


def test_a_secret_constant_is_a_login(project: Project, registry: str) -> None:
    image = f"{registry}/box:1"
    digest = push(project.engine.client, image)
    project.reconciler.env["REGISTRY_PASSWORD"] = PASSWORD
    server, _, repository = image.rpartition(":")[0].partition("/")
    constants = {
        "DOCKER_SRV": server,
        "DOCKER_REPO": repository,
        "DOCKER_TAG": "1",
        "DOCKER_REGISTRY_LOGIN": USER,
        "DOCKER_REGISTRY_PASSWORD": {"from": {"env": "REGISTRY_PASSWORD"}},
    }
    made = task("work", "env", constants=constants)
    del made["spec"]["container"]["image"]
    project.declare(made)
    project.apply("--wait")
    name = project.engine.name("work")
    assert created_from(project, name) == f"{image}@{digest}"
    assert PASSWORD not in project.engine.logs(name) + json.dumps(project.engine.inspect(name))


def test_a_digest_in_the_manifest_is_what_runs_or_nothing_does(
    project: Project, registry: str
) -> None:
    image = f"{registry}/box:1"
    first, other = push(project.engine.client, image), other_image(project)
    second = push(project.engine.client, image, other)
    log_in(project, registry)
    project.declare(
        task("old", "true", container={"image": {"name": image, "digest": first}}),
        task(
            "none", "true", container={"image": {"name": IMAGE, "digest": second, "pull": "never"}}
        ),
    )
    running = project.run()
    project.await_states("old", "Succeeded")
    eventually(lambda: project.status("none")["state"] == "Blocked", "it to stay away", pause=0.3)
    assert created_from(project, project.engine.name("old")) == f"{image}@{first}"
    assert "is not on node local, and pull is never" in project.status("none")["reason"]
    running.terminate()


def test_images_are_built_listed_pushed_and_pruned(project: Project, registry: str) -> None:
    app = project.source / "app"
    app.mkdir()
    (app / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY said /\n")
    (app / "said").write_text("one")
    log_in(project, registry)
    project.declare(task("work", "true", container={"image": {"build": {"context": "app"}}}))
    here = ("-s", str(project.source))
    assert "absent" in images(project, "ls", *here)
    assert "made on node local" in images(project, "build", "work", *here)
    assert "is there on node local" in images(project, "build", *here)
    (listed,) = json.loads(images(project, "ls", "--format", "json", *here))["images"]
    assert (listed["present"], listed["node"]) == (True, "local")
    pushed = images(project, "push", "work", f"{registry}/work:1", *here).strip()
    assert pushed.startswith(f"{registry}/work:1@sha256:")
    assert images(project, "prune", *here) == ""
    (app / "said").write_text("two")
    (old,) = project.engine.images()
    assert images(project, "prune", "--dry-run", *here) == f"{old} would go on node local\n"
    assert project.engine.images() == [old]
    assert images(project, "prune", *here) == f"{old} removed on node local\n"
    assert project.engine.images() == []
    project.apply("--wait")
    (used,) = project.engine.images()
    (app / "said").write_text("three")
    assert images(project, "prune", *here) == f"{used} is used, and stays on node local\n"
    assert project.engine.images() == [used]
