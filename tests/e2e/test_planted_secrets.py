"""Secrets that are planted in every way there is: nobody finds them where they do not belong."""

import base64
import json
import re
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from tests.e2e.project import Json, Project, task
from tests.support.age import Sealer
from tests.support.exposure import records, sampled, shown_in
from tests.support.process import Running, eventually
from tests.support.registry import PASSWORD, POSSIBLE, USER, free_port, push, serving
from tests.support.s3 import Keys, S3Server
from tests.support.terminal import Terminal

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not POSSIBLE, reason="needs Debian's docker-registry"),
]

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
    ("images", "ls", "--format", "json"),
    ("buckets",),
    ("buckets", "ls", "far", "--format", "json"),
    ("results", "batch", "--format", "json"),
)
# What verbs say, in one process: to begin one is the longest part of most of them.
SEVERAL = """\
import json, sys
from click.testing import CliRunner
from reconciler.cli.group import cli
done = [(words, CliRunner().invoke(cli, words)) for words in json.loads(sys.argv[1])]
print(json.dumps([(words, one.exit_code, one.output) for words, one in done]))
"""
PROFILE: Json = {
    "apiVersion": "reconciler/v1",
    "kind": "Profile",
    "metadata": {"name": "lab"},
    "spec": {
        "constants": {"PASSWORD": {"secret": True}, "REGISTRY": {"secret": True}},
        "container": {
            "image": {
                "registryAuth": {"username": USER, "password": "${REGISTRY}"},
            },
            "env": {"PASSWORD_OF_LAB": "${PASSWORD}"},
        },
    },
}


class Around(Struct, frozen=True):
    """What a project reaches that asks who it is: a registry with an image, and an S3 server."""

    image: str
    server: S3Server
    values: dict[str, str]

    @property
    def registry(self) -> str:
        return self.image.partition("/")[0]


def planted() -> dict[str, str]:
    """Return values as nobody else has them, with what has to be written differently in places.

    The registry's is the one that its server knows.
    """
    names = ("variable", "file", "sealed", "password", "signing")
    found = {name: f'{name}/{secrets.token_hex(9)}+ü"&' for name in names}
    return {**found, "access": f"access-{secrets.token_hex(9)}", "registry": PASSWORD}


@pytest.fixture
def around(project: Project, tmp_path: Path) -> Iterator[Around]:
    values, folder = planted(), tmp_path / "s3"
    folder.mkdir()
    server = S3Server(folder, Keys(values["access"], values["signing"]))
    with serving(tmp_path, free_port(), closed=True) as address, server:
        server.make("far")
        image = f"{address}/{project.name}/box:1"
        push(project.engine.client, image)
        yield Around(image, server, values)
        project.reconciler.close()
        project.engine.forget(address)


def plant(project: Project, age: Sealer, around: Around) -> None:
    """Declare tasks that have secrets in every way there is."""
    values, home, env = around.values, project.home, project.reconciler.env
    for name in ("variable", "access", "signing", "registry"):
        env[f"LAB_{name.upper()}"] = values[name]
    for name in ("file", "password", "registry"):
        (home / f"the-{name}").write_text(values[name])
    age.put(project.source, "secrets/sealed.age", values["sealed"])
    keys = "{accessKey: {env: LAB_ACCESS}, secretKey: {env: LAB_SIGNING}}"
    (home / "config.yaml").write_text(f"credentials: {{lab: {keys}}}\n")
    auth = base64.b64encode(f"{USER}:{values['registry']}".encode()).decode()
    for folder in ("docker", "person"):
        (home / folder).mkdir()
    (home / "docker" / "config.json").write_text(
        json.dumps({"auths": {around.registry: {"auth": auth}}})
    )
    env["RECONCILER_CONFIG"] = str(home / "config.yaml")
    env |= {"DOCKER_CONFIG": str(home / "docker"), "HOME": str(home / "person")}
    project.declare(PROFILE, *buckets(around), *tasks(project, around))


def buckets(around: Around) -> Iterator[Json]:
    """Yield a bucket that is there, and one that is away, both for who has the keys."""
    for name, endpoint in (("far", around.server.url), ("away", "http://127.0.0.1:9")):
        spec = {"url": f"s3://{name}", "endpoint": endpoint, "credentials": {"name": "lab"}}
        metadata = {"name": name}
        yield {
            "apiVersion": "reconciler/v1", "kind": "Bucket", "metadata": metadata, "spec": spec,
        }  # fmt: skip


