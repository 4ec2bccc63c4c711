"""Published ports: where a service is reached is told, also while it is replaced."""

import urllib.request
from typing import Any

import pytest

from tests.cli.helpers import check
from tests.e2e.project import Json, Project, service
from tests.support.process import eventually

pytestmark = pytest.mark.docker
CHECK = {"command": "test -e /tmp/index.html", "interval": "200ms", "timeout": "2s", "retries": 2}


def web(text: str, **spec: Any) -> Json:  # noqa: ANN401
    """Return a service that tells a text, and which instance it is, to whoever asks for it."""
    script = f"echo {text} $INSTANCE_ID > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"
    container = {"network": "bridge", "ports": [{"container": 8080}], "health": CHECK}
    return service("web", script, container=container, **spec)


def told(project: Project) -> list[tuple[str, int]]:
    """Return where `status` says that the service is reached, by instance."""
    report = project.reconciler_json("status")
    check("status", report)
    (found,) = report["tasks"]
    ports = [one["ports"] for one in found["instances"]]
    assert all(p["container"] == 8080 and p["protocol"] == "tcp" for own in ports for p in own)
    return [(p["host"], p["port"]) for own in ports for p in own]


def said_at(host: str, port: int) -> str:
    with urllib.request.urlopen(f"http://{host}:{port}/", timeout=5) as answer:
        return str(answer.read().decode())


def test_where_a_service_is_reached(project: Project) -> None:
    project.declare(web("hello", instances=2))
    project.apply("--wait")
    found = told(project)
    assert [said_at(*one) for one in found] == ["hello 0\n", "hello 1\n"]
    host, port = found[1]
    assert host == "127.0.0.1"
    assert f"127.0.0.1:{port} -> 8080" in project.reconciler("status").ends(0).out
    assert str(port) in project.reconciler("describe", "web/1").ends(0).out
    project.reconciler("stop", "web/1").ends(0)
    assert told(project) == found[:1]


def test_while_it_is_replaced_one_by_one_some_instance_is_reached(project: Project) -> None:
    project.declare(web("old", instances=2))
    project.apply("--wait")  # ends when both are ready: others would be replaced without waiting
    running = project.run()
    project.declare(web("new", instances=2))
    seen: list[list[str]] = []

    def all_new() -> bool:
        seen.append([])
        for one in told(project):
            try:
                seen[-1].append(said_at(*one))
            except OSError:  # it went, or comes, just now
                continue
        return seen[-1] == ["new 0\n", "new 1\n"]

    eventually(all_new, "both to be replaced", within=60)
    assert all(seen), f"at no time neither: {seen}"
    running.terminate().ends(0)
