"""Secrets on a real engine: instances have them, and follow where they change."""

import pytest

from tests.e2e.project import Json, Project, service, task
from tests.support.age import Sealer
from tests.support.process import eventually

pytestmark = pytest.mark.docker

PROFILE: Json = {
    "apiVersion": "reconciler/v1",
    "kind": "Profile",
    "metadata": {"name": "lab"},
    "spec": {
        "constants": {"PASSWORD": {"secret": True}},
        "container": {"env": {"PASSWORD_OF_LAB": "${PASSWORD}"}},
    },
}


def test_instances_have_their_secrets(project: Project, age: Sealer) -> None:
    project.reconciler.env["LAB_TOKEN"] = "a token\n"
    (project.home / "password").write_text("a password\n")
    age.put(project.source, "secrets/cert.age", "a certificate\n")
    script = """\
ls -ln /run/secrets/TOKEN /etc/lab/cert | cut -c1-10
cat /run/secrets/TOKEN /etc/lab/cert
echo "$PASSWORD_OF_LAB; $DIRECT; ${PASSWORD-none}"
"""
    made = task(
        "show",
        script,
        profile="lab",
        constants={"PASSWORD": {"from": {"file": str(project.home / "password")}}},
        env={"DIRECT": {"from": {"env": "LAB_TOKEN"}}},
        secrets=[
            {"name": "TOKEN", "from": {"env": "LAB_TOKEN"}},
            {"name": "CERT", "from": {"age": "secrets/cert.age"}, "target": "/etc/lab/cert"},
        ],
        container={"user": "1234:2345", "security": {"readOnlyRoot": True}},
    )
    project.declare(PROFILE, made)
    project.apply("--wait")
    assert project.engine.logs(project.engine.name("show")).splitlines() == [
        *["-r--------"] * 2,
        "a token",
        "a certificate",
        "a password; a token; none",
    ]
    volumes = project.engine.volumes_of(project.engine.name("show"))
    assert len(volumes) == 2
    project.reconciler("destroy", "--yes").ends(0)
    left = project.engine.client.volumes()["Volumes"] or ()
    assert not {volume["Name"] for volume in left} & set(volumes), "they go with the container"


def test_what_cannot_be_read_is_a_trouble_that_passes(project: Project) -> None:
    place = project.home / "token"
    secret = {"name": "TOKEN", "from": {"file": str(place)}}
    project.declare(task("late", "cat /run/secrets/TOKEN", secrets=[secret]))
    running = project.run()
    said = f"secret TOKEN: the file {place} cannot be read: No such file or directory"
    eventually(lambda: said in project.reconciler("why", "late/0").said, "it is told", pause=0.3)
    place.write_text("at last")
    project.await_states("late", "Succeeded")
    assert project.engine.logs(project.engine.name("late")) == "at last"
    running.terminate()


def test_a_changed_secret_replaces_services_and_reruns_nothing(
    project: Project, age: Sealer
) -> None:
    secret = {"name": "CERT", "from": {"age": "secrets/cert.age"}}
    age.put(project.source, "secrets/cert.age", "old")
    project.declare(service("web", secrets=[secret]), task("once", "true", secrets=[secret]))
    first, second, third = (project.engine.name("web", attempt=number) for number in (1, 2, 3))
    told = [secret for action in project.plan()["actions"] for secret in action["secrets"] or ()]
    assert {secret["from"] for secret in told} == {"the encrypted file secrets/cert.age"}
    project.apply("--wait")
    assert project.planned() == []
    age.put(project.source, "secrets/cert.age", "new")
    assert ("stop", first) in project.planned()
    assert ("create", project.engine.name("once", attempt=2)) not in project.planned()
    running = project.run()
    project.engine.await_running(second)
    assert project.engine.file(second, "/run/secrets/CERT") == b"new"
    age.put(project.source, "secrets/cert.age", "newer")
    project.engine.await_running(third)
    assert project.engine.file(third, "/run/secrets/CERT") == b"newer"
    causes = [e["cause"]["reason"] for e in project.events() if e["kind"] == "stop"]
    assert causes == ["secret CERT changed"] * 2
    assert list(project.engine.ids("once")) == [project.engine.name("once")]
    running.terminate()