def tasks(project: Project, around: Around) -> Iterator[Json]:
    """Yield work that is given secrets, and work whose data and images take them."""
    given: Json = {
        "profile": "lab",
        "constants": {
            "PASSWORD": {"from": {"file": str(project.home / "the-password")}},
            "REGISTRY": {"from": {"file": str(project.home / "the-registry")}},
        },
        "secrets": [
            {"name": "VARIABLE", "from": {"env": "LAB_VARIABLE"}},
            {"name": "FILE", "from": {"file": str(project.home / "the-file")}},
            {"name": "SEALED", "from": {"age": "secrets/sealed.age"}},
            {"name": "OPEN", "from": {"env": "LAB_VARIABLE"}, "as": "env"},
        ],
        "inputs": [{"bucket": "far", "prefix": "in/", "target": "/in"}],
    }
    script = "test -s /run/secrets/FILE && test -n $PASSWORD_OF_LAB && mkdir -p /job && "
    script += "cp -r /in /job/ && exec sleep 1"
    keep = {"bucket": "far", "prefix": "out/", "source": "/job"}
    yield task("batch", script, image=around.image, outputs=keep, **given)
    web = task("web", image=around.image, **given)
    web["spec"]["restart"] = "always"
    yield web
    yield task("fetch", inputs=[{"bucket": "away", "target": "/job"}])
    server, _, repository = around.image.rpartition(":")[0].partition("/")
    pulled = task("pulled", "true", constants={
        "DOCKER_SRV": server,
        "DOCKER_REPO": repository,
        "DOCKER_TAG": "1",
        "DOCKER_REGISTRY_LOGIN": USER,
        "DOCKER_REGISTRY_PASSWORD": {"from": {"env": "LAB_REGISTRY"}},
    })  # fmt: skip
    del pulled["spec"]["container"]["image"]
    yield pulled
    project.write("app/Dockerfile", f"FROM {around.image}\nRUN env > /env\n")
    yield task("built", "cat /env", container={"image": {"build": {"context": "app"}}})


def looked_at(project: Project, around: Around, metrics: str) -> Iterator[tuple[str, str]]:
    """Yield all that anybody can look at of a project, with its name."""
    command = [sys.executable, "-c", SEVERAL, json.dumps(LOOKS)]
    env = project.reconciler.variables
    done = subprocess.run(command, cwd=project.source, env=env, check=True, capture_output=True)
    for words, code, said in json.loads(done.stdout):
        assert code == 0, f"{words}: {said}"
        yield " ".join(words), said
    saved = project.home / "saved-plan"
    yield "plan --out", project.reconciler("plan", "--out", str(saved)).said + saved.read_text()
    yield "validate", project.plain("validate", str(project.source), "--format", "sarif").said
    for page in ("metrics", "healthz", "readyz"):
        yield page, _page(f"http://{metrics}/{page}")
    yield from inspected(project)
    for image in (around.image, *project.engine.images()):
        yield f"image {image}", project.engine.image(image)
    yield from records(project.state)
    yield from records(around.server.data)
    yield from records(project.home / "person")


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
        yield f"variables of {name}", "\n".join(variables or ())
        for volume in project.engine.volumes_of(name):
            yield f"volume of {name}", json.dumps(client.inspect_volume(volume))
    yield "list", json.dumps(project.engine.containers(), ensure_ascii=False)
    yield "volumes", json.dumps(project.engine.volumes())
    yield "networks", json.dumps(client.networks())


def free() -> str:
    return f"127.0.0.1:{free_port()}"


def applied_at_a_terminal(project: Project) -> str:
    """Return what people are shown by an `apply`, every call included."""
    command = [sys.executable, "-m", "reconciler", "apply", "--verbose"]
    with Terminal(command, project.source, project.reconciler.variables) as terminal:
        terminal.ends()
        return terminal.seen.decode()


def completed(running: Running) -> set[str]:
    """Return the tasks that have completed, by what a `run` has said: to ask is work for many."""
    return set(re.findall(r'"task": "(\w+)".*"event": "exit code 0"', running.err))


def test_planted_secrets_are_found_nowhere(project: Project, age: Sealer, around: Around) -> None:
    values, metrics = around.values, free()
    plant(project, age, around)
    logins = (project.home / "docker" / "config.json").read_text()
    (project.home / "object").write_text("an object")
    said = {"plan at first": project.reconciler("plan", "--format", "json").said}
    with sampled(apart="reconciler") as processes:
        put = project.reconciler("buckets", "put", str(project.home / "object"), "far/in/")
        said["put"] = put.ends(0).said
        running = project.run("--metrics-listen", metrics, "--verbose")
        eventually(lambda: completed(running) == {"batch", "pulled", "built"}, "batch to end")
        project.engine.await_running(project.engine.name("web"))
        running.says("bucket away", "nobody listens there")
        (project.home / "the-file").write_text(values["file"] + "!")  # and so anew
        project.engine.await_running(project.engine.name("web", attempt=2))
        found = {what: shown_in(values, text) for what, text in looked_at(project, around, metrics)}
        said["run"] = running.terminate().said
        (project.home / "the-file").write_text(values["file"])
        project.forget("fetch")  # which nothing brings to its end
        said["apply"] = applied_at_a_terminal(project)
    assert "web" in said["apply"]
    # Variables are what Docker shows to whoever may inspect; the others are never among them.
    for what in [what for what in found if what.startswith("variables of ")]:
        assert found.pop(what) <= {"password", "variable"}, what
    found |= {what: shown_in(values, text) for what, text in said.items()}
    found |= {what: shown_in(values, text) for what, text in records(project.state)}
    assert {what: names for what, names in found.items() if names} == {}
    assert (project.home / "docker" / "config.json").read_text() == logins
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
