"""Images that are built of the source, or loaded from an archive in it."""

import gzip
from pathlib import Path

import pytest

from tests.e2e.project import SLEEP, Json, Project, service, task
from tests.support.engines import IMAGE
from tests.support.process import eventually

pytestmark = pytest.mark.docker
DOCKERFILE = f"FROM {IMAGE}\nARG WORD=none\nCOPY . /app\nRUN echo $WORD > /word\n"


def built(name: str, script: str = "cat /app/said /word", **build: object) -> Json:
    image = {"build": {"context": "app", **build}}
    return task(name, script, instances=3, container={"image": image})


def lay(project: Project, said: str = "one") -> Path:
    app = project.source / "app"
    app.mkdir(exist_ok=True)
    (app / "Dockerfile").write_text(DOCKERFILE)
    (app / "said").write_text(f"{said}\n")
    return app


def kinds(project: Project) -> list[str]:
    return [entry["kind"] for entry in project.events()]


def test_an_image_is_built_once_for_all_and_again_only_for_another_content(
    project: Project,
) -> None:
    app = lay(project)
    project.declare(built("work", args={"WORD": "two"}))
    assert project.plan()["summary"]["build"] == 1
    project.apply("--wait")
    assert project.engine.logs(project.engine.name("work", 2)) == "one\ntwo\n"
    assert kinds(project).count("build") == len(project.engine.images()) == 1
    first = project.engine.ids()
    (app / "said").touch()
    (app / "Dockerfile").touch()
    assert "nothing to do" in project.apply("--wait").out
    assert project.engine.ids() == first
    lay(project, "other")
    project.apply("--wait")
    assert project.engine.logs(project.engine.name("work", 2, run=2)) == "other\ntwo\n"
    assert len(project.engine.images()) == 2
    lay(project, "one")  # as it was: what completed then stays completed
    assert project.plan()["summary"]["create"] == 0


def test_a_changed_content_is_noticed_while_running(project: Project) -> None:
    lay(project)
    served = service(
        "web", f"cat /app/said; {SLEEP}", container={"image": {"build": {"context": "app"}}}
    )
    project.declare(served)
    running = project.run()
    project.engine.await_running(project.engine.name("web"))
    lay(project, "other")
    project.engine.await_running(project.engine.name("web", run=2))
    assert project.engine.logs(project.engine.name("web", run=2)) == "other\n"
    running.terminate()


def test_a_build_that_fails_says_why_and_another_revision_cures_it(project: Project) -> None:
    app = lay(project)
    (app / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN echo no such thing >&2; exit 4\n")
    project.declare(built("work", "true"))
    running = project.run()
    eventually(lambda: project.status("work")["state"] == "Blocked", "the build to fail", pause=0.3)
    reason = project.status("work")["reason"]
    assert "returned a non-zero code: 4; printed last: no such thing" in reason
    (told,) = [e for e in project.events() if e["kind"] == "build" and e["level"] == "warning"]
    assert "Step 2/" in told["message"]
    lay(project)
    project.await_states("work", *["Succeeded"] * 3)
    running.terminate()


def test_an_archive_is_loaded_and_its_names_mean_nothing(project: Project) -> None:
    other = f"{project.name}:mine"
    project.engine.client.tag(IMAGE, project.name, "mine")
    data = b"".join(project.engine.client.get_image(other))
    project.engine.untag(other)
    (project.source / "image.tgz").write_bytes(gzip.compress(data, 1))
    project.declare(task("work", "echo loaded", container={"image": {"archive": "image.tgz"}}))
    project.apply("--wait")
    assert project.engine.logs(project.engine.name("work")) == "loaded\n"
    assert "load" in kinds(project)
    assert project.engine.client.images(other) == []
    (project.source / "image.tgz").write_bytes(data)  # another file: other work
    assert project.plan()["summary"]["load"] == 1


def test_an_archive_of_something_else_is_refused(project: Project) -> None:
    (project.source / "two.tar").write_bytes(b"not an archive")
    project.declare(task("work", "true", container={"image": {"archive": "two.tar"}}))
    running = project.run()
    eventually(lambda: project.status("work")["state"] == "Blocked", "it is refused", pause=0.3)
    assert "two.tar is no archive of an image" in project.status("work")["reason"]
    running.terminate()


def test_what_is_missing_is_told_by_validate_and_nothing_is_started(project: Project) -> None:
    project.declare(built("work"))
    found = project.plain("validate", str(project.source), "--format", "json", code=1).json()
    (problem,) = found["problems"]
    assert (problem["code"], problem["message"]) == (
        "missing-material", "there is no file or folder app",
    )  # fmt: skip
    assert "there is no file or folder app" in project.apply(code=1).err
    assert project.engine.ids() == {}
