"""Secrets on a real engine: instances have them, and nobody finds them anywhere else."""

import json
import secrets
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.project import Json, Project, service, task
from tests.support.age import Sealer, sealer
from tests.support.exposure import records, sampled, shown_in
from tests.support.process import eventually

pytestmark = pytest.mark.docker

LOOKS = (
    ("status",),
    ("status", "--format", "json"),
    ("events", "--format", "json"),
    ("nodes", "--format", "json"),
    ("history", "web", "--format", "json"),
    ("describe", "web"),
    ("describe", "batch/0", "--format", "json"),
    ("describe", "batch", "--format", "json"),
    ("why", "fetch/0"),
    ("why", "web/0", "--format", "json"),
    ("logs", "batch"),
    ("plan",),
    ("plan", "--format", "json"),
)
PROFILE: Json = {
    "apiVersion": "reconciler/v1",
    "kind": "Profile",
    "metadata": {"name": "lab"},
    "spec": {
        "constants": {"PASSWORD": {"secret": True}, "REGISTRY": {"secret": True}},
        "container": {
            "image": {
                "registryAuth": {"username": "ada", "password": "${REGISTRY}"},
            },
            "env": {"PASSWORD_OF_LAB": "${PASSWORD}"},
        },
    },
}


@pytest.fixture
def age(project: Project, tmp_path: Path) -> Sealer:
    identity = sealer(tmp_path / "identity")
    project.reconciler.env["RECONCILER_AGE_IDENTITIES"] = str(identity.file)
    return identity


def seal(project: Project, age: Sealer, path: str, value: str) -> None:
    """Put an encrypted file into the source, completely or not at all."""
    file = project.source / path
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    draft.write_bytes(age.seal(value.encode()))
    draft.replace(file)


def test_instances_have_their_secrets(project: Project, age: Sealer) -> None:
    project.reconciler.env["LAB_TOKEN"] = "a token\n"
    (project.home / "password").write_text("a password\n")
    seal(project, age, "secrets/cert.age", "a certificate\n")
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
    seal(project, age, "secrets/cert.age", "old")
    project.declare(service("web", secrets=[secret]), task("once", "true", secrets=[secret]))
    first, second, third = (project.engine.name("web", attempt=number) for number in (1, 2, 3))
    told = [secret for action in project.plan()["actions"] for secret in action["secrets"] or ()]
    assert {secret["from"] for secret in told} == {"the encrypted file secrets/cert.age"}
    project.apply("--wait")
    assert project.planned() == []
    seal(project, age, "secrets/cert.age", "new")
    assert ("stop", first) in project.planned()
    assert ("create", project.engine.name("once", attempt=2)) not in project.planned()
    running = project.run()
    project.engine.await_running(second)
    assert project.engine.file(second, "/run/secrets/CERT") == b"new"
    seal(project, age, "secrets/cert.age", "newer")
    project.engine.await_running(third)
    assert project.engine.file(third, "/run/secrets/CERT") == b"newer"
    causes = [e["cause"]["reason"] for e in project.events() if e["kind"] == "stop"]
    assert causes == ["secret CERT changed"] * 2
    assert list(project.engine.ids("once")) == [project.engine.name("once")]
    running.terminate()


# --- nobody finds them -------------------------------------------------------------------------


def planted() -> dict[str, str]:
    """Return values as nobody else has them, with what has to be written differently in places."""
    return {
        name: f'{name}/{secrets.token_hex(9)}+ü"&'
        for name in ("variable", "file", "sealed", "password", "registry", "access", "signing")
    }


def plant(project: Project, age: Sealer, values: Mapping[str, str]) -> None:
    """Declare a batch task and a service that have secrets in every way there is."""
    for name in ("variable", "access", "signing"):
        project.reconciler.env[f"LAB_{name.upper()}"] = values[name]
    for name in ("file", "password", "registry"):
        (project.home / name).write_text(values[name])
    seal(project, age, "secrets/sealed.age", values["sealed"])
    given: Json = {
        "profile": "lab",
        "constants": {
            "PASSWORD": {"from": {"file": str(project.home / "password")}},
            "REGISTRY": {"from": {"file": str(project.home / "registry")}},
        },
        "secrets": [
            {"name": "VARIABLE", "from": {"env": "LAB_VARIABLE"}},
            {"name": "FILE", "from": {"file": str(project.home / "file")}},
            {"name": "SEALED", "from": {"age": "secrets/sealed.age"}},
            {"name": "OPEN", "from": {"env": "LAB_VARIABLE"}, "as": "env"},
        ],
    }
    script = "test -s /run/secrets/FILE && test -n $PASSWORD_OF_LAB && exec sleep 1"
    batch, serving = task("batch", script, **given), task("web", **given)
    serving["spec"]["restart"] = "always"
    bucket: Json = {
        "apiVersion": "reconciler/v1",
        "kind": "Bucket",
        "metadata": {"name": "far"},
        "spec": {
            "url": "s3://far",
            "endpoint": "http://127.0.0.1:9",
            "credentials": {"name": "lab"},
        },
    }
    (project.home / "config.yaml").write_text(
        "credentials: {lab: {accessKey: {env: LAB_ACCESS}, secretKey: {env: LAB_SIGNING}}}\n"
    )
    project.reconciler.env["RECONCILER_CONFIG"] = str(project.home / "config.yaml")
    fetches = task("fetch", inputs=[{"bucket": "far", "target": "/job"}])
    project.declare(PROFILE, batch, serving, bucket, fetches)


def looked_at(project: Project, metrics: str) -> Iterator[tuple[str, str]]:
    """Yield all that anybody can look at of a project, with its name."""
    for words in LOOKS:
        yield " ".join(words), project.reconciler(*words).said
    yield "validate", project.plain("validate", str(project.source), "--format", "sarif").said
    for page in ("metrics", "healthz", "readyz"):
        yield page, _page(f"http://{metrics}/{page}")
    yield from inspected(project)
    yield from records(project.state)


def _page(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # http, of ours
            return str(answer.read().decode())
    except urllib.error.HTTPError as refused:
        return str(refused.read().decode())


def inspected(project: Project) -> Iterator[tuple[str, str]]:
    """Yield what the engine tells of the project; of a container all but its variables."""
    client = project.engine.client
    for name in project.engine.ids():
        found = client.inspect_container(name)
        variables = found["Config"].pop("Env")
        yield f"container {name}", json.dumps(found, ensure_ascii=False)
        yield f"variables of {name}", "\n".join(variables)
        for volume in project.engine.volumes_of(name):
            yield f"volume of {name}", json.dumps(client.inspect_volume(volume))
    yield "list", json.dumps(project.engine.containers(), ensure_ascii=False)
    yield "volumes", json.dumps(project.engine.volumes())
    yield "networks", json.dumps(client.networks())


def free() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_planted_secrets_are_found_nowhere(project: Project, age: Sealer) -> None:
    values, metrics = planted(), free()
    plant(project, age, values)
    before = project.reconciler("plan", "--format", "json").said
    with sampled(apart="reconciler") as processes:
        running = project.run("--metrics-listen", metrics, "--verbose")
        project.await_states("batch", "Succeeded")
        project.engine.await_running(project.engine.name("web"))
        refused = lambda: any(e["kind"] == "trouble" for e in project.events())  # noqa: E731
        eventually(refused, "the bucket is asked for, in vain", pause=0.3)
        (project.home / "file").write_text(values["file"] + "!")  # and so anew
        project.engine.await_running(project.engine.name("web", attempt=2))
        found = {what: shown_in(values, text) for what, text in looked_at(project, metrics)}
        done = running.terminate()
    # Variables are what Docker shows to whoever may inspect; the others are never among them.
    for what in [what for what in found if what.startswith("variables of ")]:
        assert found.pop(what) <= {"password", "variable"}, what
    found |= {"first plan": shown_in(values, before), "run": shown_in(values, done.said)}
    found |= {what: shown_in(values, text) for what, text in records(project.state)}
    assert {what: names for what, names in found.items() if names} == {}
    assert shown_in(values, "\n".join(processes.lines)) == set()
    assert shown_in(values, "\n".join(processes.environments["other"])) == set()
    inside = shown_in(values, "\n".join(processes.environments["inside"]))
    assert inside == {"password", "variable"}, "what programs were given, and nothing else"


def test_the_search_finds_what_is_there(project: Project) -> None:
    value = planted()["file"]
    project.declare(
        task(
            "open", f": '{value}'; echo '{value}'; sleep 2", env={"OPEN": value}, retry={"total": 0}
        )
    )
    metrics = free()
    with sampled(apart="reconciler") as processes:
        running = project.run("--metrics-listen", metrics)
        project.engine.await_running(project.engine.name("open"))
        project.await_states("open", "Succeeded")
        running.terminate()
    values = {"open": value}
    assert shown_in(values, "\n".join(processes.lines))
    assert shown_in(values, "\n".join(processes.environments["inside"]))
    seen = {what for what, text in (*inspected(project), *records(project.state))
            if shown_in(values, text)}  # fmt: skip
    name = project.engine.name("open")
    assert {f"container {name}", f"variables of {name}", "list"} <= seen
    assert any(what.endswith("unpacked") for what in seen), "logs and specs are on record"
    assert shown_in(values, project.reconciler("describe", "open", "--format", "json").said)
    assert shown_in(values, project.reconciler("logs", "open").said)
